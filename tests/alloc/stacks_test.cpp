// Every allocator of the family on top of every other: two deep and three deep over an upstream that checks
// what comes back and that fails now and then, one deep and two deep over each allocator that has no
// upstream.

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/atomic_fixed_buffer.hpp>
#include <zigmund/alloc/block_pool.hpp>
#include <zigmund/alloc/counting.hpp>
#include <zigmund/alloc/failing.hpp>
#include <zigmund/alloc/fixed_buffer.hpp>
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/limit.hpp>
#include <zigmund/alloc/locked.hpp>
#include <zigmund/alloc/logging.hpp>
#include <zigmund/alloc/malloc.hpp>
#include <zigmund/alloc/null_allocator.hpp>
#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/pmr_adapter.hpp>
#include <zigmund/alloc/pool.hpp>
#include <zigmund/alloc/stack_fallback.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/alloc/testing/gtest.hpp>
#include <zigmund/alloc/testing/monitored.hpp>
#include <zigmund/alloc/trace.hpp>

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "random_verbs.hpp"

namespace {

using namespace zigmund::alloc;
using zigmund::alloc::testing::CheckedUpstream;
using zigmund::alloc::testing::conforms;
using zigmund::alloc::testing::Monitor;
using zigmund::alloc::testing::Monitored;
using zigmund::alloc::testing::RandomVerbs;

struct Layer {
    std::unique_ptr<Resource> resource;
    /// Bytes that it counts as live, if it counts.
    std::function<std::size_t()> counted = {};
    /// Asks the layer below for exactly what it is asked for.
    bool passes_on = true;
    /// What must hold at the end of its life.
    std::function<void()> at_end = {};
};

struct Kind {
    const char* name;
    Layer (*make)(Resource& below);
};

const std::vector<Kind> kinds{
    {"Limit",
     [](Resource& below) {
         auto limit = std::make_unique<Limit>(below, LimitOptions{.limit = 3000});
         Limit* at = limit.get();
         return Layer{std::move(limit), [at] { return at->bytes_used(); }};
     }},
    {"Counting",
     [](Resource& below) {
         auto counting = std::make_unique<Counting>(below);
         Counting* at = counting.get();
         return Layer{std::move(counting), [at] { return at->counts().live_bytes; }};
     }},
    {"Logging",
     [](Resource& below) {
         auto text = std::make_shared<std::string>();
         return Layer{
             .resource = std::make_unique<Logging>(below, [text](std::string_view line) { *text += line; }),
             .at_end = [text] {
                 const auto trace = Trace::parse(*text);
                 ASSERT_TRUE(trace.has_value()) << trace.error().line << ": " << trace.error().reason;
                 EXPECT_EQ(trace->replay(heap()).refused, 0u);
             }};
     }},
    {"Locked", [](Resource& below) { return Layer{std::make_unique<Locked>(below)}; }},
    {"Failing", [](Resource& below) { return Layer{std::make_unique<Failing>(below)}; }},
    {"Monitored",
     [](Resource& below) {
         auto monitored = std::make_unique<Monitored>(below);
         auto since = std::make_shared<Monitor>(*monitored);
         return Layer{.resource = std::move(monitored),
                      .counted = [since] { return static_cast<std::size_t>(since->live_bytes()); }};
     }},
    {"PmrAdapter",
     [](Resource& below) {
         return Layer{.resource = std::make_unique<PmrAdapter>(below), .passes_on = false};
     }},
    {"StackFallback",
     [](Resource& below) {
         return Layer{.resource = std::make_unique<StackFallback<500>>(below), .passes_on = false};
     }},
    {"BlockPool",
     [](Resource& below) {
         return Layer{.resource = std::make_unique<BlockPool>(200, 32, below), .passes_on = false};
     }},
    {"Pool",
     [](Resource& below) {
         return Layer{.resource = std::make_unique<Pool<std::array<std::uint64_t, 25>>>(below),
                      .passes_on = false};
     }},
    {"Arena",
     [](Resource& below) { return Layer{.resource = std::make_unique<Arena>(below), .passes_on = false}; }},
    {"Arena that recycles",
     [](Resource& below) {
         return Layer{.resource = std::make_unique<Arena>(below, ArenaOptions{.recycle = true}),
                      .passes_on = false};
     }},
    {"GeneralPurposeAllocator",
     [](Resource& below) {
         return Layer{.resource = std::make_unique<GeneralPurposeAllocator>(
                          GeneralPurposeOptions{.tier = Tier::traced, .backing = below, .stack_frames = 0}),
                      .passes_on = false};
     }},
};

// Builds the stack on `ground`, the first kind lowest, runs random verbs through it and takes it down.
// `disturb` is called after every verb.
void run(
    const std::vector<const Kind*>& stack, Resource& ground, std::uint32_t seed,
    const std::function<void()>& disturb = [] {}) {
    std::vector<Layer> layers;
    Resource* top = &ground;
    for (const Kind* kind : stack) {
        layers.push_back(kind->make(*top));
        top = layers.back().resource.get();
    }
    RandomVerbs verbs;
    verbs.steps = 150;
    verbs.seed = seed;
    verbs.check = [&](const RandomVerbs::Live& live) {
        for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
            if (layer->counted) {
                ASSERT_EQ(layer->counted(), live.bytes);
            }
            if (!layer->passes_on) break;
        }
        disturb();
    };
    verbs.run(*top);
    while (!layers.empty()) {
        if (layers.back().at_end) layers.back().at_end();
        layers.pop_back();
    }
}

std::string name_of(const std::vector<const Kind*>& stack, std::string_view ground) {
    std::string names;
    for (const Kind* kind : stack) names.insert(0, std::string{kind->name} + " over ");
    return names.append(ground);
}

void run_over_an_upstream_that_fails(const std::vector<const Kind*>& stack, std::uint32_t seed) {
    SCOPED_TRACE(name_of(stack, "an upstream that fails now and then"));
    CheckedUpstream upstream{CheckedUpstream::Growth::moves};
    std::mt19937 random{seed};
    run(stack, upstream, seed, [&] {
        if (random() % 10 == 0) upstream.fail_at(upstream.calls() + random() % 3);
    });
    EXPECT_EQ(upstream.live_blocks(), 0u);
    for (const std::string& violation : upstream.violations()) ADD_FAILURE() << violation;
}

TEST(Stacks, OfTwoAndThreeAgreeWithAModelWhileTheUpstreamFailsNowAndThen) {
    std::uint32_t seed = 0;
    for (const Kind& low : kinds) {
        for (const Kind& middle : kinds) {
            run_over_an_upstream_that_fails({&low, &middle}, ++seed);
            for (const Kind& top : kinds) {
                run_over_an_upstream_that_fails({&low, &middle, &top}, ++seed);
                if (HasFailure()) return;
            }
        }
    }
}

struct Ground {
    const char* name;
    void (*run)(const std::vector<const Kind*>& stack, std::uint32_t seed);
};

// The allocators without an upstream.
const std::vector<Ground> grounds{
    {"FixedBuffer",
     [](const std::vector<const Kind*>& stack, std::uint32_t seed) {
         std::array<std::byte, 10'001> bytes;
         FixedBuffer buffer{bytes};
         run(stack, buffer, seed);
         EXPECT_EQ(buffer.live_blocks(), 0u);
         EXPECT_EQ(buffer.bytes_used(), 0u);
     }},
    {"AtomicFixedBuffer",
     [](const std::vector<const Kind*>& stack, std::uint32_t seed) {
         std::array<std::byte, 10'001> bytes;
         AtomicFixedBuffer buffer{bytes};
         run(stack, buffer, seed);
         EXPECT_LE(buffer.bytes_used(), buffer.capacity());
     }},
    {"heap()",
     [](const std::vector<const Kind*>& stack, std::uint32_t seed) { run(stack, heap().resource(), seed); }},
    {"malloc_heap()", [](const std::vector<const Kind*>& stack,
                         std::uint32_t seed) { run(stack, malloc_heap().resource(), seed); }},
    {"pages()",
     [](const std::vector<const Kind*>& stack, std::uint32_t seed) { run(stack, pages().resource(), seed); }},
    {"null_allocator()", [](const std::vector<const Kind*>& stack,
                            std::uint32_t seed) { run(stack, null_allocator().resource(), seed); }},
};

TEST(Stacks, OfOneAndTwoAgreeWithAModelOverEachAllocatorThatHasNoUpstream) {
    std::uint32_t seed = 0;
    for (const Ground& ground : grounds) {
        for (const Kind& low : kinds) {
            const auto run_over = [&](const std::vector<const Kind*>& stack) {
                SCOPED_TRACE(name_of(stack, ground.name));
                ground.run(stack, ++seed);
            };
            run_over({&low});
            for (const Kind& top : kinds) {
                run_over({&low, &top});
                if (HasFailure()) return;
            }
        }
    }
}

// A stack that owns its layers, for the conformance suite.
class Stack final : public Resource {
  public:
    Stack(Resource& upstream, const std::vector<std::string_view>& names) : top_{&upstream} {
        for (const std::string_view name : names) {
            for (const Kind& kind : kinds) {
                if (kind.name != name) continue;
                layers_.push_back(kind.make(*top_));
                top_ = layers_.back().resource.get();
            }
        }
    }
    ~Stack() override {
        while (!layers_.empty()) layers_.pop_back();
    }

  private:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        return top_->try_allocate(size, align);
    }
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        top_->deallocate(p, size, align);
    }
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        return top_->resize(p, old_size, align, new_size);
    }
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        return top_->remap(p, old_size, align, new_size);
    }

    std::vector<Layer> layers_;
    Resource* top_;
};

TEST(Stacks, Conform) {
    EXPECT_TRUE(conforms(
        [](Resource& upstream) {
            return std::make_unique<Stack>(
                upstream, std::vector<std::string_view>{"Counting", "Locked", "StackFallback", "Counting"});
        },
        {.grows_in_place = true, .remaps = true}));
    EXPECT_TRUE(conforms(
        [](Resource& upstream) {
            return std::make_unique<Stack>(upstream,
                                           std::vector<std::string_view>{"Counting", "Arena", "Counting"});
        },
        {.frees = false, .grows_in_place = true}));
}

}  // namespace
