// The handler of SIGSEGV: tells the story of the block whose guard page or fenced memory was touched.
#include <pthread.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <csignal>

#include "general_purpose_state.hpp"
#include "process_books.hpp"
#include "report_turn.hpp"

namespace zigmund::alloc::inline v0 {

struct StoppedAccess {
    static bool concerns(const void* address) noexcept { return GeneralPurposeAllocator::guards(address); }
    static void report(const void* address, std::string_view access, std::uintptr_t pc, bool ends) noexcept {
        GeneralPurposeAllocator::report_stopped(address, access, pc, ends);
    }
};

namespace detail {
namespace {

struct sigaction handler_before;

/// This thread is in the middle of a story: what stops it there is no other one.
constinit thread_local bool tells [[gnu::tls_model("initial-exec")]] = false;

bool ends_with_it() noexcept {
    return (handler_before.sa_flags & SA_SIGINFO) == 0 &&
           (handler_before.sa_handler == SIG_DFL || handler_before.sa_handler == SIG_IGN);
}

/// What would have happened without this file.
void pass_on(int signal, siginfo_t* info, void* context) noexcept {
    const bool sent = info->si_code <= 0;  // by kill() or raise(): nothing is repeated
    if (!ends_with_it()) {
        const struct sigaction before = handler_before;
        sigset_t blocked = before.sa_mask;
        if ((before.sa_flags & SA_NODEFER) == 0) (void)::sigaddset(&blocked, signal);
        if ((before.sa_flags & static_cast<int>(SA_RESETHAND)) != 0) handler_before = {};
        sigset_t mask;
        (void)::pthread_sigmask(SIG_BLOCK, &blocked, &mask);
        if ((before.sa_flags & SA_SIGINFO) != 0) {
            before.sa_sigaction(signal, info, context);
        } else {
            before.sa_handler(signal);
        }
        (void)::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
        return;
    }
    if (sent && handler_before.sa_handler == SIG_IGN) return;
    ReportTurn turn;  // a report that another thread is writing comes to its end
    turn.keep();
    struct sigaction by_default{};
    (void)::sigaction(signal, &by_default, nullptr);
    if (sent) (void)::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), ::gettid(), signal, info);
}

void on_segv(int signal, siginfo_t* info, void* context) {
    if (info->si_code <= 0 || tells || !StoppedAccess::concerns(info->si_addr))
        return pass_on(signal, info, context);
    std::string_view access = "touched";
    std::uintptr_t pc = 0;
#if defined(__x86_64__)
    const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
    access = (registers[REG_ERR] & 2) != 0 ? "written" : "read";
    pc = static_cast<std::uintptr_t>(registers[REG_RIP]);
#endif
    tells = true;
    StoppedAccess::report(info->si_addr, access, pc, ends_with_it());
    tells = false;
    pass_on(signal, info, context);
}

}  // namespace

void catch_stopped_accesses() noexcept {
    static const int installed = [] {
        struct sigaction action{};
        action.sa_sigaction = on_segv;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        return ::sigaction(SIGSEGV, &action, &handler_before);
    }();
    (void)installed;
}

}  // namespace detail

// Without the lock: the interrupted thread may hold it.

bool GeneralPurposeAllocator::guards(const void* address) noexcept {
    auto* state = static_cast<State*>(detail::all_states);
    while (state != nullptr && !state->guard_pages.contains(address)) state = state->next;
    return state != nullptr;
}

void GeneralPurposeAllocator::report_stopped(const void* address, std::string_view access, std::uintptr_t pc,
                                             bool ends) noexcept {
    auto* state = static_cast<State*>(detail::all_states);
    while (state != nullptr && !state->guard_pages.contains(address)) state = state->next;
    if (state == nullptr) return;
    state->report_stopped(address, access, detail::capture_interrupted_stack(pc, detail::plumbing_frames + 8),
                          ends);
}

}  // namespace zigmund::alloc::inline v0
