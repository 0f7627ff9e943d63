// What the arenas are measured against: the least that a bump allocator can do.
//
// One block of memory, aligned sums and one compare; no growth, no error but null. Its state is reached
// through a reference, like any allocator's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <new>
#include <vector>

namespace bench {

inline constexpr std::size_t block_of_memory = std::size_t{4} << 20;

class RawBump {
  public:
    explicit RawBump(std::size_t size = block_of_memory)
        : memory_(size),
          begin_{reinterpret_cast<std::uintptr_t>(memory_.data())},
          cursor_{begin_},
          end_{begin_ + size} {}

    void* allocate(std::size_t size, std::size_t align) {
        const std::uintptr_t block = (cursor_ + (align - 1)) & ~(std::uintptr_t{align} - 1);
        if (block + size > end_) [[unlikely]]
            return nullptr;
        cursor_ = block + size;
        return reinterpret_cast<void*>(block);
    }
    void reset() { cursor_ = begin_; }

  private:
    std::vector<std::byte> memory_;
    std::uintptr_t begin_;
    std::uintptr_t cursor_;
    std::uintptr_t end_;
};

/// The same behind a virtual call.
class RawBumpResource final : public std::pmr::memory_resource {
  public:
    void reset() { bump_.reset(); }

  private:
    void* do_allocate(std::size_t size, std::size_t align) override {
        void* p = bump_.allocate(size, align);
        if (p == nullptr) [[unlikely]]
            throw std::bad_alloc{};
        return p;
    }
    void do_deallocate(void*, std::size_t, std::size_t) override {}
    [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }

    RawBump bump_;
};

}  // namespace bench
