#include "stack_depot.hpp"

#include <algorithm>

#include "page_memory.hpp"
#include "process_books.hpp"
#include "stack_entries.hpp"

namespace zigmund::alloc::inline v0::detail {

constinit StackEntries depot;

Entry* StackEntries::add(std::uint64_t hash, std::span<const std::uintptr_t> frames, Kind kind) noexcept {
    const SpinGuard guard{lock_};
    if (Entry* entry = find(hash, frames); entry != nullptr) return entry;
    if (buckets_.load(std::memory_order_relaxed) == nullptr) {
        auto* buckets = static_cast<std::atomic<Entry*>*>(map_pages(bucket_count * sizeof(void*)));
        if (buckets == nullptr) return nullptr;
        buckets_.store(buckets, std::memory_order_release);
    }
    auto* const entry = static_cast<Entry*>(take(sizeof(Entry) + frames.size_bytes()));
    if (entry == nullptr) return nullptr;
    entry->id = last_taken_;
    entry->hash = hash;
    entry->count = static_cast<std::uint16_t>(frames.size());
    entry->kind = kind;
    std::copy(frames.begin(), frames.end(), entry->frames());
    std::atomic<Entry*>& head = buckets_.load(std::memory_order_relaxed)[hash % bucket_count];
    entry->next.store(head.load(std::memory_order_relaxed), std::memory_order_relaxed);
    head.store(entry, std::memory_order_release);
    return entry;
}

void StackEntries::add_recipe(Entry& chain, StackId stack, std::span<const std::uint32_t> places) noexcept {
    const SpinGuard guard{lock_};
    unsigned known = 0;
    for (const Recipe* recipe = chain.recipes.load(std::memory_order_acquire); recipe != nullptr;
         recipe = recipe->next.load(std::memory_order_acquire))
        ++known;
    if (known == max_recipes) return;
    auto* const recipe = static_cast<Recipe*>(take(sizeof(Recipe) + places.size_bytes()));
    if (recipe == nullptr) return;
    recipe->stack = stack;
    recipe->count = static_cast<std::uint32_t>(places.size());
    std::copy(places.begin(), places.end(), recipe->places());
    recipe->next.store(chain.recipes.load(std::memory_order_relaxed), std::memory_order_relaxed);
    chain.recipes.store(recipe, std::memory_order_release);
}

bool StackEntries::has_stack(StackId id) const noexcept {
    const std::size_t chunk = id / units_per_chunk;
    const std::size_t place = std::size_t{id % units_per_chunk} * unit;
    if (chunk >= max_chunks || place + sizeof(Entry) > chunk_size) return false;
    const std::byte* const begin = chunks_[chunk].load(std::memory_order_acquire);
    if (begin == nullptr) return false;
    const auto* const entry = reinterpret_cast<const Entry*>(begin + place);
    return entry->id == id && entry->kind == Kind::stack && entry->count <= max_stack_frames;
}

void* StackEntries::take(std::size_t size) noexcept {
    size = (size + unit - 1) & ~(unit - 1);
    if (used_ + size > chunk_size) {
        if (chunk_ + 1 >= max_chunks) return nullptr;
        auto* fresh = static_cast<std::byte*>(map_pages(chunk_size));
        if (fresh == nullptr) return nullptr;
        chunks_[++chunk_].store(fresh, std::memory_order_release);
        used_ = 0;
    }
    last_taken_ = chunk_ * units_per_chunk + static_cast<StackId>(used_ / unit);
    void* const taken = chunks_[chunk_].load(std::memory_order_relaxed) + used_;
    used_ += size;
    return taken;
}

bool is_stack(StackId id) noexcept { return depot.has_stack(id); }

std::span<const std::uintptr_t> stack_frames(StackId id) noexcept {
    // The number may come from a header that somebody has overwritten.
    if (!depot.has_stack(id)) return {};
    const Entry* const entry = depot.at(id);
    return {entry->frames(), entry->count};
}

void lock_stack_depot() noexcept { depot.lock().lock(); }
void unlock_stack_depot() noexcept { depot.lock().unlock(); }

}  // namespace zigmund::alloc::inline v0::detail
