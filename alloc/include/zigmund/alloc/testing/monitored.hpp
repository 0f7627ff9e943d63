// Monitored: what does this piece of code allocate?
//
//     Monitored memory{heap()};
//     Cache cache{memory.allocator()};
//     {
//         const auto scope = memory.no_alloc_scope();      // the first allocation in here is reported, with
//         its cache.find("key");                               // stack, and ends the program
//     }
//     {
//         const auto scope = memory.expect_allocations(2); // checked at the end of the scope
//         cache.insert("key", "value");
//     }
//     const Monitor since = memory.monitor();              // live, peak and total, from here on
//     cache.clear();
//     assert(since.live_blocks() == -2);
//
// What goes through the Monitored is seen, and nothing else. Threads: one at a time. Cost: a few counters a
// call, and a step for each Monitor that lives. Never: allocates, keeps memory, changes a size.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/heap.hpp>

#include <cstddef>
#include <source_location>
#include <string_view>

namespace zigmund::alloc::inline v0::testing {

class Monitored;

/// Gets the whole message, lines that end with '\n', when a scope was violated. When it returns, the program
/// goes on and the allocation is made.
using ViolationHandler = void (*)(std::string_view message);

/// What happened in a Monitored since a point: that at which this was made. It must not outlive the
/// Monitored.
class ZIGMUND_EXPORT Monitor {
  public:
    /// The point is now.
    explicit Monitor(Monitored& monitored) noexcept;
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;
    /// Ends the watch; what it said holds no longer.
    ~Monitor();

    /// Allocations that succeeded since.
    [[nodiscard]] std::size_t allocations() const noexcept;
    /// Blocks given back since.
    [[nodiscard]] std::size_t deallocations() const noexcept;
    /// Bytes handed out since, those by which blocks grew included.
    [[nodiscard]] std::size_t allocated_bytes() const noexcept;
    /// By how much the live blocks and bytes changed: negative when more was freed than allocated.
    [[nodiscard]] std::ptrdiff_t live_blocks() const noexcept;
    [[nodiscard]] std::ptrdiff_t live_bytes() const noexcept;
    /// The most by which the live bytes ever exceeded those at the point; 0: they never did.
    [[nodiscard]] std::size_t peak_bytes() const noexcept;

  private:
    friend class Monitored;

    Monitored& monitored_;
    Monitor* next_;
    std::size_t allocations_;
    std::size_t deallocations_;
    std::size_t allocated_bytes_;
    std::size_t live_blocks_;
    std::size_t live_bytes_;
    std::size_t highest_;
};

class ZIGMUND_EXPORT Monitored final : public Resource {
  public:
    /// Watches what is taken from `upstream`, which must outlive it. Without a handler, a violation is
    /// written to standard error and the program aborts.
    explicit Monitored(Allocator upstream = heap(), ViolationHandler on_violation = nullptr) noexcept
        : upstream_{upstream}, on_violation_{on_violation} {}

    /// The value to pass around. It must not outlive this.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

    /// Counts from here on. O(1), and a step for each call while it lives.
    [[nodiscard]] Monitor monitor() noexcept { return Monitor{*this}; }

    /// While it lives, an allocation, and a block that grows, is a violation:
    /// `zigmund: allocation of 64 bytes (alignment 8) inside the no_alloc_scope of cache.cpp:41, at`
    /// and the stack. Scopes may nest; the innermost is named.
    class [[nodiscard]] NoAllocScope {
      public:
        /// Use no_alloc_scope().
        NoAllocScope(Monitored& monitored, std::source_location where) noexcept;
        NoAllocScope(const NoAllocScope&) = delete;
        NoAllocScope& operator=(const NoAllocScope&) = delete;
        ~NoAllocScope();

      private:
        friend class Monitored;
        Monitored& monitored_;
        NoAllocScope* outer_;
        std::source_location where_;
    };
    /// From now until it dies, an allocation is a violation: see NoAllocScope.
    NoAllocScope no_alloc_scope(std::source_location where = std::source_location::current()) noexcept {
        return {*this, where};
    }

    /// When it dies, another number of allocations than `count` since it was made is a violation:
    /// `zigmund: 3 allocations in the scope of cache.cpp:45, where 2 were expected`.
    class [[nodiscard]] ExpectAllocations {
      public:
        /// Use expect_allocations().
        ExpectAllocations(Monitored& monitored, std::size_t count, std::source_location where) noexcept
            : monitor_{monitored}, count_{count}, where_{where} {}
        ExpectAllocations(const ExpectAllocations&) = delete;
        ExpectAllocations& operator=(const ExpectAllocations&) = delete;
        ~ExpectAllocations();

      private:
        Monitor monitor_;
        std::size_t count_;
        std::source_location where_;
    };
    /// From now until it dies: see ExpectAllocations.
    ExpectAllocations expect_allocations(
        std::size_t count, std::source_location where = std::source_location::current()) noexcept {
        return {*this, count, where};
    }

  private:
    friend class Monitor;

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void* do_allocate(std::size_t size, std::size_t align) override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;

    void* allocate_from(const void* frame, std::size_t size, std::size_t align) noexcept;
    void count_resize(std::size_t old_size, std::size_t new_size) noexcept;
    void note_live_bytes() noexcept;
    void check_growth(const void* frame, std::size_t old_size, std::size_t new_size,
                      std::size_t align) noexcept;
    [[gnu::cold]] void violation_in_scope(const void* frame, std::string_view what) const noexcept;
    [[gnu::cold]] void violation(std::string_view message) const noexcept;

    Allocator upstream_;
    ViolationHandler on_violation_;
    Monitor* monitors_ = nullptr;
    NoAllocScope* scope_ = nullptr;
    std::size_t allocations_ = 0;
    std::size_t deallocations_ = 0;
    std::size_t allocated_bytes_ = 0;
    std::size_t live_blocks_ = 0;
    std::size_t live_bytes_ = 0;
};

}  // namespace zigmund::alloc::inline v0::testing
