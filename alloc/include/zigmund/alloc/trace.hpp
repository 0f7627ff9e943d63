// Trace: what one resource was asked for, repeated on another.
//
//     std::string text;                                                        // run it once ...
//     Logging logged{heap(), [&](std::string_view line) { text += line; }};
//     ...
//     const std::expected<Trace, TraceError> trace = Trace::parse(text);       // ... and again, elsewhere
//     const Replay replay = trace->replay(arena);
//
// For benchmarks of allocators on a program's own workload, and for repeating a failure. The form of the text
// is Logging's; empty lines and those that begin with `#` are skipped. Parsing resolves the addresses, so
// that a replay does nothing but the operations.
//
// Threads: a Trace may be replayed by several at a time, each on a resource of its own. Cost: an operation
// is 32 bytes. Its own memory is the global heap's.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

namespace zigmund::alloc::inline v0 {

/// The first line of a text that is no trace.
struct TraceError {
    std::size_t line;         ///< from 1
    std::string_view reason;  ///< one of the texts at Trace::parse(); static storage
};

/// What came of a replay.
struct Replay {
    std::size_t operations = 0;   ///< that were done, refused ones included
    std::size_t refused = 0;      ///< allocations, and moves of a block, that the trace had and this had not
    std::size_t copied = 0;       ///< resizes and remaps done by allocating, copying and freeing
    std::size_t peak_bytes = 0;   ///< the most that was live at a time
    std::size_t live_bytes = 0;   ///< not freed by the trace; the replay frees them at its end
    std::size_t live_blocks = 0;  ///< the same, in blocks

    friend bool operator==(const Replay&, const Replay&) noexcept = default;
};

class ZIGMUND_EXPORT Trace {
  public:
    /// Reads a trace. Linear in its size. Throws std::bad_alloc. The errors:
    ///
    ///     not an operation: write alloc, free, resize or remap
    ///     malformed operation
    ///     no live block has that address, size and alignment
    ///     a live block has that address
    [[nodiscard]] static std::expected<Trace, TraceError> parse(std::string_view text);

    /// Does on `target` what the trace did. What the trace was refused is not tried. A block that `target`
    /// refuses to resize or remap is moved by allocating, copying and freeing, as a caller does; where it
    /// refuses a block, what follows on that block is left out. Throws std::bad_alloc, and only before the
    /// first operation.
    [[nodiscard]] Replay replay(Allocator target) const;

    /// Operations that a replay does. O(1).
    [[nodiscard]] std::size_t size() const noexcept { return operations_.size(); }

  private:
    enum class Verb : std::uint8_t { alloc, free, resize, remap };
    struct Operation {
        Verb verb;
        std::size_t slot;   ///< of the block, among those that are live at a time
        std::size_t size;   ///< the new one
        std::size_t align;  ///< for alloc
    };
    class Parser;

    std::vector<Operation> operations_;
    std::size_t slots_ = 0;
};

}  // namespace zigmund::alloc::inline v0
