// OutputBatch: answers to pipelined requests, gathered to leave in one call.
//
// A worker has one. It is filled and sent while one connection is served, and is empty between two.
//
// Threads: its worker's. Cost: one copy of what is gathered, which is less than a call of the system's for
// each.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "wire_response.hpp"

namespace zigmund::http::inline v0 {

class OutputBatch {
  public:
    /// The first answer does not wait for more than so many others.
    static constexpr std::size_t max_count = 64;

    /// Takes a copy of the response, or, if it does not fit, takes nothing and returns false.
    [[nodiscard]] bool append(const WireResponse& response) noexcept {
        if (count_ == max_count || response.head.size() > space_.size() - size_ ||
            response.body.size() > space_.size() - size_ - response.head.size())
            return false;
        append(response.head);
        append(response.body);
        ++count_;
        return true;
    }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// All that was gathered, which is then no longer in here; until the next append().
    [[nodiscard]] std::string_view take() noexcept {
        const std::string_view gathered{space_.data(), size_};
        size_ = count_ = 0;
        return gathered;
    }

  private:
    void append(std::string_view text) noexcept {
        if (!text.empty()) std::memcpy(space_.data() + size_, text.data(), text.size());
        size_ += text.size();
    }

    std::array<char, std::size_t{16} << 10> space_;
    std::size_t size_ = 0;
    std::size_t count_ = 0;
};

}  // namespace zigmund::http::inline v0
