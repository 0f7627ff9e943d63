// Savepoint and ArenaScope: an arena goes back to where it was.
//
//     {
//         ArenaScope scope{arena};                // or: Savepoint here = arena.savepoint();
//         ... arena.allocate(...) ...             //
//     }                                           //     arena.rewind(here);
//
// A rewind frees every block made since, runs the destructors registered since, and keeps one chunk for
// what comes next. While a savepoint is open it is a floor: a block made before it is neither taken back nor
// grown in place, so that nothing made before can lie in what a rewind frees. Savepoints nest; the innermost
// is closed first.
//
// Misuse ends the program (abort), in every build, with one of these lines on stderr:
//
//     zigmund: Arena: this savepoint belongs to another arena
//     zigmund: Arena: a savepoint taken after this one is still open
//     zigmund: Arena: this savepoint was closed already
//     zigmund: Arena: reset or destroyed while a savepoint is open
//
// Threads: those of the arena, one at a time. Cost: a few words copied, no memory. Never: allocates.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <cstddef>
#include <cstdint>

namespace zigmund::alloc::inline v0 {

class ArenaBase;

namespace detail {

/// The head of a block of memory from the upstream, or of an arena's initial buffer.
struct Chunk {
    Chunk* older;
    std::uintptr_t begin;   ///< of the memory for blocks
    std::uintptr_t end;     ///< of the memory that the upstream gave
    std::uintptr_t cursor;  ///< the first byte that is not in use, once the window has left
};

/// The part of the newest chunk that allocations are cut from, as addresses.
struct Window {
    std::uintptr_t cursor;  ///< the first free byte
    std::uintptr_t limit;   ///< a multiple of 16, not below the cursor
    std::uintptr_t floor;   ///< blocks that begin below it are neither taken back nor grown
    std::uintptr_t begin;   ///< of the chunk
    std::uintptr_t top;     ///< where the cursor was at most since the peak was noted, if it came back
};

/// Stands before each object whose destructor the arena runs.
struct Cleanup {
    Cleanup* older;
    void (*run)(Cleanup*) noexcept;
};

}  // namespace detail

/// A point in an arena's life, taken by Arena::savepoint() and closed once, by rewind() or release(). A
/// value: who copies it still has one savepoint.
class Savepoint {
  private:
    friend class ArenaBase;
    Savepoint() = default;

    const ArenaBase* arena_;
    std::uint64_t serial_;     ///< no two savepoints of an arena share it
    std::uint64_t enclosing_;  ///< the serial of the one around it; 0: none
    std::size_t depth_;        ///< how many were open with it
    detail::Window window_;
    detail::Chunk* chunks_;
    detail::Chunk* bigs_;
    detail::Chunk* bigs_floor_;
    detail::Chunk* floor_chunk_;
    std::uintptr_t floor_;
    detail::Cleanup* cleanups_;
    std::size_t closed_;
};

/// Takes a savepoint, and rewinds to it when it goes out of scope.
class ZIGMUND_EXPORT [[nodiscard]] ArenaScope {
  public:
    /// Takes a savepoint of `arena`, which must outlive this. O(1).
    explicit ArenaScope(ArenaBase& arena) noexcept;
    ArenaScope(const ArenaScope&) = delete;
    ArenaScope& operator=(const ArenaScope&) = delete;
    /// Frees what was allocated since. O(chunks and destructors since).
    ~ArenaScope();

  private:
    ArenaBase& arena_;
    Savepoint savepoint_;
};

}  // namespace zigmund::alloc::inline v0
