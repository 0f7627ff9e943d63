// What a memory checker sees of an arena. Under AddressSanitizer it is asked directly; otherwise these tests
// see that an arena works alike without one, and the test of the same name under Valgrind runs them there.

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <gtest/gtest.h>

#if defined(ZIGMUND_ASAN)
#include <sanitizer/asan_interface.h>
#elif __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "arena_upstream.hpp"

namespace {

using namespace zigmund::alloc;
using arena_test::Upstream;

enum class Seen : std::uint8_t { usable, hidden, unwatched };

Seen seen([[maybe_unused]] const void* p) {
#if defined(ZIGMUND_ASAN)
    return __asan_address_is_poisoned(p) != 0 ? Seen::hidden : Seen::usable;
#elif defined(VALGRIND_GET_VBITS)
    // 1: may be used; 3: may not; 0: nobody watches.
    unsigned char bits = 0;
    switch (VALGRIND_GET_VBITS(p, &bits, 1)) {
        case 1:
            return Seen::usable;
        case 3:
            return Seen::hidden;
        default:
            return Seen::unwatched;
    }
#else
    return Seen::unwatched;
#endif
}

::testing::AssertionResult is(Seen what, const void* p, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        const Seen state = seen(static_cast<const std::byte*>(p) + i);
        if (state != what && state != Seen::unwatched)
            return ::testing::AssertionFailure() << "byte " << i << " of " << size;
    }
    return ::testing::AssertionSuccess();
}

::testing::AssertionResult usable(const void* p, std::size_t size) { return is(Seen::usable, p, size); }
::testing::AssertionResult hidden(const void* p, std::size_t size) { return is(Seen::hidden, p, size); }

// Sizes and addresses are multiples of 8: AddressSanitizer cannot hide less.
std::byte* bytes(void* p) { return static_cast<std::byte*>(p); }

TEST(ArenaChecker, WatchesWhereItIsSaidTo) {
    const char byte = 0;
    EXPECT_TRUE(std::getenv("ZIGMUND_UNDER_MEMCHECK") == nullptr || seen(&byte) == Seen::usable);
}

TEST(ArenaChecker, SeesTheBlockAndNothingBehindIt) {
    Upstream upstream;
    Arena arena{upstream};
    std::byte* p = bytes(arena.allocate(24));
    EXPECT_TRUE(usable(p, 24));
    EXPECT_TRUE(hidden(p + 24, 4096 - 32 - 24));
    std::byte* q = bytes(arena.allocator().allocate(8));
    EXPECT_TRUE(usable(q, 8));
    EXPECT_TRUE(hidden(p + 24, 8)) << "the padding between them";
}

TEST(ArenaChecker, SeesFreedBlocksHidden) {
    Upstream upstream;
    Arena arena{upstream};
    std::byte* older = bytes(arena.allocate(64));
    std::byte* newest = bytes(arena.allocate(64));
    arena.deallocate(older, 64);
    EXPECT_TRUE(hidden(older, 64));
    EXPECT_TRUE(usable(newest, 64));
    arena.deallocate(newest, 64);
    EXPECT_TRUE(hidden(newest, 64));
    EXPECT_TRUE(usable(arena.allocate(64), 64));
}

TEST(ArenaChecker, SeesWhatAResizeAddsAndTakes) {
    Upstream upstream;
    Arena arena{upstream};
    std::byte* p = bytes(arena.allocate(64));
    EXPECT_TRUE(arena.resize(p, 64, 16, 128));
    EXPECT_TRUE(usable(p, 128));
    EXPECT_TRUE(arena.resize(p, 128, 16, 16));
    EXPECT_TRUE(hidden(p + 16, 112));
    std::byte* q = bytes(arena.allocate(64));
    EXPECT_TRUE(arena.resize(p, 16, 16, 8));
    EXPECT_TRUE(hidden(p + 8, 8));
    EXPECT_TRUE(usable(q, 64));
}

TEST(ArenaChecker, SeesWhatARewindAndAResetFreedHidden) {
    Upstream upstream;
    Arena arena{upstream};
    std::byte* outer = bytes(arena.allocate(64));
    std::byte* inner = nullptr;
    {
        const ArenaScope scope{arena};
        inner = bytes(arena.allocate(64));
        EXPECT_TRUE(usable(inner, 64));
    }
    EXPECT_TRUE(hidden(inner, 64));
    EXPECT_TRUE(usable(outer, 64));
    EXPECT_TRUE(arena.reset(Reset::retain_capacity));
    EXPECT_TRUE(hidden(outer, 4096 - 32));
}

TEST(ArenaChecker, SeesTheMemoryOfASpareChunkHidden) {
    Upstream upstream;
    Arena arena{upstream, {.first_chunk = 512}};
    std::vector<std::byte*> blocks;
    {
        const ArenaScope scope{arena};
        for (int i = 0; i < 4; ++i) blocks.push_back(bytes(arena.allocate(200)));
    }
    EXPECT_TRUE(hidden(blocks.back(), 200));
    EXPECT_TRUE(usable(arena.allocate(200), 200));
}

TEST(ArenaChecker, SeesTheUpstreamGetItsMemoryBackUsable) {
    // The upstream writes to every byte that comes back, and would be caught.
    Upstream upstream;
    upstream.remaps = true;
    Arena arena{upstream, {.first_chunk = 512}};
    for (int i = 0; i < 20; ++i) (void)arena.allocate(200);
    std::byte* big = bytes(arena.allocate(10'000));
    EXPECT_TRUE(arena.resize(big, 10'000, 16, 5'000));
    big = bytes(arena.remap(big, 5'000, 16, 50'000));
    EXPECT_TRUE(usable(big, 50'000));
    arena.deallocate(big, 50'000);
    EXPECT_TRUE(arena.reset(Reset::retain_with_limit(700)));
    (void)arena.allocate(100);
    EXPECT_TRUE(arena.reset(Reset::free_all));
    EXPECT_EQ(upstream.live_bytes, 0u);
}

TEST(ArenaChecker, SeesTheCallersBufferUsableAfterwards) {
    alignas(16) static std::byte buffer[1024];
    {
        Arena arena{buffer};
        EXPECT_TRUE(hidden(buffer, sizeof buffer));
        EXPECT_TRUE(usable(arena.allocate(64), 64));
        EXPECT_TRUE(hidden(buffer + 64, sizeof buffer - 64));
        (void)arena.allocate(1000);
        EXPECT_TRUE(arena.reset(Reset::retain_capacity));
        EXPECT_TRUE(hidden(buffer, sizeof buffer));
    }
    EXPECT_TRUE(usable(buffer, sizeof buffer));
    std::memset(buffer, 1, sizeof buffer);
}

TEST(ArenaChecker, SeesRecycledBlocksHiddenUntilTheyAreUsedAgain) {
    Upstream upstream;
    Arena arena{upstream, {.recycle = true}};
    std::byte* freed = bytes(arena.allocate(256));
    (void)arena.allocate(16);
    arena.deallocate(freed, 256);
    EXPECT_TRUE(hidden(freed, 256));
    EXPECT_EQ(arena.allocate(128), freed);
    EXPECT_TRUE(usable(freed, 128));
    EXPECT_TRUE(hidden(freed + 128, 128));
}

#if defined(ZIGMUND_ASAN)
TEST(ArenaCheckerDeathTest, AUseAfterAResetIsReported) {
    Arena arena;
    auto* p = static_cast<volatile char*>(arena.allocate(64));
    EXPECT_TRUE(arena.reset(Reset::retain_capacity));
    EXPECT_DEATH(*p = 1, "use-after-poison");
}
#endif

}  // namespace
