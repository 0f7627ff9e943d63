// Trace: what a program did with its memory, as zigmund-leaks --trace recorded it, in one order.
//
// Blocks are named by slots: as few as were live at a time, so that a replay's own table stays small. The
// operations are checked when they are read: what is freed or resized is live, and what is allocated is not.
//
// Threads: one at a time. Memory: 16 bytes an operation (20 with call sites), and 32 more while it is read, from
// the kernel's pages: malloc is as fresh as if nothing had been read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include "trace_format.hpp"

namespace zigmund::replay {

enum class Verb : std::uint8_t { allocate, free, resize };

struct Operation {
    std::uint64_t size;  ///< for allocate and resize: from now on; for free: until now
    std::uint32_t slot;
    std::uint16_t thread;  ///< that does it; numbers are used again when a thread has ended
    std::uint8_t align_bits;
    Verb verb;

    [[nodiscard]] std::size_t align() const noexcept { return std::size_t{1} << align_bits; }
};

struct Summary {
    std::uint64_t allocations = 0;
    std::uint64_t frees = 0;
    std::uint64_t resizes = 0;
    std::uint64_t bytes = 0;  ///< of all allocations, and what resizes added
    std::uint64_t peak_bytes = 0;
    std::uint64_t peak_blocks = 0;
    std::uint64_t peak_at = 0;     ///< the operation with which the most bytes were live
    std::uint64_t live_bytes = 0;  ///< at the end
    std::uint64_t live_blocks = 0;
    /// Numbers of threads that occur: at most so many ran at a time. A thread gets the number of one that ended.
    std::uint64_t threads = 0;
    /// Frees by a thread of another number than the allocation's: at least so many were another thread's.
    std::uint64_t freed_elsewhere = 0;
};

class Trace {
  public:
    /// Reads a file. The error is one line without a newline; what is in capitals stands for a number or a
    /// name:
    ///
    ///     cannot open FILE: REASON
    ///     FILE: not a trace of zigmund-leaks
    ///     FILE: a trace of version N, of which this zigmund-bench knows nothing: it reads version 1
    ///     FILE: truncated: chunk N ends at byte N, the file at byte N
    ///     FILE: chunk N, byte N: damaged: REASON
    ///     FILE: damaged: it ended for an unknown reason
    ///     FILE: damaged: there are N operations, the last of which is number N
    ///     FILE: reading N operations takes N MiB, and N MiB are free
    ///     FILE: operation N is out of range
    ///     FILE: operation N is there twice
    ///     FILE: operation N is missing
    ///     FILE: operation N frees a block that is not live
    ///     FILE: operation N resizes a block that is not live
    ///     FILE: operation N allocates where a live block is
    ///     FILE: operation N brings the live bytes to N, which no machine has
    ///     FILE: no operations
    [[nodiscard]] static std::expected<Trace, std::string> read(const std::string& file);
    /// The same of what is in memory; `file` is how errors call it.
    [[nodiscard]] static std::expected<Trace, std::string> parse(std::span<const std::byte> bytes,
                                                                 const std::string& file);

    [[nodiscard]] std::span<const Operation> operations() const noexcept { return operations_; }
    /// Blocks that were live at a time.
    [[nodiscard]] std::size_t slots() const noexcept { return slots_; }
    [[nodiscard]] const Summary& summary() const noexcept { return summary_; }
    [[nodiscard]] const std::string& program() const noexcept { return program_; }
    [[nodiscard]] format::End end() const noexcept { return end_; }
    /// Operations behind the first that a killed process had begun and not written.
    [[nodiscard]] std::uint64_t left_out() const noexcept { return left_out_; }

    [[nodiscard]] bool has_sites() const noexcept { return !sites_.empty(); }
    /// Of an allocation; 0: not known.
    [[nodiscard]] std::uint32_t site(std::size_t operation) const noexcept { return sites_[operation]; }
    /// What the process called it; a process that was killed has not.
    [[nodiscard]] std::string site_name(std::uint32_t site) const;

  private:
    class Parser;
    Trace();

    std::pmr::vector<Operation> operations_;
    std::pmr::vector<std::uint32_t> sites_;
    std::map<std::uint32_t, std::string> names_;
    std::size_t slots_ = 0;
    Summary summary_;
    std::string program_;
    format::End end_ = format::End::killed;
    std::uint64_t left_out_ = 0;
};

}  // namespace zigmund::replay
