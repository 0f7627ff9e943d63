// One replay of a trace on one kind of memory.
#pragma once

#include <zigmund/alloc/allocator.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "trace.hpp"

namespace zigmund::replay {

/// What is written of a block that was allocated, as a program does that uses it.
enum class Touch : std::uint8_t {
    none,
    ends,   ///< its first and its last byte
    lines,  ///< a byte of each cache line of its first page, and a byte of each page behind
};

struct Block {
    std::byte* p;
    std::size_t size;
};

/// Writes to [from, size) of a block.
inline void touch(std::byte* p, std::size_t from, std::size_t size, Touch how) noexcept {
    constexpr std::size_t line = 64;
    constexpr std::size_t page = 4096;
    if (how == Touch::none || from >= size) return;
    auto* const bytes = static_cast<volatile std::byte*>(p);
    bytes[size - 1] = std::byte{1};
    bytes[from] = std::byte{1};
    if (how == Touch::ends) return;
    std::size_t at = from;
    for (; at < size && at < page; at += line) bytes[at] = std::byte{1};
    for (; at < size; at += page) bytes[at] = std::byte{1};
}

/// Repeats the trace. `blocks` has room for the trace's slots. `look(i)` is called before each operation.
/// Memory has allocate(size, align), free(p, size, align), resize(p, size, align, new_size), which moves what
/// has to be moved, and, if it wants to know, at(i). Null is a refusal: what follows on that block is left
/// out. Returns how many there were.
template <class Memory, class Look>
std::uint64_t run(const Trace& trace, Memory& memory, std::span<Block> blocks, Touch how, Look&& look) {
    std::uint64_t refused = 0;
    std::uint64_t i = 0;
    for (const Operation& operation : trace.operations()) {
        look(i);
        if constexpr (requires { memory.at(i); }) memory.at(i);
        ++i;
        Block& block = blocks[operation.slot];
        switch (operation.verb) {
            case Verb::allocate:
                block = {static_cast<std::byte*>(memory.allocate(operation.size, operation.align())),
                         operation.size};
                if (block.p == nullptr) {
                    ++refused;
                } else {
                    touch(block.p, 0, block.size, how);
                }
                break;
            case Verb::free:
                if (block.p != nullptr) memory.free(block.p, block.size, operation.align());
                break;
            case Verb::resize:
                if (block.p == nullptr) break;
                if (void* const p = memory.resize(block.p, block.size, operation.align(), operation.size)) {
                    block.p = static_cast<std::byte*>(p);
                    touch(block.p, block.size, operation.size, how);
                    block.size = operation.size;
                } else {
                    ++refused;
                }
                break;
        }
    }
    return refused;
}

}  // namespace zigmund::replay
