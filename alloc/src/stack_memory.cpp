#include "stack_memory.hpp"

#include "page_memory.hpp"

namespace zigmund::alloc::inline v0::detail {

void forget_stacks(ThreadContext& context) noexcept {
    if (context.stacks != nullptr) unmap_pages(context.stacks, sizeof(StackMemory));
    context.stacks = nullptr;
}

[[gnu::no_sanitize_address, gnu::no_sanitize_thread]] ZIGMUND_NO_SANITIZE_MEMORY void remember(
    ThreadContext& context, const void* frame, unsigned depth, std::size_t count, const Recipe* recipe,
    StackId stack) noexcept {
    if (context.number == shared_thread) return;
    if (context.stacks == nullptr) {
        context.stacks = static_cast<StackMemory*>(map_pages(sizeof(StackMemory)));
        if (context.stacks == nullptr) return;
    }
    const auto first = reinterpret_cast<std::uintptr_t>(frame);
    if (!context.on_stack(first)) return;
    const std::uint32_t others = recipe != nullptr ? recipe->count : 0;
    if (count + Remembered::at_once > Remembered::most_frames || others + 1 > Remembered::most_frames) return;
    Remembered& entry = context.stacks->at(frame);
    entry.frame = 0;
    entry.depth = depth;
    entry.stack = stack;
    entry.links = 0;
    entry.words = 0;
    entry.last = 0;
    std::uintptr_t at = first;
    for (std::size_t i = 0; i < count; ++i) {
        const auto* const words = reinterpret_cast<const std::uintptr_t*>(at);
        const auto place = static_cast<std::uint32_t>(at - first);
        if (i + 1 == count && count < depth) {
            // It ended at a frame without a return address: that is not remembered.
            if (leads_on(words[0], at, context.stack_high)) return;
            entry.last = place + 1;
            entry.word_places[entry.words] = place + 8;
            entry.word_values[entry.words++] = words[1];
            break;
        }
        entry.link_places[entry.links] = place;
        entry.link_values[entry.links++] = Remembered::Wide{words[0], words[1]};
        at = words[0];
    }
    for (; entry.links % Remembered::at_once != 0; ++entry.links) {
        entry.link_places[entry.links] = entry.link_places[entry.links - 1];
        entry.link_values[entry.links] = entry.link_values[entry.links - 1];
    }
    for (std::uint32_t i = 0; i < others; ++i) {
        entry.word_places[entry.words] = recipe->places()[i];
        entry.word_values[entry.words++] =
            *reinterpret_cast<const std::uintptr_t*>(first + recipe->places()[i]);
    }
    entry.frame = first;
}

}  // namespace zigmund::alloc::inline v0::detail
