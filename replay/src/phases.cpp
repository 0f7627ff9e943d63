#include "phases.hpp"

#include <zigmund/alloc/pages.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace zigmund::replay {
namespace {

constexpr std::uint64_t shortest = 16;
constexpr std::uint64_t longest = std::uint64_t{1} << 22;
/// One in so many may outlive a phase.
constexpr std::uint64_t survivor_in = 20;
/// An arena may hold so many times what the program has live at its peak.
constexpr std::uint64_t held_at_most = 4;

template <class T>
using Table = std::pmr::vector<T>;

std::pmr::memory_resource* pages() { return &alloc::pages().resource(); }

/// What happens to the blocks of one thread, in the order of the trace.
struct Life {
    struct Event {
        std::uint64_t operation;
        std::uint32_t number;  // which of the thread's allocations it is, or was
        Verb verb;
    };
    Table<Event> events{pages()};
    Table<std::uint64_t> allocations{pages()};  // their operations
};

/// [begin, end) of the thread's events.
struct Phase {
    std::size_t begin;
    std::size_t end;
    std::uint32_t first;  // number of its first allocation
};

/// Phases of one thread, all of at least one length.
class Search {
  public:
    Search(const Trace& trace, const Life& life, std::uint64_t length)
        : trace_{trace}, life_{life}, length_{length} {
        while (at_ < life_.events.size()) {
            const std::size_t end = find_end();
            if (end == at_) {
                move_on(life_.events.size(), length_);
            } else {
                phases_.push_back({at_, end, first_});
                dead_ += dead_of_phase_;
                move_on(end, std::numeric_limits<std::uint64_t>::max());
            }
        }
    }

    [[nodiscard]] const std::vector<Phase>& phases() const noexcept { return phases_; }
    /// Allocations that die in their phase.
    [[nodiscard]] std::uint64_t dead() const noexcept { return dead_; }

  private:
    /// The best end of a phase that begins here; here: there is none.
    std::size_t find_end() {
        const std::uint64_t room = held_at_most * trace_.summary().peak_bytes;
        std::uint64_t made = 0;
        std::uint64_t live = 0;
        std::uint64_t held = 0;
        std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
        std::size_t best = at_;
        for (std::size_t i = at_; i < life_.events.size(); ++i) {
            const auto& [operation, number, verb] = life_.events[i];
            if (number < first_) continue;
            if (verb != Verb::free) {
                // An arena that has to move a block keeps the old one.
                held += trace_.operations()[operation].size;
                if (held > room || made == 4 * length_) break;
                if (verb == Verb::resize) continue;
                ++made;
                ++live;
                continue;
            }
            --live;
            if (made < length_ || live * survivor_in > made) continue;
            if (live <= least) {
                least = live;
                best = i + 1;
                dead_of_phase_ = made - live;
            }
            if (live == 0) break;
        }
        return best;
    }

    /// To an event, or before it to where `most` allocations were passed.
    void move_on(std::size_t event, std::uint64_t most) {
        for (std::uint64_t passed = 0; at_ < event; ++at_) {
            if (life_.events[at_].verb != Verb::allocate) continue;
            if (passed++ == most) return;
            ++first_;
        }
    }

    const Trace& trace_;
    const Life& life_;
    std::uint64_t length_;
    std::size_t at_ = 0;
    std::uint32_t first_ = 0;  // number of the next allocation
    std::uint64_t dead_of_phase_ = 0;
    std::uint64_t dead_ = 0;
    std::vector<Phase> phases_;
};

std::vector<Phase> best_phases(const Trace& trace, const Life& life) {
    std::vector<Search> found;
    std::uint64_t most = 0;
    for (std::uint64_t length = shortest; length <= longest && length <= life.allocations.size();
         length *= 4) {
        found.emplace_back(trace, life, length);
        most = std::max(most, found.back().dead());
    }
    for (const Search& search : found)
        if (most > 0 && search.dead() * 10 >= most * 9) return search.phases();
    return {};
}

/// By thread.
std::map<std::uint16_t, Life> lives_of(const Trace& trace) {
    struct Owner {
        Life* life;
        std::uint32_t number;
    };
    std::map<std::uint16_t, Life> lives;
    Table<Owner> owners(trace.slots(), Owner{}, pages());
    for (std::uint64_t i = 0; const Operation& operation : trace.operations()) {
        Owner& owner = owners[operation.slot];
        if (operation.verb == Verb::allocate) {
            Life& life = lives[operation.thread];
            owner = {&life, static_cast<std::uint32_t>(life.allocations.size())};
            life.allocations.push_back(i);
        }
        owner.life->events.push_back({i, owner.number, operation.verb});
        ++i;
    }
    return lives;
}

enum class Fate : std::uint8_t { outside, survives, dies };

/// What becomes of each allocation, by its operation.
Table<Fate> lay_out(const Trace& trace, Phases& phases) {
    Table<Fate> fates(trace.operations().size(), Fate::outside, pages());
    for (const auto& [thread, life] : lives_of(trace)) {
        for (const Phase& phase : best_phases(trace, life)) {
            for (std::size_t i = phase.begin; i < phase.end; ++i) {
                const auto& [operation, number, verb] = life.events[i];
                if (verb == Verb::allocate) {
                    fates[operation] = Fate::survives;
                } else if (verb == Verb::free && number >= phase.first) {
                    fates[life.allocations[number]] = Fate::dies;
                }
            }
            phases.resets.push_back({life.events[phase.end - 1].operation + 1, thread});
        }
    }
    std::ranges::sort(phases.resets, {}, &Phases::Reset::before);
    return fates;
}

/// Fills in what the arenas hold and what survives.
class Account {
  public:
    Account(const Trace& trace, Phases& phases, const Table<Fate>& fates) : trace_{trace}, phases_{phases} {
        Table<bool> is_in_arena(trace.slots(), false, pages());
        auto next_reset = phases.resets.begin();
        phases.in_arena.reserve(fates.size());
        for (std::uint64_t i = 0; const Operation& operation : trace.operations()) {
            for (; next_reset != phases.resets.end() && next_reset->before == i; ++next_reset)
                reset(next_reset->thread);
            if (operation.verb == Verb::allocate) {
                is_in_arena[operation.slot] = fates[i] == Fate::dies;
                owners_[operation.slot] = operation.thread;
                count(fates[i], i);
            }
            const bool in_arena = is_in_arena[operation.slot];
            phases.in_arena.push_back(in_arena);
            if (in_arena && operation.verb != Verb::free)
                held_[owners_[operation.slot]] += (operation.size + 15) / 16 * 16;
            ++i;
        }
        for (; next_reset != phases.resets.end(); ++next_reset) reset(next_reset->thread);
        finish();
    }

  private:
    void reset(std::uint16_t thread) { all_held_.push_back(std::exchange(held_[thread], 0)); }

    void count(Fate fate, std::uint64_t operation) {
        if (fate == Fate::outside) ++phases_.outside;
        if (fate == Fate::dies) ++phases_.allocations;
        if (fate != Fate::survives) return;
        const std::uint64_t size = trace_.operations()[operation].size;
        ++phases_.survivors;
        phases_.survivor_bytes += size;
        const std::uint32_t site = trace_.has_sites() ? trace_.site(operation) : 0;
        Survivors& at = by_site_[site];
        at.site = site;
        ++at.blocks;
        at.bytes += size;
    }

    void finish() {
        for (const auto& [site, survivors] : by_site_) phases_.sites.push_back(survivors);
        std::ranges::sort(phases_.sites, [](const Survivors& one, const Survivors& other) {
            return one.bytes != other.bytes ? one.bytes > other.bytes : one.site < other.site;
        });
        if (all_held_.empty()) return;
        std::ranges::sort(all_held_);
        phases_.most_held = all_held_.back();
        phases_.median_held = all_held_[all_held_.size() / 2];
    }

    const Trace& trace_;
    Phases& phases_;
    Table<std::uint16_t> owners_{trace_.slots(), 0, pages()};
    std::map<std::uint16_t, std::uint64_t> held_;
    Table<std::uint64_t> all_held_{pages()};
    std::map<std::uint32_t, Survivors> by_site_;
};

}  // namespace

Phases find_phases(const Trace& trace) {
    Phases phases;
    const Table<Fate> fates = lay_out(trace, phases);
    Account{trace, phases, fates};
    return phases;
}

}  // namespace zigmund::replay
