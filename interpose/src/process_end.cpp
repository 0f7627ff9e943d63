// The beginning and the end of the process, seen from here.
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "environment.hpp"
#include "process_heap.hpp"
#include "reachability.hpp"
#include "recorder.hpp"
#include "report_output.hpp"
#include "stopped_threads.hpp"
#include "thread_context.hpp"

// The C++ ABI's: a handler that belongs to no library, and so runs after the destructors of all of them.
extern "C" int __cxa_atexit(void (*)(void*), void*, void*);  // NOLINT(bugprone-reserved-identifier)

namespace zigmund::alloc::inline v0::interpose {
namespace {

/// Of the process that this one is a fork of: another number than getpid() in a child of vfork().
constinit pid_t process = 0;
constinit bool forked = false;
constinit std::atomic<bool> checked = false;

/// Clears what the thread's functions left on its stack: the C library keeps stacks for threads to come, and
/// pointers there would keep what the thread has lost.
[[gnu::noinline]] void clear_stack_below() noexcept {
    constexpr std::size_t size = 32 << 10;
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    const std::uintptr_t low = detail::thread_context_storage.stack_low;
    if (low == 0 || here < low + 2 * size) return;
    std::array<std::byte, size> frames;
    std::memset(frames.data(), 0, frames.size());
    __asm__ volatile("" : : "r"(frames.data()) : "memory");
}

void at_thread_end() noexcept {
    end_thread();
    clear_stack_below();
}

std::size_t report(const GeneralPurposeAllocator& of, const Reachability& found) noexcept {
    const ReportDescriptor to = report_descriptor();
    GeneralPurposeAllocator& gpa = const_cast<GeneralPurposeAllocator&>(of);
    const std::size_t lost = UnsizedAccess::report_lost(gpa, {.kind = "leak",
                                                              .blocks = found.lost,
                                                              .reachable_bytes = found.reachable_bytes,
                                                              .reachable_blocks = found.reachable.size(),
                                                              .descriptor = to.descriptor});
    if (options().reachable)
        (void)UnsizedAccess::report_lost(gpa, {.kind = "reachable",
                                               .blocks = found.reachable,
                                               .reachable_bytes = 0,
                                               .reachable_blocks = 0,
                                               .descriptor = to.descriptor});
    if (to.close) (void)::close(to.descriptor);
    return lost;
}

/// Looks for errors that have not shown, and for lost memory. Returns the status that the process is to end
/// with, or -1: the program's own.
int check() noexcept {
    GeneralPurposeAllocator* const gpa = tracker();
    if (::getpid() != process || (forked && !options().children) || checked.exchange(true)) return -1;
    if (gpa == nullptr || Aside::active()) return -1;  // or a signal's handler that ends the process
    const Aside aside;
    const EndOfStack end = end_of_stack();
    Reachability found;
    {
        const StoppedThreads threads;
        found = find_reachable(*gpa, end, threads);
        tell_errors_only();
        (void)gpa->check();
    }
    std::size_t lost = 0;
    if (found.complete) {
        lost = report(*gpa, found);
    } else {
        write_note("no leak check: the process cannot read its own memory\n");
    }
    if (found.running != 0)
        write_note("a thread could not be stopped: what it alone refers to may be told as lost\n");
    if (errors() != 0 && options().after_error == AfterError::abort) std::abort();
    const bool clean = lost == 0 && errors() == 0;
    return clean || forked || options().exit_code == 0 ? -1 : options().exit_code;
}

void end_trace() noexcept {
    if (Aside::active()) return;  // a signal's handler that ends the process: what it interrupted holds locks
    const Aside aside;
    end_recording();
}

void check_at_exit(void* /*nothing*/) {
    end_trace();
    if (const int status = check(); status >= 0)
        std::exit(status);  // the handlers that are left, then that status
}

void check_at_quick_exit() {
    end_trace();
    if (const int status = check(); status >= 0) end_process(status);
}

void go_on_in_child() noexcept {
    process = ::getpid();
    forked = true;
}

[[gnu::constructor(101)]] void begin() noexcept {
    open_process_heap();
    open_report_output();
    pass_on(options().children);
    process = ::getpid();
    detail::at_thread_end = at_thread_end;
    (void)::pthread_atfork(nullptr, nullptr, go_on_in_child);
    (void)::__cxa_atexit(check_at_exit, nullptr, nullptr);
    (void)::at_quick_exit(check_at_quick_exit);
}

[[noreturn]] void end_now(int status) noexcept {
    // A child of fork() that ends so leaves what it has to its parent.
    end_trace();
    const int own = forked ? -1 : check();
    end_process(own >= 0 ? own : status);
}

}  // namespace
}  // namespace zigmund::alloc::inline v0::interpose

extern "C" [[gnu::visibility("default")]] void _exit(int status) {
    zigmund::alloc::interpose::end_now(status);
}
extern "C" [[gnu::visibility("default")]] void _Exit(int status) {
    zigmund::alloc::interpose::end_now(status);
}
