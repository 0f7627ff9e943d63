#include <zigmund/alloc/sanitizer.hpp>

#include "stack_depot.hpp"
#include "stack_memory.hpp"
#include "stack_unwinding.hpp"

namespace zigmund::alloc::inline v0::detail {
namespace {

/// Reads saved frame pointers as long as they point up this thread's stack. Return addresses are not
/// checked here: a chain is believed only after the unwind tables have confirmed it.
[[gnu::no_sanitize_address, gnu::no_sanitize_thread]] ZIGMUND_NO_SANITIZE_MEMORY std::size_t
follow_frame_pointers(const void* frame, const ThreadContext& context, unsigned depth,
                      Chain& chain) noexcept {
    auto at = reinterpret_cast<std::uintptr_t>(frame);
    std::size_t count = 0;
    if (!context.on_stack(at)) {  // a stack of the program's own making
        chain[count++] = reinterpret_cast<const std::uintptr_t*>(frame)[1];
        return count;
    }
    while (count < depth) {
        const auto* const words = reinterpret_cast<const std::uintptr_t*>(at);
        const std::uintptr_t return_address = words[1];
        if (return_address < 4096) break;
        chain[count++] = return_address;
        const std::uintptr_t next = words[0];
        if (!leads_on(next, at, context.stack_high)) break;
        at = next;
    }
    return count;
}

[[gnu::no_sanitize_address, gnu::no_sanitize_thread]] ZIGMUND_NO_SANITIZE_MEMORY const Recipe* follow_recipes(
    const Entry& chain, const void* frame, std::uintptr_t stack_high) noexcept {
    const auto base = reinterpret_cast<std::uintptr_t>(frame);
    for (const Recipe* recipe = chain.recipes.load(std::memory_order_acquire); recipe != nullptr;
         recipe = recipe->next.load(std::memory_order_acquire)) {
        const std::uint32_t* const places = recipe->places();
        if (base + places[recipe->count - 1] >= stack_high) continue;
        const Entry* const stack = depot.at(recipe->stack);
        const std::uintptr_t* const frames = stack->frames();
        std::uint32_t i = 0;
        while (i < recipe->count && *reinterpret_cast<const std::uintptr_t*>(base + places[i]) == frames[i])
            ++i;
        if (i == recipe->count) return recipe;
    }
    return nullptr;
}

}  // namespace

namespace {
[[gnu::noinline]] StackId capture_whole(const void* frame, unsigned depth) noexcept;
[[gnu::noinline]] StackId capture_anew(const void* frame, unsigned depth) noexcept;
}  // namespace

StackId capture_stack(const void* frame, unsigned depth) noexcept {
    StackMemory* const stacks = thread_context_storage.stacks;
    if (stacks == nullptr) [[unlikely]]
        return capture_anew(frame, depth);
    const Remembered& known = stacks->at(frame);
    if (known.frame != reinterpret_cast<std::uintptr_t>(frame) || known.depth != depth || !links_hold(known))
        [[unlikely]]
        return capture_anew(frame, depth);
    return known.words == 0 ? known.stack : capture_whole(frame, depth);
}

namespace {

StackId capture_whole(const void* frame, unsigned depth) noexcept {
    const Remembered& known = thread_context_storage.stacks->at(frame);
    return words_hold(known, thread_context_storage.stack_high) ? known.stack : capture_anew(frame, depth);
}

/// On a stack of the program's own making: one return address says nothing of the callers.
[[gnu::cold, gnu::noinline]] StackId capture_elsewhere(const void* frame, const ThreadContext& context,
                                                       unsigned depth, std::span<const std::uintptr_t> frames,
                                                       std::uint64_t hash) noexcept {
    Entry* entry = depot.find(hash, frames);
    if (entry == nullptr) entry = depot.add(hash, frames, Kind::unreliable);
    return entry == nullptr ? 0 : unwind(frame, context, depth, frames, hash, entry);
}

StackId capture_anew(const void* frame, unsigned depth) noexcept {
    if (depth == 0) return 0;
    ThreadContext& context = thread_context();
    Chain chain;
    const std::size_t count = follow_frame_pointers(frame, context, depth, chain);
    if (count == 0) [[unlikely]]
        return 0;
    const std::span<const std::uintptr_t> frames{chain.data(), count};
    const std::uint64_t hash = hash_of(frames);
    if (!context.on_stack(reinterpret_cast<std::uintptr_t>(frame))) [[unlikely]]
        return capture_elsewhere(frame, context, depth, frames, hash ^ 1);
    Entry* const entry = depot.find(hash, frames);
    if (entry == nullptr) [[unlikely]]
        return unwind(frame, context, depth, frames, hash, nullptr);
    if (entry->kind == Kind::stack) [[likely]] {
        remember(context, frame, depth, count, nullptr, entry->id);
        return entry->id;
    }
    const Recipe* const recipe = follow_recipes(*entry, frame, context.stack_high);
    if (recipe == nullptr) return unwind(frame, context, depth, frames, hash, entry);
    remember(context, frame, depth, count, recipe, recipe->stack);
    return recipe->stack;
}

}  // namespace

}  // namespace zigmund::alloc::inline v0::detail
