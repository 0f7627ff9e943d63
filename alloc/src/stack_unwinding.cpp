#include "stack_unwinding.hpp"

#include <zigmund/alloc/sanitizer.hpp>

#include <dlfcn.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace zigmund::alloc::inline v0::detail {
namespace {

struct Unwinding {
    std::uintptr_t frame;  // where the capture began; its return address is the first of the stack
    std::uintptr_t first;
    std::uintptr_t stack_high;
    unsigned depth;
    std::size_t count = 0;
    bool begun = false;
    bool whole = true;  // the end of the stack was reached
    bool placed;        // each return address was found where the call put it, on the thread's own stack
    Chain chain{};
    std::array<std::uint32_t, max_stack_frames> places{};
};

[[gnu::no_sanitize_address, gnu::no_sanitize_thread]] ZIGMUND_NO_SANITIZE_MEMORY _Unwind_Reason_Code
unwind_one(_Unwind_Context* context, void* data) noexcept {
    auto& unwinding = *static_cast<Unwinding*>(data);
    const std::uintptr_t address = _Unwind_GetIP(context);
    if (!unwinding.begun && address != unwinding.first) return _URC_NO_REASON;
    unwinding.begun = true;
    if (address == 0) return _URC_END_OF_STACK;
    if (unwinding.count == unwinding.depth) {
        unwinding.whole = false;
        return _URC_END_OF_STACK;
    }
    // A call on x86-64 pushes the return address right below what the callee's tables name its frame address.
    const std::uintptr_t place = _Unwind_GetCFA(context) - sizeof(void*);
    unwinding.placed = unwinding.placed && place > unwinding.frame && place < unwinding.stack_high &&
                       place - unwinding.frame < UINT32_MAX &&
                       *reinterpret_cast<std::uintptr_t*>(place) == address;
    unwinding.places[unwinding.count] = static_cast<std::uint32_t>(place - unwinding.frame);
    unwinding.chain[unwinding.count++] = address;
    return _URC_NO_REASON;
}

/// True for the code that runs before main or a thread's function and calls it: the C and C++ libraries,
/// and, outermost, the program's own _start.
bool is_start_code(std::span<const std::uintptr_t> outer) noexcept {
    if (outer.size() > 4) return false;
    for (std::size_t i = 0; i < outer.size(); ++i) {
        Dl_info info{};
        if (::dladdr(reinterpret_cast<void*>(outer[i]), &info) == 0 || info.dli_fname == nullptr)
            return false;
        const bool library = std::strstr(info.dli_fname, "/libc.so") != nullptr ||
                             std::strstr(info.dli_fname, "/libstdc++.so") != nullptr;
        if (!library && (i == 0 || i + 1 != outer.size())) return false;
    }
    return true;
}

}  // namespace

StackId unwind(const void* frame, const ThreadContext& context, unsigned depth,
               std::span<const std::uintptr_t> chain, std::uint64_t chain_hash, Entry* unreliable) noexcept {
    Unwinding found{.frame = reinterpret_cast<std::uintptr_t>(frame),
                    .first = chain[0],
                    .stack_high = context.stack_high,
                    .depth = depth,
                    .placed = context.on_stack(reinterpret_cast<std::uintptr_t>(frame))};
    (void)_Unwind_Backtrace(unwind_one, &found);
    if (found.count == 0) found.chain[found.count++] = chain[0];  // no tables for the caller: that is all
    const std::span<const std::uintptr_t> stack{found.chain.data(), found.count};
    if (unreliable == nullptr) {
        const bool prefix =
            chain.size() <= stack.size() && std::ranges::equal(chain, stack.first(chain.size()));
        if (prefix && (chain.size() == stack.size() ||
                       (found.whole && is_start_code(stack.subspan(chain.size() - 1))))) {
            const Entry* const entry = depot.add(chain_hash, chain, Kind::stack);
            return entry == nullptr ? 0 : entry->id;
        }
        unreliable = depot.add(chain_hash, chain, Kind::unreliable);
    }
    // Stacks from the tables are found under a hash of their own: the same frames may be an unreliable chain.
    const std::uint64_t hash = ~hash_of(stack);
    const Entry* entry = depot.find(hash, stack);
    if (entry == nullptr) entry = depot.add(hash, stack, Kind::stack);
    if (entry == nullptr) return 0;
    if (unreliable != nullptr && found.placed)
        depot.add_recipe(*unreliable, entry->id, {found.places.data(), found.count});
    return entry->id;
}

StackId capture_interrupted_stack(std::uintptr_t pc, unsigned depth) noexcept {
    Unwinding found{.frame = 0, .first = pc, .stack_high = 0, .depth = depth, .placed = false};
    (void)_Unwind_Backtrace(unwind_one, &found);
    if (found.count == 0) found.chain[found.count++] = pc;
    ++found.chain[0];  // the others are return addresses, which lie behind the instruction that is meant
    const std::span<const std::uintptr_t> stack{found.chain.data(), found.count};
    const Entry* const entry = depot.add(~hash_of(stack), stack, Kind::stack);
    return entry == nullptr ? 0 : entry->id;
}

}  // namespace zigmund::alloc::inline v0::detail
