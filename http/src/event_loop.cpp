#include "event_loop.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include "system_call.hpp"

namespace zigmund::http::inline v0 {
namespace {

int checked(int descriptor, const char* call) {
    if (descriptor < 0) throw std::system_error(errno, std::system_category(), call);
    return descriptor;
}

}  // namespace

EventLoop::EventLoop()
    : poll_{checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")},
      wake_{checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")} {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &wake_;  // no handler: it has none
    checked(::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, wake_.get(), &event), "epoll_ctl");
}

bool EventLoop::watch(int descriptor, std::uint32_t events, EventHandler& handler) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &handler;
    return ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void EventLoop::change(int descriptor, std::uint32_t events, EventHandler& handler) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &handler;
    ::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, descriptor, &event);
}

void EventLoop::unwatch(int descriptor) noexcept {
    ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void EventLoop::forget(const EventHandler& handler) noexcept {
    for (epoll_event& event : ready_)
        if (event.data.ptr == &handler) event.data.ptr = nullptr;
}

/// In milliseconds; rounded up, so that no timer finds itself too early and spins.
int EventLoop::timeout() const noexcept {
    if (timers_.empty()) return -1;
    using std::chrono::milliseconds;
    constexpr milliseconds longest{std::chrono::hours{1}};
    const auto left = timers_.due() - Timer::Clock::now();
    if (left <= left.zero()) return 0;
    return static_cast<int>(left < longest ? std::chrono::ceil<milliseconds>(left).count() : longest.count());
}

void EventLoop::run_once() {
    std::array<epoll_event, 64> events;
    const int count = system_call::epoll_wait(poll_.get(), events, timeout());
    bool woken = false;
    ready_ = {events.data(), static_cast<std::size_t>(std::max(count, 0))};
    while (!ready_.empty()) {
        const epoll_event event = ready_.front();
        ready_ = ready_.subspan(1);
        if (event.data.ptr == &wake_) {
            woken = true;
        } else if (event.data.ptr != nullptr) {  // null: it was forgotten
            static_cast<EventHandler*>(event.data.ptr)->on_events(event.events);
        }
    }
    if (woken) call_posted();
    if (!timers_.empty()) call_timers();
}

void EventLoop::call_posted() {
    // In this order, so that what is posted from here on wakes it again.
    eventfd_t woken = 0;
    (void)::eventfd_read(wake_.get(), &woken);
    Posted* last = posted_.exchange(nullptr, std::memory_order_acquire);
    Posted* first = nullptr;
    while (last != nullptr) first = std::exchange(last, std::exchange(last->next, first));
    while (first != nullptr) std::exchange(first, first->next)->on_posted();
}

void EventLoop::call_timers() {
    turn_ = Timer::Clock::now();
    while (!timers_.empty() && timers_.due() <= turn_) timers_.pop().on_time();
}

void EventLoop::post(Posted& posted) noexcept {
    Posted* last = posted_.load(std::memory_order_relaxed);
    do {
        posted.next = last;
    } while (
        !posted_.compare_exchange_weak(last, &posted, std::memory_order_release, std::memory_order_relaxed));
    if (last == nullptr) wake();
}

void EventLoop::wake() noexcept { (void)::eventfd_write(wake_.get(), 1); }

}  // namespace zigmund::http::inline v0
