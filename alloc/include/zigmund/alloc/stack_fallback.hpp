// StackFallback<N>: the first N bytes inside the object, usually on the stack, and an upstream after.
//
//     StackFallback<1024> memory;                       // falls back to heap()
//     std::pmr::string path{memory.allocator()};        // touches the heap from byte 1025 on
//
// For functions whose work mostly fits a buffer. Which of both a block came from is told by its address. The
// buffer is a FixedBuffer: its newest block grows and is freed in place, and when its last block is freed all
// of it is free again.
//
// Threads: one at a time. Cost: that of FixedBuffer while it fits; after, one failed attempt and the
// upstream's. Never: moves, neither itself nor a block from the one to the other (remap refuses, and the
// caller copies).
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/fixed_buffer.hpp>
#include <zigmund/alloc/heap.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace zigmund::alloc::inline v0 {

template <std::size_t N>
class StackFallback final : public Resource {
    static_assert(N != 0, "zigmund: StackFallback<N> needs N bytes of its own, at least 1");

  public:
    /// Empty. `upstream` serves what does not fit and must outlive this.
    explicit StackFallback(Allocator upstream = heap()) noexcept : upstream_{upstream} {}

    /// The value to pass around. It must not outlive this.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

    // ---- the verbs of Resource, inline: see there for their contracts ----

    /// Null when it fits neither the buffer nor the upstream. O(1) in the buffer.
    [[nodiscard]] void* try_allocate(std::size_t size, std::size_t align = default_align) noexcept {
        void* const block = buffer_.try_allocate(size, align);
        if (block != nullptr) [[likely]]
            return block;
        return upstream_.try_allocate(size, align);
    }

    /// try_allocate() that throws std::bad_alloc (or what the upstream throws) instead of returning null.
    [[nodiscard]] void* allocate(std::size_t size, std::size_t align = default_align) {
        void* const block = buffer_.try_allocate(size, align);
        if (block != nullptr) [[likely]]
            return block;
        return upstream_.allocate(size, align);
    }

    /// As whoever holds the block does. O(1) in the buffer.
    [[nodiscard]] bool resize(void* p, std::size_t old_size, std::size_t align,
                              std::size_t new_size) noexcept {
        return in_buffer(p) ? buffer_.resize(p, old_size, align, new_size)
                            : upstream_.resize(p, old_size, align, new_size);
    }

    /// As whoever holds the block does; null when a block of the buffer would have to move.
    [[nodiscard]] void* remap(void* p, std::size_t old_size, std::size_t align,
                              std::size_t new_size) noexcept {
        return in_buffer(p) ? buffer_.remap(p, old_size, align, new_size)
                            : upstream_.remap(p, old_size, align, new_size);
    }

    /// O(1) in the buffer.
    void deallocate(void* p, std::size_t size, std::size_t align = default_align) noexcept {
        if (in_buffer(p)) [[likely]]
            return buffer_.deallocate(p, size, align);
        upstream_.deallocate(p, size, align);
    }

    /// Whether `p`, a block of this, lies in the buffer. O(1).
    [[nodiscard]] bool in_buffer(const void* p) const noexcept {
        return reinterpret_cast<std::uintptr_t>(p) - reinterpret_cast<std::uintptr_t>(memory_) <= N;
    }
    /// Of the buffer's N bytes, those up to the end of its newest block. O(1).
    [[nodiscard]] std::size_t bytes_used() const noexcept { return buffer_.bytes_used(); }

  private:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        return try_allocate(size, align);
    }
    void* do_allocate(std::size_t size, std::size_t align) override { return allocate(size, align); }
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        deallocate(p, size, align);
    }
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        return resize(p, old_size, align, new_size);
    }
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        return remap(p, old_size, align, new_size);
    }

    // A member follows the memory, so that no block of the upstream can begin at the memory's end, where an
    // empty block of the buffer may be.
    alignas(default_align) std::byte memory_[N];
    FixedBuffer buffer_{memory_};
    Allocator upstream_;
};

}  // namespace zigmund::alloc::inline v0
