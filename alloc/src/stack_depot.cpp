#include "stack_depot.hpp"

#include <zigmund/alloc/sanitizer.hpp>

#include <dlfcn.h>
#include <pthread.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "page_memory.hpp"
#include "process_books.hpp"
#include "spin_lock.hpp"
#include "thread_context.hpp"

namespace zigmund::alloc::detail {
namespace {

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
class Depot {
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
    [[gnu::cold]] Entry* add(std::uint64_t hash, std::span<const std::uintptr_t> frames, Kind kind) noexcept {
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

    /// Notes that the chain was part of `stack`, with its return addresses at `places`.
    [[gnu::cold]] void add_recipe(Entry& chain, StackId stack,
                                  std::span<const std::uint32_t> places) noexcept {
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

    [[nodiscard]] const Entry* at(StackId id) const noexcept {
        if (id == 0) return nullptr;
        const std::byte* const chunk = chunks_[id / units_per_chunk].load(std::memory_order_acquire);
        return reinterpret_cast<const Entry*>(chunk + std::size_t{id % units_per_chunk} * unit);
    }

    /// Whether an entry for a stack begins where the number says: any number may ask.
    [[nodiscard]] bool has_stack(StackId id) const noexcept {
        const std::size_t chunk = id / units_per_chunk;
        const std::size_t place = std::size_t{id % units_per_chunk} * unit;
        if (chunk >= max_chunks || place + sizeof(Entry) > chunk_size) return false;
        const std::byte* const begin = chunks_[chunk].load(std::memory_order_acquire);
        if (begin == nullptr) return false;
        const auto* const entry = reinterpret_cast<const Entry*>(begin + place);
        return entry->id == id && entry->kind == Kind::stack && entry->count <= max_stack_frames;
    }

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

    void* take(std::size_t size) noexcept {
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

    SpinLock lock_;
    std::atomic<std::atomic<Entry*>*> buckets_ = nullptr;
    std::atomic<std::byte*> chunks_[max_chunks] = {};
    std::uint32_t chunk_ = 0;  // chunk 0 is never made, so that no entry has the number 0
    std::size_t used_ = chunk_size;
    StackId last_taken_ = 0;
};

constinit Depot depot;

/// A sum of products, which do not wait for each other.
std::uint64_t hash_of(std::span<const std::uintptr_t> frames) noexcept {
    std::uint64_t hash = frames.size();
    std::uint64_t factor = 0x9E3779B97F4A7C15U;
    for (const std::uintptr_t frame : frames) {
        hash += frame * factor;
        factor += 0xD6E8FEB86659FD92U;  // even: the factors stay odd
    }
    hash *= 0x9E3779B97F4A7C15U;
    return hash ^ (hash >> 32);
}

// ---- the chain of frame pointers ----

/// Whether the frame pointer `next`, saved in the frame at `at`, points up the stack.
bool leads_on(std::uintptr_t next, std::uintptr_t at, std::uintptr_t stack_high) noexcept {
    return next > at + 8 && next <= stack_high - 16 && next % 8 == 0;
}

/// Reads saved frame pointers as long as they point up this thread's stack. Return addresses are not
/// checked here: a chain is believed only after the unwind tables have confirmed it.
[[gnu::no_sanitize_address, gnu::no_sanitize_thread]] ZIGMUND_NO_SANITIZE_MEMORY std::size_t
follow_frame_pointers(const void* frame, const ThreadContext& context, unsigned depth,
                      Chain& chain) noexcept {
    auto at = reinterpret_cast<std::uintptr_t>(frame);
    std::size_t count = 0;
    if (at < context.stack_low || at >= context.stack_high) {  // a stack of the program's own making
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

// ---- the unwind tables ----

struct Unwinding {
    std::uintptr_t frame;  // where the capture began; its return address is the first of the stack
    std::uintptr_t first;
    std::uintptr_t stack_high;
    unsigned depth;
    std::size_t count = 0;
    bool begun = false;
    bool whole = true;   // the end of the stack was reached
    bool placed = true;  // each return address was found where the call put it
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

[[gnu::cold, gnu::noinline]] StackId unwind(const void* frame, const ThreadContext& context, unsigned depth,
                                            std::span<const std::uintptr_t> chain, std::uint64_t chain_hash,
                                            Entry* unreliable) noexcept {
    Unwinding found{.frame = reinterpret_cast<std::uintptr_t>(frame),
                    .first = chain[0],
                    .stack_high = context.stack_high,
                    .depth = depth};
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

// ---- what a thread captured lately ----

/// A capture, and the words of the stack that it came from: as long as they hold what they held, capturing
/// from the same frame would give the same. They are compared side by side, where following the chain waits
/// for one load after the other.
struct Remembered {
    using Wide [[gnu::vector_size(16)]] = std::uint64_t;
    static constexpr unsigned most_frames = 24;
    static constexpr unsigned at_once = 4;

    std::uintptr_t frame;  // where the capture began; 0: nothing is remembered
    std::uint32_t depth;   // that was asked for
    StackId stack;
    std::uint32_t links;  // frames that led on: their saved frame pointer and return address; full fours
    std::uint32_t words;  // single return addresses
    std::uint32_t last;   // 1 + where the frame pointer lies that led nowhere; 0: the depth was reached
    alignas(16) std::array<std::uint32_t, most_frames> link_places;  // from the frame on
    alignas(16) std::array<Wide, most_frames> link_values;
    std::array<std::uint32_t, most_frames> word_places;
    std::array<std::uint64_t, most_frames> word_values;
};

struct StackMemory {
    static constexpr unsigned index_bits = 4;

    /// The one place where a capture from `frame` is remembered, by its caller as well.
    [[gnu::no_sanitize_address, gnu::no_sanitize_thread]] ZIGMUND_NO_SANITIZE_MEMORY Remembered& at(
        const void* frame) noexcept {
        const std::uintptr_t caller = static_cast<const std::uintptr_t*>(frame)[1];
        const std::uintptr_t mixed = caller ^ caller >> 4 ^ reinterpret_cast<std::uintptr_t>(frame) >> 4;
        return all_[mixed % all_.size()].remembered;
    }

  private:
    struct alignas(1024) Place {  // a power of two: found by a shift
        Remembered remembered;
    };
    std::array<Place, 1U << index_bits> all_;
};

void forget_stacks(ThreadContext& context) noexcept {
    if (context.stacks != nullptr) unmap_pages(context.stacks, sizeof(StackMemory));
    context.stacks = nullptr;
}

namespace {

/// Whether each frame that led on still does, to the same place. `known.frame` is the frame.
[[gnu::no_sanitize_address, gnu::no_sanitize_thread,
  gnu::always_inline]] ZIGMUND_NO_SANITIZE_MEMORY inline bool
links_hold(const Remembered& known) noexcept {
    using Wide = Remembered::Wide;
    const auto* const base = reinterpret_cast<const std::byte*>(known.frame);
    Wide even = {};
    Wide odd = {};
    Wide found;
    const std::uint32_t* places = known.link_places.data();
    const Wide* values = known.link_values.data();
    const Wide* const end = values + known.links;
    static_assert(Remembered::at_once == 4);
    for (; values != end; values += 4, places += 4) {
        __builtin_memcpy(&found, base + places[0], 16);
        even |= found ^ values[0];
        __builtin_memcpy(&found, base + places[1], 16);
        odd |= found ^ values[1];
        __builtin_memcpy(&found, base + places[2], 16);
        even |= found ^ values[2];
        __builtin_memcpy(&found, base + places[3], 16);
        odd |= found ^ values[3];
    }
    even |= odd;
    return (even[0] | even[1]) == 0;
}

/// The rest: what a chain that was cut short, or is no more than a part of the stack, hangs on.
[[gnu::no_sanitize_address, gnu::no_sanitize_thread]] ZIGMUND_NO_SANITIZE_MEMORY bool words_hold(
    const Remembered& known, std::uintptr_t stack_high) noexcept {
    const auto* const base = reinterpret_cast<const std::byte*>(known.frame);
    std::uint64_t damage = 0;
    for (std::uint32_t i = 0; i < known.words; ++i)
        damage |= *reinterpret_cast<const std::uint64_t*>(base + known.word_places[i]) ^ known.word_values[i];
    return damage == 0 &&
           (known.last == 0 || !leads_on(*reinterpret_cast<const std::uintptr_t*>(base + (known.last - 1)),
                                         known.frame + (known.last - 1), stack_high));
}

/// Notes the capture of `stack`, whose chain has `count` frames. `recipe`: that told it; null: the chain did.
[[gnu::no_sanitize_address, gnu::no_sanitize_thread, gnu::noinline]] ZIGMUND_NO_SANITIZE_MEMORY void remember(
    ThreadContext& context, const void* frame, unsigned depth, std::size_t count, const Recipe* recipe,
    StackId stack) noexcept {
    if (context.number == shared_thread) return;
    if (context.stacks == nullptr) {
        context.stacks = static_cast<StackMemory*>(map_pages(sizeof(StackMemory)));
        if (context.stacks == nullptr) return;
    }
    const auto first = reinterpret_cast<std::uintptr_t>(frame);
    if (first < context.stack_low || first >= context.stack_high) return;
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

StackId capture_anew(const void* frame, unsigned depth) noexcept {
    if (depth == 0) return 0;
    ThreadContext& context = thread_context();
    Chain chain;
    const std::size_t count = follow_frame_pointers(frame, context, depth, chain);
    if (count == 0) [[unlikely]]
        return 0;
    const std::span<const std::uintptr_t> frames{chain.data(), count};
    const std::uint64_t hash = hash_of(frames);
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

StackId capture_interrupted_stack(std::uintptr_t pc, unsigned depth) noexcept {
    Unwinding found{.frame = 0, .first = pc, .stack_high = 0, .depth = depth};
    (void)_Unwind_Backtrace(unwind_one, &found);
    if (found.count == 0) found.chain[found.count++] = pc;
    ++found.chain[0];  // the others are return addresses, which lie behind the instruction that is meant
    const std::span<const std::uintptr_t> stack{found.chain.data(), found.count};
    const Entry* const entry = depot.add(~hash_of(stack), stack, Kind::stack);
    return entry == nullptr ? 0 : entry->id;
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

}  // namespace zigmund::alloc::detail
