#include "log.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace zigmund::http::inline v0 {
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

template <class Use>
void with_text_of(const std::exception_ptr& error, Use use) noexcept {
    if (error == nullptr) return;
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& known) {
        use(std::string_view{known.what()});
    } catch (...) {
        use(std::string_view{"an exception that is no std::exception"});
    }
}

constinit thread_local ExceptionSink* sink = nullptr;

}  // namespace

ExceptionSink::ExceptionSink(bool active) noexcept : outer_{sink} { sink = active ? this : nullptr; }
ExceptionSink::~ExceptionSink() { sink = outer_; }

void log_exception(const Request& request, std::string_view what, std::string_view where) noexcept {
    Line line;
    line.text("zigmund: ");
    line.foreign(request.method_text().substr(0, 32));
    line.text(" ");
    line.foreign(request.path().substr(0, 128));
    if (!request.id().empty()) {
        line.text(" (");
        line.foreign(request.id());
        line.text(")");
    }
    line.text(": ");
    line.text(where);
    line.text(": ");
    line.foreign(what);
    line.write();
}

void log_exception(const Request& request, const std::exception_ptr& error, std::string_view where) noexcept {
    if (sink != nullptr && error != nullptr) return sink->put(error);
    with_text_of(error, [&](std::string_view what) { log_exception(request, what, where); });
}

void log_exception(std::string_view where, const std::exception_ptr& error) noexcept {
    with_text_of(error, [&](std::string_view what) {
        Line line;
        line.text("zigmund: ");
        line.text(where);
        line.text(": ");
        line.foreign(what);
        line.write();
    });
}

}  // namespace zigmund::http::inline v0
