#include "event_loop.hpp"

#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>

namespace zigmund::http {
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
    event.data.ptr = nullptr;
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

void EventLoop::run_once() {
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr != nullptr) {
            static_cast<EventHandler*>(event.data.ptr)->on_events(event.events);
        } else {
            eventfd_t woken = 0;
            (void)::eventfd_read(wake_.get(), &woken);
        }
    }
}

void EventLoop::wake() noexcept { (void)::eventfd_write(wake_.get(), 1); }

}  // namespace zigmund::http
