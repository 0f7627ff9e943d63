#include <zigmund/alloc/counting.hpp>

#include <algorithm>
#include <cassert>

namespace zigmund::alloc::inline v0 {

Counting::Counting(Allocator upstream, std::string_view name, std::size_t budget) noexcept
    : upstream_{upstream}, name_{name}, budget_{budget} {}

Counting::Counting(Counting& parent, std::string_view name, std::size_t budget) noexcept
    : upstream_{parent.upstream_},
      name_{name},
      budget_{budget},
      parent_{&parent},
      previous_{parent.last_child_} {
    (previous_ != nullptr ? previous_->next_ : parent.first_child_) = this;
    parent.last_child_ = this;
}

Counting::~Counting() {
    assert(first_child_ == nullptr && "zigmund: Counting: a child outlives its parent");
    if (parent_ == nullptr) return;
    (previous_ != nullptr ? previous_->next_ : parent_->first_child_) = next_;
    (next_ != nullptr ? next_->previous_ : parent_->last_child_) = previous_;
}

// Every verb asks all levels first, lets the upstream act, and counts only what the upstream did: there is
// nothing to roll back.

bool Counting::admits(std::size_t old_size, std::size_t new_size) const noexcept {
    if (new_size <= old_size) return true;
    const std::size_t growth = new_size - old_size;
    for (const Counting* level = this; level != nullptr; level = level->parent_) {
        const std::size_t live = level->counts_.live_bytes;
        if (live > level->budget_ || growth > level->budget_ - live) [[unlikely]]
            return false;
    }
    return true;
}

void Counting::count_change(std::size_t old_size, std::size_t new_size) noexcept {
    for (Counting* level = this; level != nullptr; level = level->parent_) {
        Counts& counts = level->counts_;
        assert(old_size <= counts.live_bytes &&
               "zigmund: Counting: more bytes are given back than were taken");
        counts.live_bytes = counts.live_bytes - old_size + new_size;
        counts.peak_bytes = std::max(counts.peak_bytes, counts.live_bytes);
        if (new_size > old_size) counts.total_bytes += new_size - old_size;
    }
}

void* Counting::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    if (!admits(0, size)) return nullptr;
    void* const p = upstream_.try_allocate(size, align);
    if (p == nullptr) return nullptr;
    count_change(0, size);
    for (Counting* level = this; level != nullptr; level = level->parent_) {
        ++level->counts_.live_blocks;
        ++level->counts_.total_blocks;
    }
    return p;
}

void Counting::do_deallocate(void* p, std::size_t size, std::size_t align) noexcept {
    upstream_.deallocate(p, size, align);
    count_change(size, 0);
    for (Counting* level = this; level != nullptr; level = level->parent_) --level->counts_.live_blocks;
}

bool Counting::do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    if (!admits(old_size, new_size) || !upstream_.resize(p, old_size, align, new_size)) return false;
    count_change(old_size, new_size);
    return true;
}

void* Counting::do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    if (!admits(old_size, new_size)) return nullptr;
    void* const moved = upstream_.remap(p, old_size, align, new_size);
    if (moved != nullptr) count_change(old_size, new_size);
    return moved;
}

void Counting::print(std::FILE* out) const {
    visit([out](const Counting& at, std::size_t depth) {
        const Counts& counts = at.counts_;
        std::fprintf(out, "%*s%.*s: %zu bytes in %zu blocks, peak %zu, total %zu in %zu blocks",
                     static_cast<int>(2 * depth), "", static_cast<int>(at.name_.size()), at.name_.data(),
                     counts.live_bytes, counts.live_blocks, counts.peak_bytes, counts.total_bytes,
                     counts.total_blocks);
        if (at.budget_ != no_budget) std::fprintf(out, ", budget %zu", at.budget_);
        std::fputc('\n', out);
    });
}

}  // namespace zigmund::alloc::inline v0
