// The loop that a worker's connections, tasks and threads meet in.
#include "event_loop.hpp"

#include <gtest/gtest.h>

#include <sys/eventfd.h>

#include <array>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "timer_queue.hpp"

namespace {

using namespace zigmund::http;
using namespace std::chrono_literals;
using Clock = Timer::Clock;

struct CallTimer final : Timer {
    std::function<void()> call = [] {};
    void on_time() override { call(); }
};
struct CallHandler final : EventHandler {
    std::function<void()> call = [] {};
    void on_events(std::uint32_t /*events*/) override { call(); }
};
struct CallPosted final : Posted {
    std::function<void()> call = [] {};
    void on_posted() override { call(); }
};

TEST(TimerQueue, GivesTimersInTheirOrderWhateverIsTakenOffBetween) {
    std::mt19937 random{7};
    TimerQueue queue;
    std::array<CallTimer, 400> timers;
    std::multiset<std::pair<Clock::time_point, std::size_t>> model;
    std::array<bool, timers.size()> queued{};
    for (int step = 0; step < 40'000; ++step) {
        const std::size_t at = random() % timers.size();
        if (!queued[at]) {
            const Clock::time_point due{std::chrono::seconds{random() % 300}};
            queue.push(timers[at], due);
            model.emplace(due, at);
            queued[at] = true;
        } else if (random() % 2 == 0) {
            queue.remove(timers[at]);
            ASSERT_EQ(model.erase({timers[at].due, at}), 1u);
            queued[at] = false;
        } else {
            ASSERT_EQ(queue.due(), model.begin()->first);
            Timer& first = queue.pop();
            ASSERT_EQ(first.due, model.begin()->first);
            const auto popped = static_cast<std::size_t>(&static_cast<CallTimer&>(first) - timers.data());
            ASSERT_EQ(model.erase({first.due, popped}), 1u);
            queued[popped] = false;
        }
        ASSERT_EQ(queue.empty(), model.empty());
    }
    while (!queue.empty()) {
        ASSERT_EQ(queue.due(), model.begin()->first);
        queue.pop();
        model.erase(model.begin());
    }
    EXPECT_TRUE(model.empty());
}

TEST(EventLoop, CallsTimersWhenTheyAreDueTheEarliestFirst) {
    EventLoop loop;
    std::vector<int> called;
    std::array<CallTimer, 3> timers;
    const Clock::time_point now = Clock::now();
    for (int i = 0; i < 3; ++i) {
        timers[static_cast<std::size_t>(i)].call = [&called, &now, i] {
            EXPECT_GE(Clock::now(), now + (3 - i) * 2ms);
            called.push_back(i);
        };
        loop.start(timers[static_cast<std::size_t>(i)], now + (3 - i) * 2ms);
    }
    CallTimer never;
    loop.start(never, now + 1h);
    while (called.size() < 3) loop.run_once();
    EXPECT_EQ(called, (std::vector{2, 1, 0}));
    loop.cancel(never);
}

TEST(EventLoop, ATimerThatIsAlwaysDueLetsOthersGoFirst) {
    EventLoop loop;
    CallTimer eager;
    int calls = 0;
    eager.call = [&] {
        ++calls;
        loop.start(eager, Clock::time_point{});
    };
    loop.start(eager, Clock::time_point{});
    for (int i = 0; i < 10; ++i) loop.run_once();
    EXPECT_EQ(calls, 10);
    loop.cancel(eager);
}

TEST(EventLoop, AHandlerThatDiesIsNotCalledForWhatWasThereAlready) {
    EventLoop loop;
    const std::array<FileDescriptor, 2> ready{FileDescriptor{::eventfd(1, EFD_CLOEXEC)},
                                              FileDescriptor{::eventfd(1, EFD_CLOEXEC)}};
    std::array<CallHandler, 2> handlers;
    int calls = 0;
    for (std::size_t i = 0; i < 2; ++i) {
        handlers[i].call = [&, i] {
            ++calls;
            loop.forget(handlers[1 - i]);
            loop.unwatch(ready[1 - i].get());
        };
        ASSERT_TRUE(loop.watch(ready[i].get(), EPOLLIN, handlers[i]));
    }
    loop.run_once();
    EXPECT_EQ(calls, 1);
}

TEST(EventLoop, CallsWhatOtherThreadsPostOnItsOwnInTheirOrder) {
    constexpr std::size_t threads = 4;
    constexpr std::size_t each = 2000;
    EventLoop loop;
    std::vector<std::unique_ptr<CallPosted>> posted;
    std::array<std::size_t, threads> next{};
    std::size_t calls = 0;
    for (std::size_t i = 0; i < threads * each; ++i) {
        posted.push_back(std::make_unique<CallPosted>());
        posted.back()->call = [&, i, self = std::this_thread::get_id()] {
            EXPECT_EQ(std::this_thread::get_id(), self);
            EXPECT_EQ(next[i / each]++, i % each);
            ++calls;
        };
    }
    std::vector<std::thread> posting;
    for (std::size_t t = 0; t < threads; ++t)
        posting.emplace_back([&, t] {
            for (std::size_t i = 0; i < each; ++i) loop.post(*posted[t * each + i]);
        });
    while (calls < threads * each) loop.run_once();
    for (std::thread& thread : posting) thread.join();
}

TEST(EventLoop, WhatIsPostedWhileItCallsIsCalledAsWell) {
    EventLoop loop;
    CallPosted posted;
    int calls = 0;
    posted.call = [&] {
        if (++calls < 5) loop.post(posted);
    };
    loop.post(posted);
    while (calls < 5) loop.run_once();
}

}  // namespace
