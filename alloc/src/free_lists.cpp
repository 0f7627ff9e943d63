#include <zigmund/alloc/detail/free_lists.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

#include "memory_checker.hpp"

namespace zigmund::alloc::inline v0::detail {
namespace {

// The links lie in memory that a checker must not let anybody touch.
template <class Block>
Block load(std::uintptr_t at, bool watched) noexcept {
    Block block;
    if (watched) memory_checker::reveal(reinterpret_cast<void*>(at), sizeof block);
    std::memcpy(&block, reinterpret_cast<const void*>(at), sizeof block);
    if (watched) memory_checker::hide(reinterpret_cast<void*>(at), sizeof block);
    return block;
}

template <class Block>
void store(std::uintptr_t at, const Block& block, bool watched) noexcept {
    if (watched) memory_checker::show(reinterpret_cast<void*>(at), sizeof block);
    std::memcpy(reinterpret_cast<void*>(at), &block, sizeof block);
    if (watched) memory_checker::hide(reinterpret_cast<void*>(at), sizeof block);
}

}  // namespace

std::size_t FreeLists::class_of(std::size_t size) noexcept {
    const auto power = static_cast<std::size_t>(std::bit_width(size / smallest | 1));
    return std::min(power, classes) - 1;
}

void FreeLists::set_head(std::size_t list, std::uintptr_t block) noexcept {
    heads_[list] = block;
    const std::uint32_t bit = std::uint32_t{1} << list;
    filled_ = block != 0 ? filled_ | bit : filled_ & ~bit;
}

void FreeLists::push(std::uintptr_t begin, std::size_t size, std::uint64_t serial, bool watched) noexcept {
    if (size < smallest) return;
    const std::size_t list = class_of(size);
    store(begin, Block{.older = heads_[list], .size = size, .serial = serial}, watched);
    set_head(list, begin);
}

std::uintptr_t FreeLists::pop(std::size_t size, std::size_t align, std::size_t most, std::uint64_t serial,
                              bool watched) noexcept {
    constexpr int tries = 4;  // in each list: a bound on the time, not on what could be found
    const std::size_t last = class_of(most);
    for (std::size_t list = class_of(size); list <= last; ++list) {
        if (filled_ >> list == 0) return 0;
        std::uintptr_t newer = 0;
        std::uintptr_t at = heads_[list];
        for (int i = 0; i < tries && at != 0; ++i) {
            const Block block = load<Block>(at, watched);
            if (block.serial < serial) break;
            const std::size_t padding = (0 - at) & (align - 1);
            if (block.size <= most && padding <= block.size && size <= block.size - padding) {
                if (newer == 0) {
                    set_head(list, block.older);
                } else {
                    auto link = load<Block>(newer, watched);
                    link.older = block.older;
                    store(newer, link, watched);
                }
                push(at, padding, serial, watched);
                push(at + padding + size, block.size - padding - size, serial, watched);
                return at + padding;
            }
            newer = at;
            at = block.older;
        }
    }
    return 0;
}

void FreeLists::drop(std::uint64_t serial, bool watched) noexcept {
    for (std::size_t list = 0; filled_ >> list != 0 && list < classes; ++list) {
        while (heads_[list] != 0) {
            const Block block = load<Block>(heads_[list], watched);
            if (block.serial < serial) break;
            set_head(list, block.older);
        }
    }
}

}  // namespace zigmund::alloc::inline v0::detail
