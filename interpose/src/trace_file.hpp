// TraceFile: the file that a trace is written to.
//
// It is always a new one, which takes the name when its head is whole: what had the name may be mapped by a
// process that still records, and to make that shorter would end it with a signal. Only a trace or an empty
// file is replaced. A program that the process becomes (exec) finds the trace of the one before by its mark,
// and gives its own a number: trace.17, then trace.17.1.
//
// Threads: one at a time. Never: calls malloc, throws.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "trace_format.hpp"

namespace zigmund::alloc::inline v0::interpose {

/// All zero: none.
class TraceFile {
  public:
    /// Makes the file that the options name, and maps its head. Ends the process if that cannot be, with one of:
    ///
    ///     cannot write the trace to FILE: REASON
    ///     FILE is no regular file
    ///     FILE is there, and is no trace
    [[nodiscard]] replay::format::Head* open() noexcept;

    /// In bytes: what the options say, or less where the process may not write so much.
    [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }

    /// The next chunk: zeros, to which the file has room. Null: errno says why; EFBIG: beyond `limit`. The
    /// file is as long as before then.
    [[nodiscard]] void* next_chunk(std::uint64_t limit) noexcept;

  private:
    [[nodiscard]] bool is_same(int descriptor) const noexcept;

    int descriptor_;
    dev_t device_;
    ino_t number_;
    std::uint64_t end_;
    std::uint64_t limit_;
};

}  // namespace zigmund::alloc::inline v0::interpose
