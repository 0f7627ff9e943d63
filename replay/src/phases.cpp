#include "phases.hpp"

#include <zigmund/alloc/pages.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "filling.hpp"

namespace zigmund::replay {
namespace {

constexpr std::uint64_t shortest = 16;
constexpr std::uint64_t longest = std::uint64_t{1} << 22;
/// One in so many may outlive a phase.
constexpr std::uint64_t survivor_in = 20;

template <class T>
using Table = std::pmr::vector<T>;
using Places = Table<Filling::Place>;

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
    std::uint32_t made;   // allocations, whose numbers follow each other
};

/// Phases of one thread, all of at least one length, but for the last.
class Search {
  public:
    Search(const Trace& trace, const Life& life, std::uint64_t length, Places& places)
        : trace_{trace}, life_{life}, length_{length} {
        for (bool follows = false; at_ < life_.events.size();) {
            const std::size_t begin = at_;
            const std::uint32_t first = first_;
            const std::size_t end = find_end(places, follows);
            follows = end != begin;
            if (!follows) {
                move_on(life_.events.size(), length_);
            } else {
                dead_ += dead_of_phase_;
                move_on(end, std::numeric_limits<std::uint64_t>::max());
                phases_.push_back({begin, end, first, first_ - first});
            }
        }
    }

    [[nodiscard]] const std::vector<Phase>& phases() const noexcept { return phases_; }
    /// Allocations that die in their phase.
    [[nodiscard]] std::uint64_t dead() const noexcept { return dead_; }
    /// The least that an arena would hold at a point that it has no room for.
    [[nodiscard]] std::uint64_t least_beyond() const noexcept { return least_beyond_; }

  private:
    /// The best end of a phase that begins here; here: there is none.
    std::size_t find_end(Places& places, bool follows) {
        Filling filling{places};
        std::uint64_t made = 0;
        std::uint64_t live = 0;
        std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
        std::size_t best = at_;
        std::size_t i = at_;
        for (; i < life_.events.size(); ++i) {
            const auto& [operation, number, verb] = life_.events[i];
            if (number < first_) continue;
            if (verb == Verb::allocate) {
                if (made == 4 * length_) break;
                ++made;
                ++live;
            }
            filling.apply(trace_.operations()[operation]);
            if (verb != Verb::free) continue;
            --live;
            if (made < length_ || live * survivor_in > made) continue;
            if (!filling.is_modest()) {
                least_beyond_ = std::min(least_beyond_, filling.most_held());
                break;
            }
            if (live <= least) {
                least = live;
                best = i + 1;
                dead_of_phase_ = made - live;
            }
            if (live == 0) break;
        }
        const bool is_tail = follows && i == life_.events.size() && made > 0 && made < length_;
        if (!is_tail || live * survivor_in > made || !filling.is_modest()) return best;
        dead_of_phase_ = made - live;
        return i;
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
    std::uint64_t least_beyond_ = std::numeric_limits<std::uint64_t>::max();
    std::vector<Phase> phases_;
};

std::vector<Phase> best_phases(const Trace& trace, const Life& life, Places& places,
                               std::uint64_t& least_beyond) {
    std::vector<Search> found;
    std::uint64_t most = 0;
    for (std::uint64_t length = shortest; length <= longest && length <= life.allocations.size();
         length *= 4) {
        found.emplace_back(trace, life, length, places);
        most = std::max(most, found.back().dead());
        least_beyond = std::min(least_beyond, found.back().least_beyond());
    }
    for (const Search& search : found)
        if (most > 0 && search.dead() * 10 >= most * 9) return search.phases();
    return {};
}

/// As much as is needed: a table that grows is there twice.
void make_room(const Trace& trace, std::map<std::uint16_t, Life>& lives) {
    struct Count {
        std::size_t events = 0;
        std::size_t allocations = 0;
    };
    std::map<std::uint16_t, Count> counts;
    Table<Count*> owners(trace.slots(), nullptr, pages());
    for (const Operation& operation : trace.operations()) {
        Count*& owner = owners[operation.slot];
        if (operation.verb == Verb::allocate) {
            owner = &counts[operation.thread];
            ++owner->allocations;
        }
        ++owner->events;
    }
    for (const auto& [thread, count] : counts) {
        lives[thread].events.reserve(count.events);
        lives[thread].allocations.reserve(count.allocations);
    }
}

/// By thread.
std::map<std::uint16_t, Life> lives_of(const Trace& trace) {
    struct Owner {
        Life* life;
        std::uint32_t number;
    };
    std::map<std::uint16_t, Life> lives;
    make_room(trace, lives);
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

/// Sites that read the same are one: a program's text is all that tells them apart.
class Sites {
  public:
    explicit Sites(const Trace& trace) : trace_{trace} {}

    /// Of an allocation; 0 where none were recorded.
    std::uint32_t of(std::uint64_t operation) {
        if (!trace_.has_sites()) return 0;
        const std::uint32_t site = trace_.site(operation);
        const auto [found, is_new] = first_.try_emplace(site, site);
        if (is_new) found->second = by_name_.try_emplace(trace_.site_name(site), site).first->second;
        return found->second;
    }

  private:
    const Trace& trace_;
    std::unordered_map<std::uint32_t, std::uint32_t> first_;
    std::unordered_map<std::string, std::uint32_t> by_name_;
};

enum class Fate : std::uint8_t {
    outside,
    survives,
    mixed,  // dies, and a program cannot tell it from one that survives
    dies,
};

/// What becomes of each allocation, by its operation.
class Plan {
  public:
    Plan(const Trace& trace, Sites& sites, Phases& phases)
        : trace_{trace}, lives_{lives_of(trace)}, fates_(trace.operations().size(), Fate::outside, pages()) {
        find(phases);
        sift(sites, phases);
        for (const auto& [thread, life, phase] : found_) {
            const auto dies = [this](std::uint64_t operation) { return fates_[operation] == Fate::dies; };
            if (std::ranges::any_of(allocations_of(*life, phase), dies))
                phases.resets.push_back({life->events[phase.end - 1].operation + 1, thread});
        }
        std::ranges::sort(phases.resets, {}, &Phases::Reset::before);
    }

    [[nodiscard]] const Table<Fate>& fates() const noexcept { return fates_; }

  private:
    struct Found {
        std::uint16_t thread;
        const Life* life;
        Phase phase;
    };
    struct Count {
        std::uint64_t blocks = 0;
        std::uint64_t survivors = 0;
        std::uint64_t phases = 0;  // in which any of its blocks is made
        std::uint64_t marred = 0;  // in which one is that survives
        std::size_t seen = 0;
        std::size_t seen_marred = 0;

        void add(bool survives, std::size_t phase) noexcept {
            ++blocks;
            if (std::exchange(seen, phase) != phase) ++phases;
            if (!survives) return;
            ++survivors;
            if (std::exchange(seen_marred, phase) != phase) ++marred;
        }
        /// A FIFO has few survivors, but some in each phase.
        [[nodiscard]] bool is_mixed() const noexcept {
            return survivors * survivor_in > blocks || marred * survivor_in > phases;
        }
    };

    static std::span<const std::uint64_t> allocations_of(const Life& life, const Phase& phase) {
        return std::span{life.allocations}.subspan(phase.first, phase.made);
    }

    void find(Phases& phases) {
        Places places(trace_.slots(), Filling::Place{}, pages());
        for (const auto& [thread, life] : lives_) {
            for (const Phase& phase : best_phases(trace_, life, places, phases.least_beyond)) {
                for (const std::uint64_t operation : allocations_of(life, phase))
                    fates_[operation] = Fate::survives;
                for (std::size_t i = phase.begin; i < phase.end; ++i)
                    if (const auto& [operation, number, verb] = life.events[i];
                        verb == Verb::free && number >= phase.first)
                        fates_[life.allocations[number]] = Fate::dies;
                found_.push_back({thread, &life, phase});
            }
        }
    }

    /// Leaves to the arena what a program can tell from what survives.
    void sift(Sites& sites, Phases& phases) {
        std::unordered_map<std::uint32_t, Count> counts;
        for (std::size_t i = 0; i < found_.size(); ++i)
            for (const std::uint64_t operation : allocations_of(*found_[i].life, found_[i].phase))
                counts[sites.of(operation)].add(fates_[operation] == Fate::survives, i + 1);
        if (!trace_.has_sites()) {
            phases.told_apart = !counts[0].is_mixed();
            return;
        }
        for (const auto& [thread, life, phase] : found_)
            for (const std::uint64_t operation : allocations_of(*life, phase))
                if (fates_[operation] == Fate::dies && counts[sites.of(operation)].is_mixed())
                    fates_[operation] = Fate::mixed;
    }

    const Trace& trace_;
    std::map<std::uint16_t, Life> lives_;
    std::vector<Found> found_;
    Table<Fate> fates_;
};

/// Fills in what the arenas hold and what survives.
class Account {
  public:
    Account(const Trace& trace, Sites& sites, Phases& phases, const Table<Fate>& fates)
        : trace_{trace}, sites_{sites}, phases_{phases} {
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
            if (in_arena)
                arenas_.try_emplace(owners_[operation.slot], places_).first->second.apply(operation);
            ++i;
        }
        for (; next_reset != phases.resets.end(); ++next_reset) reset(next_reset->thread);
        finish();
    }

  private:
    void reset(std::uint16_t thread) {
        const auto arena = arenas_.find(thread);
        all_held_.push_back(arena->second.most_held());
        arenas_.erase(arena);
    }

    void count(Fate fate, std::uint64_t operation) {
        if (fate == Fate::outside) ++phases_.outside;
        if (fate == Fate::mixed) ++phases_.mixed;
        if (fate == Fate::dies) ++phases_.allocations;
        if (fate != Fate::survives) return;
        const std::uint64_t size = trace_.operations()[operation].size;
        ++phases_.survivors;
        phases_.survivor_bytes += size;
        const std::uint32_t site = sites_.of(operation);
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
    Sites& sites_;
    Phases& phases_;
    Table<std::uint16_t> owners_{trace_.slots(), 0, pages()};
    Places places_{trace_.slots(), Filling::Place{}, pages()};
    std::map<std::uint16_t, Filling> arenas_;  // that hold something, by thread
    Table<std::uint64_t> all_held_{pages()};
    std::map<std::uint32_t, Survivors> by_site_;
};

}  // namespace

Phases find_phases(const Trace& trace) {
    Phases phases;
    Sites sites{trace};
    const Plan plan{trace, sites, phases};
    Account{trace, sites, phases, plan.fates()};
    return phases;
}

}  // namespace zigmund::replay
