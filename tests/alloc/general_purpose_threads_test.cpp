// A general-purpose allocator that threads, and a forked child, share.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <barrier>
#include <span>
#include <thread>
#include <vector>

namespace {

using namespace zigmund::alloc;

#if !defined(ZIGMUND_TSAN)  // whose runtime does not carry threads over fork()
TEST(GeneralPurposeAllocator, ChildOfForkGoesOn) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    const Allocator a = gpa.allocator();
    std::atomic<bool> stop = false;
    {
        std::jthread busy{[&] {
            while (!stop) a.free(a.alloc<int>(10));
        }};
        for (int i = 0; i < 20; ++i) {
            const pid_t child = ::fork();
            if (child == 0) {
                for (int k = 0; k < 100; ++k) a.free(a.alloc<char>(100));
                ::_exit(gpa.live_bytes() < 1000 ? 7 : 8);
            }
            int status = 0;
            ASSERT_EQ(::waitpid(child, &status, 0), child);
            ASSERT_TRUE(WIFEXITED(status));
            EXPECT_EQ(WEXITSTATUS(status), 7);
        }
        stop = true;
    }
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}
#endif

TEST(GeneralPurposeAllocator, FreesFromAnotherThreadAreExact) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    const Allocator a = gpa.allocator();
    constexpr std::size_t threads = 4;
    constexpr std::size_t rounds = 200;
    constexpr std::size_t batch = 50;
    std::array<std::vector<std::span<std::uint32_t>>, threads> mailbox;
    std::barrier sync{threads};
    {
        std::vector<std::jthread> team;
        for (std::size_t self = 0; self < threads; ++self) {
            team.emplace_back([&, self] {
                for (std::size_t round = 0; round < rounds; ++round) {
                    auto& mine = mailbox[self];
                    for (std::size_t i = 0; i < batch; ++i) {
                        mine.push_back(a.alloc<std::uint32_t>(1 + (self * 7 + i) % 60));
                        mine.back()[0] = static_cast<std::uint32_t>(self * 1000 + i);
                    }
                    sync.arrive_and_wait();
                    auto& others = mailbox[(self + 1) % threads];
                    for (std::size_t i = 0; i < batch; ++i) {
                        ASSERT_EQ(others[i][0], (self + 1) % threads * 1000 + i);
                        a.free(others[i]);
                    }
                    others.clear();
                    sync.arrive_and_wait();
                }
            });
        }
    }
    EXPECT_EQ(gpa.live_bytes(), 0U);
    EXPECT_EQ(gpa.live_blocks(), 0U);
    EXPECT_EQ(gpa.total_allocations(), threads * rounds * batch);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

TEST(GeneralPurposeAllocator, ManyShortThreadsShareFewNumbers) {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced}};
    const Allocator a = gpa.allocator();
    for (int i = 0; i < 300; ++i) std::jthread{[&] { a.free(a.alloc<int>(10)); }}.join();
    EXPECT_EQ(gpa.total_allocations(), 300U);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
}

}  // namespace
