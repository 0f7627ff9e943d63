// The call sites that a trace names: which stacks were met, and what each is called in one line.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

#include "stack_depot.hpp"
#include "trace_format.hpp"

namespace zigmund::alloc::inline v0::interpose {

/// Stacks that were met, up to some ten thousand; those beyond have no name. All zero: none. Threads: any.
class SeenStacks {
  public:
    /// 0 is no stack. O(1).
    void add(detail::StackId stack) noexcept {
        if (stack == 0) return;
        constexpr std::size_t tries = 64;
        std::size_t place = (stack * 0x9e3779b1U) >> 16;
        for (std::size_t i = 0; i < tries; ++i, place = (place + 1) % places) {
            detail::StackId there = stacks_[place].load(std::memory_order_relaxed);
            if (there == stack) return;
            if (there == 0 && (stacks_[place].compare_exchange_strong(there, stack) || there == stack))
                return;
        }
    }
    template <class Visit>
    void for_each(Visit&& visit) const noexcept {
        for (const auto& stack : stacks_)
            if (const detail::StackId id = stack.load(); id != 0) visit(id);
    }

  private:
    static constexpr std::size_t places = 65536;
    std::array<std::atomic<detail::StackId>, places> stacks_;
};

/// `load at cache.cpp:41 < start at main.cpp:7 < main at main.cpp:20`: up to three frames, innermost first.
class SiteName {
  public:
    explicit SiteName(detail::StackId stack) noexcept;
    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

  private:
    void put(std::string_view words) noexcept {
        size_ += words.copy(text_.data() + size_, text_.size() - size_);
    }

    std::array<char, replay::format::most_name> text_{};
    std::size_t size_ = 0;
};

}  // namespace zigmund::alloc::inline v0::interpose
