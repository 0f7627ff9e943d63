// The handler of SIGSEGV: tells the story of the block whose guard page or fenced memory was touched.
#include <ucontext.h>

#include <csignal>

#include "general_purpose_state.hpp"
#include "process_books.hpp"

namespace zigmund::alloc {

struct StoppedAccess {
    static void report(const void* address, std::string_view access, std::uintptr_t pc) noexcept;
};

namespace detail {
namespace {

struct sigaction handler_before;

void on_segv(int /*signal*/, siginfo_t* info, void* context) {
    // Whatever happens in here happens once; the access itself is repeated, and goes to the handler of
    // before.
    (void)::sigaction(SIGSEGV, &handler_before, nullptr);
    std::string_view access = "touched";
    std::uintptr_t pc = 0;
#if defined(__x86_64__)
    const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
    access = (registers[REG_ERR] & 2) != 0 ? "written" : "read";
    pc = static_cast<std::uintptr_t>(registers[REG_RIP]);
#else
    (void)context;
#endif
    StoppedAccess::report(info->si_addr, access, pc);
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

void StoppedAccess::report(const void* address, std::string_view access, std::uintptr_t pc) noexcept {
    GeneralPurposeAllocator::report_stopped(address, access, pc);
}

void GeneralPurposeAllocator::report_stopped(const void* address, std::string_view access,
                                             std::uintptr_t pc) noexcept {
    // Without the lock: the interrupted thread may hold it.
    for (auto* state = static_cast<State*>(detail::all_states); state != nullptr; state = state->next) {
        if (!state->guard_pages.contains(address)) continue;
        state->report_stopped(address, access,
                              detail::capture_interrupted_stack(pc, detail::plumbing_frames + 8));
        return;
    }
}

}  // namespace zigmund::alloc
