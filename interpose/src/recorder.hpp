// The recorder: every operation of the program on its memory, into the file of the option `trace`.
//
// The file is mapped: what was recorded is in it whatever ends the process. Who makes it shorter meanwhile ends the
// process; a second recording of that name does not, it makes a new file. Threads write to chunks of their
// own, under a lock that nobody else wants as long as there are fewer than 64 of them; what they share is the
// counter of the order. A child of fork() records nothing, however it was forked: the kernel hands it the
// recorder's page empty.
//
// Threads: any. All but recording() is called with an Aside. Never: calls malloc, throws.
#pragma once

#include <atomic>
#include <cstddef>

namespace zigmund::alloc::inline v0::interpose {

/// Opens the file if the options name one. Ends the process if it cannot be written.
void open_recorder() noexcept;

/// In a page that is zero in a child of fork(); null: nothing was to be recorded.
extern constinit const std::atomic<bool>* recorder_on;

[[nodiscard]] inline bool recording() noexcept {
    return recorder_on != nullptr && recorder_on->load(std::memory_order_relaxed);
}

/// Call it after the memory was taken.
void record_allocation(const void* p, std::size_t size, std::size_t align, const void* frame) noexcept;
/// Call it before the memory is given back.
void record_free(const void* p) noexcept;
void record_resize(const void* p, std::size_t size) noexcept;
/// Call it after the new memory was taken and before the old is given back.
void record_move(const void* from, const void* to, std::size_t size, const void* frame) noexcept;

/// Ends it, names the call sites and marks the file as whole; once. It waits a second at most: where a thread
/// that records stands still, the file looks as if the process had been killed. Of a process that shares its
/// memory with the one that records (vfork): nothing. Call it with no Aside around that which this makes: what a
/// signal's handler has interrupted there holds the locks.
void end_recording() noexcept;

}  // namespace zigmund::alloc::inline v0::interpose
