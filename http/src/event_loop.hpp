// EventLoop: waits for descriptors and calls what belongs to those that are ready.
//
// Level-triggered epoll: a descriptor is watched once and stays watched, so that a warm request takes one
// call of epoll_wait, one to receive and one to send. A handler may end itself in its call, and nobody else:
// others may be in the same batch.
//
// Threads: one; wake() any, signal handlers too. Cost: a call of the system's for up to 64 events; no
// allocation.
#pragma once

#include <sys/epoll.h>

#include <cstdint>

#include "file_descriptor.hpp"

namespace zigmund::http {

class EventHandler {
  public:
    /// `events`: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP.
    virtual void on_events(std::uint32_t events) = 0;

  protected:
    ~EventHandler() = default;
};

class EventLoop {
  public:
    /// Throws std::system_error if the system has no descriptor left.
    EventLoop();

    /// Watches a descriptor until it is closed. False: the system has no memory.
    [[nodiscard]] bool watch(int descriptor, std::uint32_t events, EventHandler& handler) noexcept;
    /// Other events of a descriptor that is watched; 0: only errors.
    void change(int descriptor, std::uint32_t events, EventHandler& handler) noexcept;

    /// Waits until something is ready, or somebody woke it, and calls the handlers.
    void run_once();
    /// Ends the wait of run_once(), or that of the next.
    void wake() noexcept;

  private:
    FileDescriptor poll_;
    FileDescriptor wake_;
};

}  // namespace zigmund::http
