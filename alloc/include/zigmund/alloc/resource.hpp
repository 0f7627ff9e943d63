// Resource: the interface that every allocator of the toolkit implements.
//
// It is a `std::pmr::memory_resource`, so each of ours goes straight into every pmr container, and it
// adds what pmr lacks: an allocation that reports failure without throwing, growth in place as a
// question, and growth that may move without a copy by the caller.
//
// A block is named by its address, its size and its alignment. Whoever holds a block passes back exactly
// the size and alignment it has now; debugging allocators check both.
//
// In a build without exceptions, what would throw writes why to standard error (`zigmund: out of memory`) and
// aborts; the verbs that are noexcept do what they always do. Whether there is RTTI must be the same in the
// library and in what derives from its classes.
//
// Threads: as the implementing class says. Cost: one virtual call a verb; classes that are `final` and
// used directly (`Arena`) offer the same verbs inline. Never: hidden allocation, exceptions from a verb
// that is marked noexcept.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <bit>
#include <cassert>
#include <cstddef>
#include <memory_resource>

namespace zigmund::alloc::inline v0 {

/// The alignment of a block when none is asked for: that of malloc, 16 bytes.
inline constexpr std::size_t default_align = alignof(std::max_align_t);

class ZIGMUND_EXPORT Resource : public std::pmr::memory_resource {
  public:
    Resource(const Resource&) = delete;
    Resource& operator=(const Resource&) = delete;

    /// Memory of `size` bytes aligned to `align` (a power of two), or null when there is none.
    /// A size of 0 is allowed and returns a pointer that may be shared with other blocks of size 0; it is
    /// given back like any other. The content is indeterminate. The throwing twin is
    /// `allocate(size, align)`, inherited from `std::pmr::memory_resource`.
    [[nodiscard]] void* try_allocate(std::size_t size, std::size_t align = default_align) noexcept {
        assert(std::has_single_bit(align));
        return do_try_allocate(size, align);
    }

    /// Gives the block at `p` the size `new_size` without moving it. True: done, the bytes up to the
    /// smaller of both sizes are unchanged. False: it would have to move, and nothing has changed; a
    /// smaller size may be refused as well.
    [[nodiscard]] bool resize(void* p, std::size_t old_size, std::size_t align,
                              std::size_t new_size) noexcept {
        assert(std::has_single_bit(align));
        return do_resize(p, old_size, align, new_size);
    }

    /// Gives the block the size `new_size`, moving it where that is cheaper than what the caller could do
    /// (page tables instead of bytes). Returns its address, at which the bytes up to the smaller of both
    /// sizes are unchanged; the old address is dead if it differs. Null: nothing has changed, and moving
    /// would amount to allocate, copy and free, which the caller, who knows what is worth copying, does.
    [[nodiscard]] void* remap(void* p, std::size_t old_size, std::size_t align,
                              std::size_t new_size) noexcept {
        assert(std::has_single_bit(align));
        return do_remap(p, old_size, align, new_size);
    }

    /// Gives the block back. Size and alignment are those that it has now.
    void deallocate(void* p, std::size_t size, std::size_t align = default_align) noexcept {
        assert(std::has_single_bit(align));
        do_deallocate(p, size, align);
    }

  protected:
    Resource() = default;

    /// What try_allocate() and deallocate() do. `align` is a power of two.
    virtual void* do_try_allocate(std::size_t size, std::size_t align) noexcept = 0;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override = 0;

    /// Default: only the size it has.
    virtual bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept;
    /// Default: what resize can do.
    virtual void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept;

    /// The throwing twin, for pmr containers: `std::bad_alloc` where try_allocate returns null.
    void* do_allocate(std::size_t size, std::size_t align) override;
    /// Default: blocks of one resource go back to that resource.
    [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override;
};

namespace detail {
/// Throws `std::bad_alloc`; without exceptions, prints "zigmund: out of memory" and aborts.
ZIGMUND_EXPORT [[noreturn, gnu::cold]] void throw_bad_alloc();
}  // namespace detail

}  // namespace zigmund::alloc::inline v0
