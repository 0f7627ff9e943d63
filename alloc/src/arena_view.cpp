#include <zigmund/alloc/arena.hpp>

#include <functional>

namespace zigmund::alloc::inline v0 {

ArenaChunk ArenaBase::view(const Chunk* chunk) const noexcept {
    // The cursor of the chunk that the window lies on is the window's.
    const std::uintptr_t cursor = chunk == chunks_ && in_window() ? real().cursor : chunk->cursor;
    return {.used = {reinterpret_cast<const std::byte*>(chunk->begin), cursor - chunk->begin},
            .capacity = chunk->end - chunk->begin};
}

std::size_t ArenaBase::bytes_wasted() const noexcept {
    std::size_t bytes = 0;
    for (const Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->older)
        if (chunk != chunks_ || !in_window()) bytes += chunk->end - chunk->cursor;
    return bytes;
}

std::size_t ArenaBase::chunk_count() const noexcept {
    std::size_t count = 0;
    for_each_chunk([&](const ArenaChunk&) { ++count; });
    return count;
}

bool ArenaBase::owns(const void* p) const noexcept {
    const auto* byte = static_cast<const std::byte*>(p);
    bool found = false;
    for_each_chunk([&](const ArenaChunk& chunk) {
        const std::less<> before;
        found = found ||
                (!before(byte, chunk.used.data()) && before(byte, chunk.used.data() + chunk.used.size()));
    });
    return found;
}

}  // namespace zigmund::alloc::inline v0
