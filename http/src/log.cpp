#include "log.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace zigmund::http {
namespace {

/// One line, cut where the buffer ends, so that it leaves with one write and never mixes with another's.
class Line {
  public:
    void text(std::string_view text) noexcept {
        for (const char c : text) put(c);
    }
    void foreign(std::string_view text) noexcept {
        constexpr std::string_view digits = "0123456789abcdef";
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte >= 0x20 && byte < 0x7f && c != '\\') {
                put(c);
            } else {
                this->text("\\x");
                put(digits[byte >> 4]);
                put(digits[byte & 15]);
            }
        }
    }
    void write() noexcept {
        buffer_[size_++] = '\n';
        [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, buffer_.data(), size_);
    }

  private:
    void put(char c) noexcept {
        if (size_ + 1 < buffer_.size()) buffer_[size_++] = c;
    }

    std::array<char, 1024> buffer_;
    std::size_t size_ = 0;
};

}  // namespace

void log_exception(const Request& request, std::string_view what) noexcept {
    Line line;
    line.text("zigmund: ");
    line.foreign(request.method_text().substr(0, 32));
    line.text(" ");
    line.foreign(request.path().substr(0, 128));
    line.text(": unhandled exception: ");
    line.foreign(what);
    line.write();
}

}  // namespace zigmund::http
