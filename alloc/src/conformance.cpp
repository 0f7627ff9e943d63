#include <zigmund/alloc/testing/conformance.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <random>
#include <thread>

#include "text.hpp"

namespace zigmund::alloc::inline v0::testing {
namespace {

using alloc::detail::text;

class Violations {
  public:
    /// Under what circumstances the calls that follow are made; closes each message.
    void circumstances(std::string now) {
        const std::scoped_lock lock{mutex_};
        circumstances_ = std::move(now);
    }

    void add(std::string violation) {
        const std::scoped_lock lock{mutex_};
        ++found_;
        // One broken rule is broken often; the others are to be seen as well.
        if (texts_.size() == most_reported || ++kinds_[without_digits(violation)] > most_alike) return;
        if (!circumstances_.empty()) violation += text(" (", circumstances_, ")");
        texts_.push_back(std::move(violation));
    }

    /// There is no point in going on.
    [[nodiscard]] bool enough() const {
        const std::scoped_lock lock{mutex_};
        return found_ > most_found;
    }

    [[nodiscard]] std::vector<std::string> take() {
        if (found_ != texts_.size()) texts_.push_back(text("and ", found_ - texts_.size(), " more"));
        return std::move(texts_);
    }

  private:
    static constexpr std::size_t most_reported = 20;
    static constexpr std::size_t most_alike = 3;
    static constexpr std::size_t most_found = 2000;

    static std::string without_digits(std::string violation) {
        std::erase_if(violation, [](char c) { return c >= '0' && c <= '9'; });
        return violation;
    }

    mutable std::mutex mutex_;
    std::string circumstances_;
    std::vector<std::string> texts_;
    std::map<std::string, std::size_t> kinds_;
    std::size_t found_ = 0;
};

// The content of a block: a sequence of period 251 that starts at the block's own phase, so that bytes of
// another block and bytes that moved by any offset below 251 are both seen.
class Pattern {
  public:
    static void write(void* p, std::size_t size, std::size_t phase) noexcept {
        for_each_run(size, phase, [p](std::size_t at, const unsigned char* run, std::size_t length) {
            std::memcpy(static_cast<unsigned char*>(p) + at, run, length);
            return true;
        });
    }

    static bool matches(const void* p, std::size_t size, std::size_t phase) noexcept {
        return for_each_run(size, phase, [p](std::size_t at, const unsigned char* run, std::size_t length) {
            return std::memcmp(static_cast<const unsigned char*>(p) + at, run, length) == 0;
        });
    }

  private:
    static constexpr std::size_t period = 251;
    static constexpr std::size_t run_length = period * 64;

    template <class Visit>
    static bool for_each_run(std::size_t size, std::size_t phase, Visit visit) noexcept {
        static const auto table = [] {
            std::array<unsigned char, run_length + period> bytes{};
            for (std::size_t i = 0; i < bytes.size(); ++i) {
                bytes[i] = static_cast<unsigned char>(i % period + 1);
            }
            return bytes;
        }();
        for (std::size_t at = 0; at < size; at += run_length) {
            if (!visit(at, table.data() + phase % period, std::min(run_length, size - at))) return false;
        }
        return true;
    }
};

struct Block {
    void* p;
    std::size_t size;
    std::size_t align;
    std::size_t phase;
};

std::string name(const Block& block) {
    return text("block of ", block.size, " bytes, alignment ", block.align);
}

// The blocks that one user holds of a resource, and the four verbs with all that must hold for each.
class User {
  public:
    User(Resource& resource, Violations& violations) : resource_{resource}, violations_{violations} {}

    User(const User&) = delete;
    User& operator=(const User&) = delete;
    ~User() { release_all(); }

    /// A filled block, or none: then `null_is_fine` or a violation.
    std::optional<Block> allocate(std::size_t size, std::size_t align, bool throwing, bool null_is_fine) {
        void* const p = throwing ? allocate_throwing(size, align) : resource_.try_allocate(size, align);
        if (p == nullptr) {
            if (!null_is_fine)
                violations_.add(text(verb(throwing), "(", size, ", ", align, ") has no memory"));
            return std::nullopt;
        }
        const Block block{p, size, align, next_phase_++};
        if (!place(block, verb(throwing))) return std::nullopt;
        Pattern::write(p, size, block.phase);
        ++served_;
        return block;
    }

    void release(const Block& block) {
        check_content(block, "before it was freed");
        forget(block);
        resource_.deallocate(block.p, block.size, block.align);
    }

    /// The block as it is afterwards.
    Block resize(const Block& block, std::size_t new_size) {
        if (!resource_.resize(block.p, block.size, block.align, new_size)) {
            check_content(block, text("after resize to ", new_size, " was refused"));
            return block;
        }
        if (new_size > block.size) ++grown_;
        return accept(block, block.p, new_size, "resize");
    }

    Block remap(const Block& block, std::size_t new_size) {
        void* const p = resource_.remap(block.p, block.size, block.align, new_size);
        if (p == nullptr) {
            check_content(block, text("after remap to ", new_size, " was refused"));
            return block;
        }
        ++remapped_;
        return accept(block, p, new_size, "remap");
    }

    void check_content(const Block& block, std::string_view when) {
        if (Pattern::matches(block.p, block.size, block.phase)) return;
        violations_.add(text("a ", name(block), " changed while nobody wrote it: seen ", when));
        Pattern::write(block.p, block.size, block.phase);  // report it once
    }

    void check_all(std::string_view when) {
        for (const auto& [address, block] : live_) check_content(block, when);
    }

    void release_all() {
        while (!live_.empty()) release(Block{live_.begin()->second});
        while (!empty_.empty()) release(Block{empty_.back()});
    }

    [[nodiscard]] std::size_t served() const noexcept { return served_; }
    [[nodiscard]] std::size_t grown() const noexcept { return grown_; }
    [[nodiscard]] std::size_t remapped() const noexcept { return remapped_; }
    [[nodiscard]] Resource& resource() const noexcept { return resource_; }

  private:
    static std::string_view verb(bool throwing) { return throwing ? "allocate" : "try_allocate"; }

    // The standard promises the compiler an aligned pointer here; an allocator that breaks the promise is to
    // be found by this suite, with its own words, and not by a sanitizer.
    __attribute__((no_sanitize("alignment"))) void* allocate_throwing(std::size_t size, std::size_t align) {
#if defined(__cpp_exceptions)
        try {
            return resource_.allocate(size, align);
        } catch (const std::bad_alloc&) {
            return nullptr;
        } catch (...) {
            violations_.add(
                text("allocate(", size, ", ", align, ") threw something else than std::bad_alloc"));
            return nullptr;
        }
#else
        return resource_.try_allocate(size, align);
#endif
    }

    /// The block after a resize or remap that was granted.
    Block accept(const Block& old, void* p, std::size_t new_size, std::string_view verb) {
        forget(old);
        const Block block{p, new_size, old.align, old.phase};
        const std::size_t kept = std::min(old.size, new_size);
        const std::string call = text(verb, " from ", old.size, " to ", new_size, " bytes");
        if (!place(block, call)) return old;
        if (!Pattern::matches(p, kept, block.phase)) {
            violations_.add(text(call, " lost the content"));
        }
        Pattern::write(p, new_size, block.phase);
        return block;
    }

    /// False: it must not be written, nor given back.
    bool place(const Block& block, std::string_view call) {
        const auto address = reinterpret_cast<std::uintptr_t>(block.p);
        if (address % block.align != 0) {
            violations_.add(text(call, ": the ", name(block), ", is misaligned by ", address % block.align));
        }
        if (block.size == 0) {
            empty_.push_back(block);
            return true;
        }
        if (address + (block.size - 1) < address) {
            violations_.add(text(call, ": the ", name(block), ", reaches past the end of the address space"));
            return false;
        }
        const auto next = live_.lower_bound(address);
        const bool meets_next = next != live_.end() && next->first - address < block.size;
        const bool meets_previous =
            next != live_.begin() && address - std::prev(next)->first < std::prev(next)->second.size;
        if (meets_next || meets_previous) {
            const Block& other = meets_next ? next->second : std::prev(next)->second;
            violations_.add(text(call, ": the ", name(block), ", overlaps a live ", name(other)));
            return false;
        }
        live_.emplace(address, block);
        return true;
    }

    void forget(const Block& block) {
        if (block.size != 0) {
            live_.erase(reinterpret_cast<std::uintptr_t>(block.p));
            return;
        }
        const auto found = std::find_if(empty_.begin(), empty_.end(),
                                        [&](const Block& empty) { return empty.phase == block.phase; });
        if (found != empty_.end()) empty_.erase(found);
    }

    Resource& resource_;
    Violations& violations_;
    std::map<std::uintptr_t, Block> live_;
    std::vector<Block> empty_;
    std::size_t next_phase_ = 1;
    std::size_t served_ = 0;
    std::size_t grown_ = 0;
    std::size_t remapped_ = 0;
};

// Deterministic, and the same on every standard library, which std::uniform_int_distribution is not.
class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_{seed} {}
    std::size_t below(std::size_t end) { return static_cast<std::size_t>(engine_() % end); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    /// Small ones often, big ones now and then: each order of magnitude alike.
    std::size_t size(std::size_t most) {
        const auto order = below(static_cast<std::size_t>(std::bit_width(most)) + 1);
        return std::min(most, below((std::size_t{1} << order) + 1));
    }
    std::size_t align(std::size_t most) {
        const auto orders = static_cast<std::size_t>(std::bit_width(most));
        const std::size_t order = one_in(4) ? below(orders) : std::min(below(5), orders - 1);
        return std::size_t{1} << order;
    }

  private:
    std::mt19937_64 engine_;
};

std::vector<std::size_t> interesting_sizes(std::size_t most) {
    std::vector<std::size_t> sizes;
    for (std::size_t size = 0; size <= std::min<std::size_t>(most, 72); ++size) sizes.push_back(size);
    for (std::size_t power = 128; power / 2 <= most; power *= 2) {
        for (const std::size_t size : {power / 2 + power / 4, power - 1, power, power + 1}) {
            if (size <= most) sizes.push_back(size);
        }
    }
    return sizes;
}

/// An upstream (if there is to be one) and the allocator on it, made afresh.
class Subject {
  public:
    explicit Subject(Resource& resource) : resource_{&resource} {}
    Subject(const MakeResource& make, CheckedUpstream::Growth growth) : make_{&make}, growth_{growth} {}

    /// Calls `rule(resource, upstream)` with an allocator that nobody has used, if one can be made; without
    /// an upstream, with the one that there is, and null.
    template <class Rule>
    void with_fresh(Violations& violations, Rule rule) {
        if (make_ == nullptr) {
            rule(*resource_, nullptr);
        } else {
            over_upstream(violations, rule);
        }
    }

    /// Reports what the upstream has to say about it as well. `fail_at`: which of the upstream's calls
    /// fails. Returns how many calls it got.
    template <class Rule>
    std::size_t over_upstream(Violations& violations, Rule rule, std::size_t fail_at = SIZE_MAX,
                              bool and_later = false) {
        CheckedUpstream upstream{growth_};
        if (fail_at != SIZE_MAX) upstream.fail_at(fail_at, and_later);
        if (const std::unique_ptr<Resource> fresh = make_one(upstream, violations, fail_at)) {
            rule(*fresh, &upstream);
        }
        for (std::string& violation : upstream.violations()) violations.add(std::move(violation));
        if (upstream.live_blocks() != 0) {
            violations.add(text("it died without giving back ", upstream.live_blocks(), " blocks, ",
                                upstream.live_bytes(), " bytes, of its upstream"));
        }
        return upstream.calls();
    }

    [[nodiscard]] bool has_upstream() const noexcept { return make_ != nullptr; }

  private:
    std::unique_ptr<Resource> make_one(Resource& upstream, Violations& violations,
                                       std::size_t fail_at) const {
#if defined(__cpp_exceptions)
        try {
            return (*make_)(upstream);
        } catch (const std::bad_alloc&) {
            if (fail_at == SIZE_MAX) violations.add("it could not be made: std::bad_alloc");
            return nullptr;
        }
#else
        (void)violations, (void)fail_at;
        return (*make_)(upstream);
#endif
    }

    Resource* resource_ = nullptr;
    const MakeResource* make_ = nullptr;
    CheckedUpstream::Growth growth_ = CheckedUpstream::Growth::refuses;
};

class Suite {
  public:
    Suite(Subject subject, const ConformanceOptions& options, Violations& violations)
        : subject_{subject}, options_{options}, violations_{violations} {}

    void run() {
        subject_.with_fresh(violations_, [this](Resource& r, const CheckedUpstream*) { empty_blocks(r); });
        for (std::size_t align = 1; align <= options_.max_align && !violations_.enough(); align *= 2) {
            subject_.with_fresh(violations_,
                                [&](Resource& r, const CheckedUpstream*) { every_size(r, align); });
        }
        subject_.with_fresh(violations_, [this](Resource& r, const CheckedUpstream*) { oversized(r); });
        for (std::uint64_t seed = options_.seed; seed < options_.seed + 8 && !violations_.enough(); ++seed) {
            subject_.with_fresh(violations_,
                                [&](Resource& r, const CheckedUpstream*) { random_calls(r, seed); });
        }
        if (options_.frees) {
            subject_.with_fresh(
                violations_, [this](Resource& r, const CheckedUpstream* up) { freed_memory_returns(r, up); });
        }
        if (subject_.has_upstream()) {
            upstream_failures(false);
            upstream_failures(true);
        }
        if (options_.threads > 1) {
            subject_.with_fresh(violations_,
                                [this](Resource& r, const CheckedUpstream*) { many_threads(r); });
        }
    }

    [[nodiscard]] std::size_t grown() const noexcept { return grown_; }
    [[nodiscard]] std::size_t remapped() const noexcept { return remapped_; }

  private:
    void empty_blocks(Resource& resource) {
        violations_.circumstances("blocks of size 0");
        User user{resource, violations_};
        std::vector<Block> blocks;
        for (std::size_t align = 1; align <= options_.max_align; align *= 2) {
            for (int twice = 0; twice < 2; ++twice) {
                if (const auto block = user.allocate(0, align, twice == 0, options_.may_refuse)) {
                    blocks.push_back(*block);
                }
            }
        }
        // Two that share an address must not both grow there; and one must not grow into what follows it.
        for (Block& block : blocks) block = user.resize(block, std::min<std::size_t>(8, options_.max_size));
        for (Block& block : blocks) block = user.remap(block, std::min<std::size_t>(24, options_.max_size));
        for (Block& block : blocks) block = user.resize(block, 0);
        if (const auto block =
                user.allocate(std::min<std::size_t>(64, options_.max_size), 1, false, options_.may_refuse)) {
            blocks.push_back(*block);
        }
        user.check_all("after blocks of size 0 were resized");
        for (const Block& block : blocks) user.release(block);
        note(user);
    }

    void every_size(Resource& resource, std::size_t align) {
        violations_.circumstances(text("every size with alignment ", align));
        User user{resource, violations_};
        Random random{options_.seed};
        std::vector<Block> blocks;
        for (const std::size_t size : interesting_sizes(options_.max_size)) {
            // Whatever the fill level, the next address must be right.
            const std::size_t filler = 1 + random.below(std::min<std::size_t>(67, options_.max_size));
            for (const auto& [bytes, alignment] :
                 {std::pair{filler, std::size_t{1}}, std::pair{size, align}}) {
                const auto block = user.allocate(bytes, alignment, random.one_in(2), options_.may_refuse);
                if (block) blocks.push_back(*block);
            }
            while (blocks.size() > 8 || (size > 4096 && blocks.size() > 2)) {
                const auto victim = blocks.begin() + static_cast<std::ptrdiff_t>(random.below(blocks.size()));
                user.release(*victim);
                blocks.erase(victim);
            }
        }
        if (options_.never_serves) {
            if (user.served() != 0) violations_.add("it served a request");
        } else if (user.served() == 0) {
            violations_.add("it refused every request");
        }
        note(user);
    }

    void oversized(Resource& resource) {
        violations_.circumstances("sizes that overflow");
        User user{resource, violations_};
        const auto kept =
            user.allocate(std::min<std::size_t>(100, options_.max_size), 1, false, options_.may_refuse);
        for (std::size_t align = 1; align <= options_.max_align; align *= 2) {
            for (const std::size_t base : {SIZE_MAX, SIZE_MAX - align, SIZE_MAX / 2 + align}) {
                for (std::size_t k = 0; k < 40; ++k) {
                    const std::size_t size = base - k;
                    for (const bool throwing : {false, true}) {
                        if (throwing && k % 8 != 0) continue;
                        refuse_oversized(user, size, align, throwing);
                    }
                    if (kept) refuse_oversized_growth(user, *kept, size);
                    if (violations_.enough()) return;
                }
            }
        }
        if (kept) user.check_content(*kept, "after sizes that overflow were refused");
        (void)user.allocate(1, 1, false, options_.may_refuse);
    }

    void refuse_oversized(User& user, std::size_t size, std::size_t align, bool throwing) {
        void* p = nullptr;
#if defined(__cpp_exceptions)
        if (throwing) {
            try {
                p = user.resource().allocate(size, align);
            } catch (const std::bad_alloc&) {
                return;
            } catch (...) {
                violations_.add(text("allocate(SIZE_MAX - ", SIZE_MAX - size, ", ", align,
                                     ") threw something else than std::bad_alloc"));
                return;
            }
        }
#endif
        if (!throwing) p = user.resource().try_allocate(size, align);
        if (p == nullptr) return;
        violations_.add(text(throwing ? "allocate" : "try_allocate", "(SIZE_MAX - ", SIZE_MAX - size, ", ",
                             align, ") was granted"));
        user.resource().deallocate(p, size, align);
    }

    void refuse_oversized_growth(User& user, const Block& kept, std::size_t size) {
        if (user.resource().resize(kept.p, kept.size, kept.align, size)) {
            violations_.add(text("resize to SIZE_MAX - ", SIZE_MAX - size, " was granted"));
            (void)user.resource().resize(kept.p, size, kept.align, kept.size);
        }
        if (user.resource().remap(kept.p, kept.size, kept.align, size) != nullptr) {
            violations_.add(text("remap to SIZE_MAX - ", SIZE_MAX - size, " was granted"));
            (void)user.resource().resize(kept.p, size, kept.align, kept.size);
        }
    }

    /// A random sequence of all verbs. Holds at most some 4 MiB at a time.
    void random_calls(Resource& resource, std::uint64_t seed) {
        violations_.circumstances(text("random calls, seed ", seed));
        User user{resource, violations_};
        mix(user, seed, 2000, options_.max_size, options_.max_align, options_.may_refuse);
        user.check_all("at the end");
        note(user);
    }

    void mix(User& user, std::uint64_t seed, std::size_t count, std::size_t most, std::size_t most_aligned,
             bool null_is_fine) {
        constexpr std::size_t most_held = std::size_t{4} << 20;
        constexpr std::size_t most_blocks = 48;
        Random random{seed};
        std::vector<Block> blocks;
        std::size_t held = 0;
        for (std::size_t call = 0; call < count && !violations_.enough(); ++call) {
            // The newest block is where bump allocators have their special cases.
            const std::size_t chosen =
                blocks.empty() ? 0 : (random.one_in(2) ? blocks.size() - 1 : random.below(blocks.size()));
            const std::size_t verb = random.below(8);
            const bool full = held > most_held || blocks.size() == most_blocks;
            if (blocks.empty() || (verb < 3 && !full)) {
                const auto block = user.allocate(random.size(most), random.align(most_aligned),
                                                 random.one_in(4), null_is_fine);
                if (!block) continue;
                blocks.push_back(*block);
                held += block->size;
            } else if (verb < 5 || full) {
                held -= blocks[chosen].size;
                user.release(blocks[chosen]);
                blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(chosen));
            } else {
                Block& block = blocks[chosen];
                const std::size_t near = block.size + random.below(64);
                const std::size_t new_size = random.one_in(2) ? random.size(most) : std::min(most, near);
                held -= block.size;
                block = verb == 5 ? user.remap(block, new_size) : user.resize(block, new_size);
                held += block.size;
            }
        }
    }

    /// Many times more than fits, through few bytes at a time.
    void freed_memory_returns(Resource& resource, const CheckedUpstream* upstream) {
        violations_.circumstances("memory that was freed");
        constexpr std::size_t pairs = 16384;
        const std::size_t size = std::min<std::size_t>(options_.max_size, 4096);
        for (std::size_t pair = 0; pair < pairs; ++pair) {
            void* const p = resource.try_allocate(size, 1);
            if (p == nullptr) {
                violations_.add(text("there is no memory after ", pair, " blocks of ", size,
                                     " bytes that were all freed"));
                return;
            }
            resource.deallocate(p, size, 1);
        }
        if (upstream != nullptr && upstream->live_bytes() > pairs * size / 2) {
            violations_.add(text("it holds ", upstream->live_bytes(), " bytes of its upstream after ", pairs,
                                 " blocks of ", size, " bytes that were all freed"));
        }
    }

    /// The same calls again and again, with each of the upstream's calls failing in turn.
    void upstream_failures(bool and_later) {
        constexpr std::size_t calls = 120;
        const std::size_t most = std::min<std::size_t>(options_.max_size, 20000);
        const std::size_t most_aligned = std::min<std::size_t>(options_.max_align, 4096);
        std::size_t reached = SIZE_MAX;
        for (std::size_t fail_at = 0; fail_at < reached && !violations_.enough(); ++fail_at) {
            violations_.circumstances(
                text("the upstream fails at its call ", fail_at, and_later ? " and at all later ones" : ""));
            const auto rule = [&](Resource& resource, CheckedUpstream* upstream) {
                User user{resource, violations_};
                mix(user, options_.seed, calls, most, most_aligned, true);
                user.check_all("after the upstream had failed");
                upstream->fail_never();
                (void)user.allocate(std::min<std::size_t>(options_.max_size, 1000), 1, false,
                                    options_.may_refuse);
            };
            reached = subject_.over_upstream(violations_, rule, fail_at, and_later);
        }
    }

    void many_threads(Resource& resource) {
        violations_.circumstances(text(options_.threads, " threads"));
        // Each thread hands every other block to its neighbour, who frees it.
        struct Mailbox {
            std::mutex mutex;
            std::vector<Block> blocks;
        };
        std::vector<Mailbox> mailboxes(options_.threads);
        const std::size_t most = std::min<std::size_t>(options_.max_size, 2048);
        const auto work = [&](std::size_t self) {
            Random random{options_.seed + self};
            Mailbox& own = mailboxes[self];
            Mailbox& next = mailboxes[(self + 1) % mailboxes.size()];
            for (std::size_t round = 0; round < 3000 && !violations_.enough(); ++round) {
                const std::size_t size = random.size(most);
                const std::size_t align = random.align(std::min<std::size_t>(options_.max_align, 256));
                void* const p = resource.try_allocate(size, align);
                if (p == nullptr) {
                    if (!options_.may_refuse) {
                        violations_.add(text("try_allocate(", size, ", ", align, ") has no memory"));
                    }
                } else {
                    const Block block{p, size, align, self * 31 + round};
                    Pattern::write(p, size, block.phase);
                    const std::scoped_lock lock{next.mutex};
                    next.blocks.push_back(block);
                }
                std::vector<Block> received;
                if (round % 4 == 0) {
                    const std::scoped_lock lock{own.mutex};
                    received.swap(own.blocks);
                }
                for (const Block& block : received) free_received(resource, block);
            }
        };
        std::vector<std::thread> threads;
        threads.reserve(options_.threads);
        for (std::size_t self = 0; self < options_.threads; ++self) threads.emplace_back(work, self);
        for (std::thread& thread : threads) thread.join();
        for (Mailbox& mailbox : mailboxes) {
            for (const Block& block : mailbox.blocks) free_received(resource, block);
        }
    }

    void free_received(Resource& resource, const Block& block) {
        if (!Pattern::matches(block.p, block.size, block.phase)) {
            violations_.add(text("a ", name(block), ", changed on its way to another thread"));
        }
        resource.deallocate(block.p, block.size, block.align);
    }

    void note(const User& user) {
        grown_ += user.grown();
        remapped_ += user.remapped();
    }

    Subject subject_;
    const ConformanceOptions& options_;
    Violations& violations_;
    std::size_t grown_ = 0;
    std::size_t remapped_ = 0;
};

void check_that_it_grew(std::size_t grown, std::size_t remapped, const ConformanceOptions& options,
                        Violations& violations) {
    violations.circumstances("");
    if (options.grows_in_place && grown == 0) violations.add("resize never let a block grow");
    if (options.remaps && remapped == 0) violations.add("remap was always refused");
}

}  // namespace

std::vector<std::string> check_conformance(const MakeResource& make, const ConformanceOptions& options) {
    using Growth = CheckedUpstream::Growth;
    Violations violations;
    std::size_t grown = 0;
    std::size_t remapped = 0;
    for (const Growth growth : {Growth::refuses, Growth::in_place, Growth::moves}) {
        Suite suite{Subject{make, growth}, options, violations};
        suite.run();
        grown += suite.grown();
        remapped += suite.remapped();
    }
    check_that_it_grew(grown, remapped, options, violations);
    return violations.take();
}

std::vector<std::string> check_conformance(Resource& resource, const ConformanceOptions& options) {
    Violations violations;
    Suite suite{Subject{resource}, options, violations};
    suite.run();
    check_that_it_grew(suite.grown(), suite.remapped(), options, violations);
    return violations.take();
}

}  // namespace zigmund::alloc::inline v0::testing
