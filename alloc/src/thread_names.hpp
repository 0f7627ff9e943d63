// ThreadName: what a thread that made a block is called, if it has a name of its own.
//
// Books hold a thread's number, and a number has one owner after the other: the name is told only when the
// block cannot be an earlier owner's. A thread that never was named is called as the program: that is no name
// of its own. Threads: any. Cost: asks the kernel. Never: allocates.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace zigmund::alloc::inline v0::detail {

class TextWriter;

class ThreadName {
  public:
    /// `seconds`: when the thread did what is told of it, by now_seconds().
    ThreadName(std::uint32_t number, std::uint64_t seconds) noexcept;

    /// Empty: it has none, or nobody knows.
    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

  private:
    std::array<char, 16> text_{};
    std::size_t size_ = 0;
};

/// ` by thread 3`, or ` by thread 3 (loader)`.
void write_thread(TextWriter& out, std::uint32_t number, std::uint64_t seconds) noexcept;

/// The calling thread owns the number from now on; the locks of whoever calls keep others away.
void note_thread_begin(std::uint32_t number) noexcept;
/// It does so no longer.
void note_thread_end(std::uint32_t number) noexcept;
/// In the child of fork(): the calling thread has another identity, and the others are gone.
void note_fork(std::uint32_t number) noexcept;

}  // namespace zigmund::alloc::inline v0::detail
