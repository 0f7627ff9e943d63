// The call sites that a trace names: which stacks were met, and what each is called in one line.
//
// They are named at the end, when a library may be gone, and another one in its place. What the frames belong to
// is noted when a stack is met first, without a lock of the dynamic linker's, which a thread may hold while it
// waits for what this one holds.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "spin_lock.hpp"
#include "stack_depot.hpp"
#include "trace_format.hpp"

namespace zigmund::alloc::inline v0::interpose {

/// A program or library as it was loaded once.
struct Module {
    std::uintptr_t begin = 0;
    std::array<char, 248> file{};  ///< its path, or the end of that; empty: the program
};

/// Modules that were met, up to a thousand. All zero: none. Threads: any.
class SeenModules {
  public:
    /// What the address belongs to now. Null: it is not known.
    [[nodiscard]] const Module* at(std::uintptr_t address) noexcept;

  private:
    detail::SpinLock lock_;
    std::size_t count_;
    std::array<Module, 1024> modules_;
};

/// A stack, and what its innermost frames belonged to when it was met first. Null: not known.
struct SeenStack {
    static constexpr std::size_t most_modules = 8;
    detail::StackId stack = 0;
    std::array<const Module*, most_modules> modules{};
};

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
            if (there != 0) continue;
            if (stacks_[place].compare_exchange_strong(there, stack)) return note_modules(place, stack);
            if (there == stack) return;
        }
    }
    template <class Visit>
    void for_each(Visit&& visit) const noexcept {
        for (std::size_t place = 0; place < places; ++place) {
            SeenStack seen{.stack = stacks_[place].load(), .modules = {}};
            if (seen.stack == 0) continue;
            for (std::size_t i = 0; i < seen.modules.size(); ++i)
                seen.modules[i] = modules_of_[place][i].load(std::memory_order_acquire);
            visit(seen);
        }
    }

  private:
    void note_modules(std::size_t place, detail::StackId stack) noexcept;

    static constexpr std::size_t places = 65536;
    std::array<std::atomic<detail::StackId>, places> stacks_;
    std::array<std::array<std::atomic<const Module*>, SeenStack::most_modules>, places> modules_of_;
    SeenModules modules_;
};

/// `load at cache.cpp:41 < start at main.cpp:7 < main at main.cpp:20`: up to three frames, innermost first. A
/// frame of a library that is gone: `? in libplugin.so+0x1129`.
class SiteName {
  public:
    explicit SiteName(const SeenStack& seen) noexcept;
    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

  private:
    void put(std::string_view words) noexcept {
        size_ += words.copy(text_.data() + size_, text_.size() - size_);
    }
    /// False: it has as many frames as are told.
    bool begin_frame() noexcept;
    void put_place(std::string_view module, std::uintptr_t offset) noexcept;
    void put_shown(std::span<const std::uintptr_t> frames) noexcept;

    std::array<char, replay::format::most_name> text_{};
    std::size_t size_ = 0;
    unsigned frames_ = 0;
};

}  // namespace zigmund::alloc::inline v0::interpose
