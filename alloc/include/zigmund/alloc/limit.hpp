// Limit: at most so many bytes at a time, over any resource.
//
//     Limit limit{heap(), {.limit = 1 << 20}};
//     std::pmr::string body{limit.allocator()};        // std::bad_alloc at the first byte over 1 MiB
//
// It counts the bytes that its users ask for, exactly: not the padding of whoever stands below. What does
// not fit is refused, as an error and without a call to the upstream; what the upstream refuses is not
// counted. A soft limit below the hard one tells somebody in time.
//
// Threads: one at a time (put Locked on top of it for more). Cost: a compare and an addition a verb, and the
// upstream's. Never: allocates on its own account, evicts, aborts.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

#include <cstddef>
#include <functional>
#include <limits>
#include <utility>

namespace zigmund::alloc::inline v0 {

class Limit;

/// Designated initialisers: `Limit limit{heap(), {.limit = 1 << 20}};`
struct LimitOptions {
    /// Bytes that may be live at a time.
    std::size_t limit = std::numeric_limits<std::size_t>::max();
    /// Live bytes that are still nothing to report.
    std::size_t soft_limit = std::numeric_limits<std::size_t>::max();
    /// Called after the verb that took the live bytes from not above the soft limit to above it; again only
    /// after they fell back to it. May use the Limit. It must not throw: its callers are noexcept.
    std::function<void(const Limit&)> on_soft_limit = {};
};

class ZIGMUND_EXPORT Limit final : public Resource {
  public:
    /// Limits what is taken from `upstream`, which must outlive it.
    explicit Limit(Allocator upstream, LimitOptions options) noexcept
        : upstream_{upstream}, options_{std::move(options)} {}

    /// The value to pass around. It must not outlive this.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

    /// Bytes that are live. O(1).
    [[nodiscard]] std::size_t bytes_used() const noexcept { return used_; }
    /// Bytes that may be live at a time.
    [[nodiscard]] std::size_t limit() const noexcept { return options_.limit; }
    /// Bytes that may still be asked for; 0 when more are live than a lowered limit allows. O(1).
    [[nodiscard]] std::size_t bytes_left() const noexcept {
        return options_.limit > used_ ? options_.limit - used_ : 0;
    }
    /// How often a verb was refused because of the limit (and not by the upstream).
    [[nodiscard]] std::size_t refusals() const noexcept { return refusals_; }

    /// Another limit from now on. One below bytes_used() takes nothing back and refuses all growth until
    /// enough was freed.
    void set_limit(std::size_t limit) noexcept { options_.limit = limit; }

  private:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;

    bool admits(std::size_t old_size, std::size_t new_size) noexcept;
    void count(std::size_t old_size, std::size_t new_size) noexcept;

    Allocator upstream_;
    LimitOptions options_;
    std::size_t used_ = 0;
    std::size_t refusals_ = 0;
};

}  // namespace zigmund::alloc::inline v0
