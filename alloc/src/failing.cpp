#include <zigmund/alloc/failing.hpp>

#include <algorithm>

#include "stack_depot.hpp"
#include "stack_report.hpp"
#include "text_writer.hpp"

namespace zigmund::alloc::inline v0 {

std::string Failing::failure_stack(unsigned frames) const {
    if (failures_ == 0) return {};
    detail::TextWriter out{-1};
    detail::write_stack(out, std::span{stack_}.first(stack_size_), frames);
    return std::string{out.text()};
}

bool Failing::fails(FailingVerb verb, std::size_t grows_by, std::size_t size, std::size_t align,
                    const void* frame) noexcept {
    if (verb != options_.verb) return false;
    const std::size_t index = calls_++;
    const bool due =
        index == options_.at || index == options_.and_at || (options_.and_later && index > options_.at) ||
        grows_by > options_.byte_budget - std::min(granted_, options_.byte_budget) || one_is_due();
    if (!due) return false;
    if (failures_++ == 0) {
        first_ = {verb, index, size, align, granted_};
        const auto frames = detail::stack_frames(detail::capture_stack(frame, most_frames));
        stack_size_ = std::min(frames.size(), stack_.size());
        std::copy_n(frames.begin(), stack_size_, stack_.begin());
    }
    return true;
}

bool Failing::one_is_due() noexcept {
    if (options_.one_in == 0) return false;
    // splitmix64: each state gives a number that depends on all its bits.
    random_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = random_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % options_.one_in == 0;
}

void* Failing::allocate_from(const void* frame, std::size_t size, std::size_t align) noexcept {
    if (fails(FailingVerb::allocate, size, size, align, frame)) return nullptr;
    void* const p = upstream_.try_allocate(size, align);
    if (p != nullptr) grant(size);
    return p;
}

// Each entrance notes its own frame: the stack that is shown begins with whoever called it.

void* Failing::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    return allocate_from(__builtin_frame_address(0), size, align);
}

void* Failing::do_allocate(std::size_t size, std::size_t align) {
    void* const p = allocate_from(__builtin_frame_address(0), size, align);
    if (p == nullptr) [[unlikely]]
        detail::throw_bad_alloc();
    return p;
}

void Failing::do_deallocate(void* p, std::size_t size, std::size_t align) noexcept {
    upstream_.deallocate(p, size, align);
}

bool Failing::do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    const std::size_t more = new_size - std::min(new_size, old_size);
    if (fails(FailingVerb::resize, more, new_size, align, __builtin_frame_address(0))) return false;
    const bool done = upstream_.resize(p, old_size, align, new_size);
    if (done) grant(more);
    return done;
}

void* Failing::do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    const std::size_t more = new_size - std::min(new_size, old_size);
    if (fails(FailingVerb::remap, more, new_size, align, __builtin_frame_address(0))) return nullptr;
    void* const moved = upstream_.remap(p, old_size, align, new_size);
    if (moved != nullptr) grant(more);
    return moved;
}

}  // namespace zigmund::alloc::inline v0
