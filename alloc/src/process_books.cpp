#include "process_books.hpp"

#include <pthread.h>

namespace zigmund::alloc::inline v0::detail {

constinit void* all_states = nullptr;
constinit SpinLock all_states_lock;

namespace {

void lock_all() noexcept {
    all_states_lock.lock();
    lock_states();
    lock_thread_numbers();
    lock_stack_depot();
}

void unlock_all() noexcept {
    unlock_stack_depot();
    unlock_thread_numbers();
    unlock_states();
    all_states_lock.unlock();
}

void go_on_in_child() noexcept {
    forget_other_threads();
    forget_report_turn();
    unlock_all();
}

}  // namespace

void keep_books_over_fork() noexcept {
    static const int registered = ::pthread_atfork(lock_all, unlock_all, go_on_in_child);
    (void)registered;
}

}  // namespace zigmund::alloc::inline v0::detail
