// EventLoop: waits for descriptors, times and other threads, and calls what belongs to those that are ready.
//
// Level-triggered epoll: a descriptor is watched once and stays watched, so that a warm request takes one
// call of epoll_wait, one to receive and one to send.
//
// Threads: one; post() and wake() any, wake() from signal handlers too. Cost: a call of the system's for up
// to 64 events; a look at the clock only while there are timers; no allocation.
#pragma once

#include <sys/epoll.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>

#include "file_descriptor.hpp"
#include "timer_queue.hpp"

namespace zigmund::http::inline v0 {

class EventHandler {
  public:
    /// `events`: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP.
    virtual void on_events(std::uint32_t events) = 0;

  protected:
    ~EventHandler() = default;
};

/// What another thread has for a loop's thread to do.
class Posted {
  public:
    virtual void on_posted() = 0;

    Posted* next = nullptr;  ///< the loop's

  protected:
    ~Posted() = default;
};

class EventLoop {
  public:
    /// Throws std::system_error if the system has no descriptor left.
    EventLoop();

    /// Watches a descriptor until unwatch(); to close it is not enough where another process may have it.
    /// False: the system has no memory, or, as errno says, it is no
    /// descriptor that can be watched.
    [[nodiscard]] bool watch(int descriptor, std::uint32_t events, EventHandler& handler) noexcept;
    /// Other events of a descriptor that is watched; 0: only errors.
    void change(int descriptor, std::uint32_t events, EventHandler& handler) noexcept;
    /// No longer watches a descriptor.
    void unwatch(int descriptor) noexcept;
    /// A handler that dies: events that were there for it already do not reach it.
    void forget(const EventHandler& handler) noexcept;

    /// Calls timer.on_time() once, not before `due`, and not in the turn in which it was started, so that who
    /// waits for no time at all lets others go first. Timers with the same `due` are called in any order.
    void start(Timer& timer, Timer::Clock::time_point due) noexcept {
        timers_.push(timer, std::max(due, turn_ + Timer::Clock::duration{1}));
    }
    /// Does not call a timer that was started and not yet called.
    void cancel(Timer& timer) noexcept { timers_.remove(timer); }

    /// Calls posted.on_posted() on the loop's thread; until then it stays where it is and is not posted
    /// again. Any thread. What one thread posts is called in that order.
    void post(Posted& posted) noexcept;

    /// Calls what was posted by now: run_once() does, and who destroys the loop.
    void call_posted();

    /// Waits until something is ready, or somebody woke it, and calls what belongs to it.
    void run_once();
    /// Ends the wait of run_once(), or that of the next.
    void wake() noexcept;

  private:
    [[nodiscard]] int timeout() const noexcept;
    void call_timers();

    FileDescriptor poll_;
    FileDescriptor wake_;
    TimerQueue timers_;
    Timer::Clock::time_point turn_;          ///< timers that were due then were called
    std::span<epoll_event> ready_;           ///< those of the batch that were not yet called
    std::atomic<Posted*> posted_ = nullptr;  ///< the last one first
};

}  // namespace zigmund::http::inline v0
