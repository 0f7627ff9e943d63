// The books that all allocators of the process share, and their way over fork().
#pragma once

#include "spin_lock.hpp"

namespace zigmund::alloc::inline v0::detail {

/// The newest of the living GeneralPurposeAllocator states, which are linked; under the lock.
extern constinit void* all_states;
extern constinit SpinLock all_states_lock;

/// From the first call on, fork() waits until no other thread is inside the shared books, so that the child
/// finds them whole and unlocked.
void keep_books_over_fork() noexcept;

/// From the first call on, a SIGSEGV on a guard page is reported before the handler of before gets it.
void catch_stopped_accesses() noexcept;

// Each of the shared books that has a lock, and those of the allocators; under all_states_lock.
void lock_states() noexcept;
void unlock_states() noexcept;
void lock_thread_numbers() noexcept;
void unlock_thread_numbers() noexcept;
void forget_other_threads() noexcept;
void forget_report_turn() noexcept;
void lock_stack_depot() noexcept;
void unlock_stack_depot() noexcept;

}  // namespace zigmund::alloc::inline v0::detail
