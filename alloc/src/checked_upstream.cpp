#include <zigmund/alloc/testing/checked_upstream.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "text.hpp"

namespace zigmund::alloc::inline v0::testing {
namespace {

using alloc::detail::text;

constexpr std::size_t edge = 16;  // bytes watched on each side of a block
constexpr unsigned char untouched = 0xC5;
constexpr unsigned char dirt = 0xA7;

bool all_untouched(const unsigned char* from, const unsigned char* to) noexcept {
    // Equal to the first, and each to the next: the loop is memcmp's, fast in every build.
    return *from == untouched && std::memcmp(from, from + 1, static_cast<std::size_t>(to - from) - 1) == 0;
}

}  // namespace

CheckedUpstream::~CheckedUpstream() {
    for (const auto& [p, block] : blocks_) std::free(block.memory);
}

void CheckedUpstream::fail_at(std::size_t call, bool and_later) noexcept {
    const std::scoped_lock lock{mutex_};
    fail_from_ = call;
    fail_until_ = and_later ? SIZE_MAX : call;
}

void CheckedUpstream::fail_never() noexcept {
    const std::scoped_lock lock{mutex_};
    fail_from_ = fail_until_ = SIZE_MAX;
}

std::size_t CheckedUpstream::calls() const {
    const std::scoped_lock lock{mutex_};
    return calls_;
}

std::size_t CheckedUpstream::live_blocks() const {
    const std::scoped_lock lock{mutex_};
    return blocks_.size();
}

std::size_t CheckedUpstream::live_bytes() const {
    const std::scoped_lock lock{mutex_};
    return live_bytes_;
}

std::vector<std::string> CheckedUpstream::violations() const {
    const std::scoped_lock lock{mutex_};
    std::vector<std::string> all = violations_;
    for (const auto& [p, block] : blocks_) check_edges(p, block, all);
    return all;
}

void* CheckedUpstream::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    const std::scoped_lock lock{mutex_};
    return next_call_fails() ? nullptr : make(size, align);
}

void CheckedUpstream::do_deallocate(void* p, std::size_t size, std::size_t align) noexcept {
    const std::scoped_lock lock{mutex_};
    const auto found = find("deallocate", p, size, align);
    if (found == blocks_.end()) return;
    check_edges(p, found->second, violations_);
    live_bytes_ -= found->second.size;
    // Who reads the block now, reads this or what malloc writes; under a sanitizer it is an error.
    std::memset(p, dirt, found->second.size);
    std::free(found->second.memory);
    blocks_.erase(found);
}

bool CheckedUpstream::do_resize(void* p, std::size_t old_size, std::size_t align,
                                std::size_t new_size) noexcept {
    const std::scoped_lock lock{mutex_};
    const bool fails = next_call_fails();
    if (find("resize", p, old_size, align) == blocks_.end()) return false;
    return !fails && growth_ == Growth::in_place && resize_in_place(p, new_size);
}

void* CheckedUpstream::do_remap(void* p, std::size_t old_size, std::size_t align,
                                std::size_t new_size) noexcept {
    const std::scoped_lock lock{mutex_};
    const bool fails = next_call_fails();
    const auto found = find("remap", p, old_size, align);
    if (found == blocks_.end() || fails) return nullptr;
    if (growth_ == Growth::in_place) return resize_in_place(p, new_size) ? p : nullptr;
    if (growth_ == Growth::refuses) return nullptr;

    void* const moved = make(new_size, found->second.align);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, p, std::min(found->second.size, new_size));
    check_edges(p, found->second, violations_);
    live_bytes_ -= found->second.size;
    std::memset(p, dirt, found->second.size);
    std::free(found->second.memory);
    blocks_.erase(found);
    return moved;
}

bool CheckedUpstream::next_call_fails() noexcept {
    const std::size_t call = calls_++;
    return call >= fail_from_ && call <= fail_until_;
}

void* CheckedUpstream::make(std::size_t size, std::size_t align) noexcept {
    constexpr std::size_t too_much = std::numeric_limits<std::size_t>::max() / 16;
    if (!std::has_single_bit(align)) {
        violations_.push_back(text("its upstream was asked for alignment ", align, ", no power of two"));
        return nullptr;
    }
    if (size > too_much || align > too_much) return nullptr;
    const std::size_t capacity = growth_ == Growth::in_place ? 2 * size + 64 : size;

    void* const memory = std::malloc(edge + 3 * align + capacity + edge);
    if (memory == nullptr) return nullptr;
    // A multiple of the alignment, but not of twice the alignment.
    const auto address = reinterpret_cast<std::uintptr_t>(memory) + edge;
    auto* const p = reinterpret_cast<unsigned char*>(((address + 2 * align - 1) & ~(2 * align - 1)) + align);

    std::memset(p - edge, untouched, edge);
    std::memset(p, dirt, size);
    std::memset(p + size, untouched, capacity - size + edge);
    blocks_.emplace(p, Block{memory, size, capacity, align});
    live_bytes_ += size;
    return p;
}

bool CheckedUpstream::resize_in_place(void* p, std::size_t new_size) noexcept {
    Block& block = blocks_.at(p);
    if (new_size > block.capacity) return false;
    check_edges(p, block, violations_);
    auto* const bytes = static_cast<unsigned char*>(p);
    if (new_size > block.size) {
        std::memset(bytes + block.size, dirt, new_size - block.size);
    } else {
        std::memset(bytes + new_size, untouched, block.size - new_size);
    }
    live_bytes_ = live_bytes_ - block.size + new_size;
    block.size = new_size;
    return true;
}

CheckedUpstream::Blocks::iterator CheckedUpstream::find(const char* verb, void* p, std::size_t size,
                                                        std::size_t align) {
    const auto found = blocks_.find(p);
    if (found == blocks_.end()) {
        violations_.push_back(text(verb, " of a block of ", size,
                                   " bytes that its upstream did not give, or has back already"));
    } else if (found->second.size != size || found->second.align != align) {
        violations_.push_back(text(verb, " with size ", size, " and alignment ", align,
                                   " of a block of size ", found->second.size, " and alignment ",
                                   found->second.align, " of its upstream"));
    }
    return found;
}

void CheckedUpstream::check_edges(void* p, const Block& block, std::vector<std::string>& violations) {
    const auto* const bytes = static_cast<const unsigned char*>(p);
    if (!all_untouched(bytes - edge, bytes)) {
        violations.push_back(text("it wrote before a block of ", block.size, " bytes of its upstream"));
    }
    if (!all_untouched(bytes + block.size, bytes + block.capacity + edge)) {
        violations.push_back(text("it wrote behind a block of ", block.size, " bytes of its upstream"));
    }
}

}  // namespace zigmund::alloc::inline v0::testing
