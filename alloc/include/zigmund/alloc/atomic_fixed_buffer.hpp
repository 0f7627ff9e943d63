// AtomicFixedBuffer: a FixedBuffer that several threads use at the same time, without a lock.
//
// The cursor moves by compare-and-swap. The newest block, whoever holds it, grows and is freed in place;
// the bytes of another one that is freed stay unused until reset(). That is less than FixedBuffer gives back,
// which also counts blocks: a count and a cursor do not change as one.
//
// Threads: any, at the same time, and a block may be freed by another thread than the one that made it; but
// reset() only while nobody else uses the buffer. Cost: one atomic read-modify-write a verb, repeated while
// others win. Never: waits, takes memory from anywhere else, writes into the buffer on its own account.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

#include <atomic>
#include <cstddef>
#include <span>

namespace zigmund::alloc::inline v0 {

class ZIGMUND_EXPORT AtomicFixedBuffer final : public Resource {
  public:
    /// Hands out `buffer`, which must outlive every block, to the last byte. It may have any alignment.
    explicit AtomicFixedBuffer(std::span<std::byte> buffer) noexcept
        // Without a buffer there are blocks of size 0 all the same, which need an address.
        : buffer_{buffer.data() != nullptr ? buffer.data() : reinterpret_cast<std::byte*>(this),
                  buffer.size()} {}

    /// The value to pass around. It must not outlive this.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

    /// Frees every block. No other thread may be in a verb, nor touch a block. O(1).
    void reset() noexcept { used_.store(0, std::memory_order_relaxed); }

    /// Bytes up to the end of the newest block, padding and blocks freed in vain included; while others
    /// allocate, already outdated. O(1).
    [[nodiscard]] std::size_t bytes_used() const noexcept { return used_.load(std::memory_order_relaxed); }
    /// Bytes of the buffer.
    [[nodiscard]] std::size_t capacity() const noexcept { return buffer_.size(); }

  private:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;

    [[nodiscard]] std::size_t offset(const void* p) const noexcept {
        return static_cast<std::size_t>(static_cast<const std::byte*>(p) - buffer_.data());
    }

    std::span<std::byte> buffer_;
    std::atomic<std::size_t> used_ = 0;
};

}  // namespace zigmund::alloc::inline v0
