#include "unsized_access.hpp"

#include "general_purpose_state.hpp"

namespace zigmund::alloc::inline v0 {

using namespace detail;

void* UnsizedAccess::allocate(GeneralPurposeAllocator& from, std::size_t size, std::size_t align,
                              Family family, const void* frame) noexcept {
    return from.state_->allocate(size, align, frame, family);
}

bool GeneralPurposeAllocator::State::find_header(void* p, Header& header) noexcept {
    if (guards && guard_pages.contains(p)) {
        const GuardPages::Slot* const slot = guard_pages.find(p);
        if (slot == nullptr || slot->state.load(std::memory_order_acquire) != GuardPages::State::live ||
            slot->user != reinterpret_cast<std::uintptr_t>(p))
            return false;
        header = slot->header;
        return true;
    }
    if (samples || map.get(reinterpret_cast<std::uintptr_t>(p)) != BlockState::live) return false;
    header = peek_header(p);
    if (header.check != check_of(header, p)) [[unlikely]]
        header = {};
    return true;
}

UnsizedAccess::Block UnsizedAccess::find(const GeneralPurposeAllocator& of, void* p) noexcept {
    Header header;
    if (!of.state_->find_header(p, header)) return {};
    return {.address = p,
            .size = header.size(),
            .align = header.align(),
            .family = header.family(),
            .stack = header.stack};
}

void UnsizedAccess::free(GeneralPurposeAllocator& from, void* p, const Claimed& claimed,
                         const void* frame) noexcept {
    const Block block = find(from, p);
    // A pointer that is no block is told from any other claim.
    from.state_->deallocate(p, claimed.size == unknown ? block.size : claimed.size,
                            claimed.align == unknown ? std::max<std::size_t>(block.align, 1) : claimed.align,
                            frame, claimed.family);
}

UnsizedAccess::Settled UnsizedAccess::settle(GeneralPurposeAllocator& of, void* p,
                                             const void* frame) noexcept {
    const auto settled = of.state_->settle(p, Family::malloc, "realloc", frame);
    return {.block = {.address = settled.is_block ? p : nullptr,
                      .size = settled.size,
                      .align = settled.align,
                      .family = Family::malloc,
                      .stack = 0},
            .has_place = settled.has_place,
            .is_whole = settled.is_whole};
}

void UnsizedAccess::abandon(GeneralPurposeAllocator& of, const Block& block, const void* frame) noexcept {
    of.state_->abandon(block.address, block.size, frame);
}

bool UnsizedAccess::resize(GeneralPurposeAllocator& from, const Block& block, std::size_t new_size,
                           const void* frame) noexcept {
    return from.state_->resize(block.address, block.size, block.align, new_size, frame, Family::malloc);
}

void UnsizedAccess::report_unknown(GeneralPurposeAllocator& of, void* p, std::string_view verb,
                                   const void* frame) noexcept {
    GeneralPurposeAllocator::State& state = *of.state_;
    const GuardPages::Slot* const slot = is_guarded(of, p) ? state.guard_pages.find(p) : nullptr;
    if (slot != nullptr) return state.report_guarded_pointer(p, state.guard_pages.tell(*slot), verb, frame);
    state.report_unknown(p, verb, frame);
}

bool UnsizedAccess::is_guarded(const GeneralPurposeAllocator& of, const void* p) noexcept {
    return of.state_->guards && of.state_->guard_pages.contains(p);
}

std::span<const std::byte> UnsizedAccess::guarded_range(const GeneralPurposeAllocator& of) noexcept {
    return of.state_->guard_pages.whole();
}

}  // namespace zigmund::alloc::inline v0
