// StackEntries: where the depot keeps stacks, and what it knows of chains of frame pointers that are none.
//
// Threads: any; reading takes no lock. Nothing is ever removed. Private to the depot.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "spin_lock.hpp"
#include "stack_depot.hpp"

namespace zigmund::alloc::inline v0::detail {

using Chain = std::array<std::uintptr_t, max_stack_frames>;

enum class Kind : std::uint16_t {
    stack,       // a true stack
    unreliable,  // a frame-pointer chain that skips callers; its recipes tell which stacks it was part of
};

/// Where on the stack, counted from the frame that captures, the return addresses of a true stack were found.
/// A function that keeps no frame pointer has, at one call of it, always the same distance from its own
/// return address to its callee's; so when each place holds what it held, it is the same stack.
struct Recipe {
    std::atomic<Recipe*> next;
    StackId stack;
    std::uint32_t count;

    [[nodiscard]] std::uint32_t* places() noexcept { return reinterpret_cast<std::uint32_t*>(this + 1); }
    [[nodiscard]] const std::uint32_t* places() const noexcept {
        return reinterpret_cast<const std::uint32_t*>(this + 1);
    }
};

struct Entry {
    std::atomic<Entry*> next;
    std::uint64_t hash;
    std::atomic<Recipe*> recipes;  // of an unreliable chain
    StackId id;
    std::uint16_t count;
    Kind kind;

    /// The return addresses, right behind the entry.
    [[nodiscard]] std::uintptr_t* frames() noexcept { return reinterpret_cast<std::uintptr_t*>(this + 1); }
    [[nodiscard]] const std::uintptr_t* frames() const noexcept {
        return reinterpret_cast<const std::uintptr_t*>(this + 1);
    }
};

/// Entries in chunks of a megabyte; an entry's number is its place in them, in units of 8 bytes.
class StackEntries {
  public:
    [[nodiscard]] Entry* find(std::uint64_t hash, std::span<const std::uintptr_t> frames) const noexcept {
        const std::atomic<Entry*>* const buckets = buckets_.load(std::memory_order_acquire);
        if (buckets == nullptr) [[unlikely]]
            return nullptr;
        Entry* entry = buckets[hash % bucket_count].load(std::memory_order_acquire);
        while (entry != nullptr && !same(*entry, hash, frames))
            entry = entry->next.load(std::memory_order_acquire);
        return entry;
    }

    /// The entry for `frames`, made if there is none. Null: no memory.
    [[gnu::cold]] Entry* add(std::uint64_t hash, std::span<const std::uintptr_t> frames, Kind kind) noexcept;

    /// Notes that the chain was part of `stack`, with its return addresses at `places`.
    [[gnu::cold]] void add_recipe(Entry& chain, StackId stack,
                                  std::span<const std::uint32_t> places) noexcept;

    [[nodiscard]] const Entry* at(StackId id) const noexcept {
        if (id == 0) return nullptr;
        const std::byte* const chunk = chunks_[id / units_per_chunk].load(std::memory_order_acquire);
        return reinterpret_cast<const Entry*>(chunk + std::size_t{id % units_per_chunk} * unit);
    }

    /// Whether an entry for a stack begins where the number says: any number may ask.
    [[nodiscard]] bool has_stack(StackId id) const noexcept;

    SpinLock& lock() noexcept { return lock_; }

  private:
    static constexpr std::size_t bucket_count = 1U << 16;
    static constexpr std::size_t unit = 8;
    static constexpr std::size_t chunk_size = 1U << 20;
    static constexpr std::uint32_t units_per_chunk = chunk_size / unit;
    static constexpr std::size_t max_chunks = 1024;
    static constexpr unsigned max_recipes = 64;  // they are tried one after the other

    static bool same(const Entry& entry, std::uint64_t hash,
                     std::span<const std::uintptr_t> frames) noexcept {
        if (entry.hash != hash || entry.count != frames.size()) return false;
        // Word by word: the chain was written a moment ago, and memcmp's wide loads would wait until those
        // stores have left the processor.
        const std::uintptr_t* const known = entry.frames();
        std::size_t i = 0;
        while (i < frames.size() && known[i] == frames[i]) ++i;
        return i == frames.size();
    }

    void* take(std::size_t size) noexcept;

    SpinLock lock_;
    std::atomic<std::atomic<Entry*>*> buckets_ = nullptr;
    std::atomic<std::byte*> chunks_[max_chunks] = {};
    std::uint32_t chunk_ = 0;  // chunk 0 is never made, so that no entry has the number 0
    std::size_t used_ = chunk_size;
    StackId last_taken_ = 0;
};

extern constinit StackEntries depot;

/// A sum of products, which do not wait for each other.
inline std::uint64_t hash_of(std::span<const std::uintptr_t> frames) noexcept {
    std::uint64_t hash = frames.size();
    std::uint64_t factor = 0x9E3779B97F4A7C15U;
    for (const std::uintptr_t frame : frames) {
        hash += frame * factor;
        factor += 0xD6E8FEB86659FD92U;  // even: the factors stay odd
    }
    hash *= 0x9E3779B97F4A7C15U;
    return hash ^ (hash >> 32);
}

}  // namespace zigmund::alloc::inline v0::detail
