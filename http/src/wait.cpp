#include <zigmund/http/http_error.hpp>
#include <zigmund/http/pending.hpp>
#include <zigmund/http/wait.hpp>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>

#include "event_loop.hpp"

namespace zigmund::http::inline v0::detail {

/// A wait, as the loop knows it.
class ZIGMUND_HIDDEN Wait::Registration final : public EventHandler, public Timer {
  public:
    Registration(Wait& wait, TaskPromise& promise, EventLoop& loop) noexcept
        : wait_{wait}, promise_{promise}, loop_{loop} {}

    void on_events(std::uint32_t /*events*/) override { go_on(true); }
    void on_time() override {
        timed_ = false;
        wait_.late_ = wait_.for_.due > Clock::now();
        go_on(wait_.for_.what == WaitFor::What::time);
    }

    /// False: there is nothing to wait for.
    [[nodiscard]] bool start() {
        if (wait_.for_.what != WaitFor::What::time && !watch()) return false;
        const Clock::time_point end = std::min(wait_.for_.due, promise_.pending().request().deadline());
        timed_ = end != Clock::time_point::max();
        if (timed_) loop_.start(*this, end);
        return true;
    }

    void stop() noexcept {
        if (std::exchange(timed_, false)) loop_.cancel(*this);
        if (wait_.for_.what != WaitFor::What::time) {
            loop_.unwatch(wait_.for_.descriptor);
            loop_.forget(*this);
        }
    }

  private:
    [[nodiscard]] bool watch() {
        const std::uint32_t events =
            wait_.for_.what == WaitFor::What::input ? EPOLLIN | EPOLLRDHUP : EPOLLOUT;
        if (loop_.watch(wait_.for_.descriptor, events, *this)) return true;
        if (errno == EPERM) return false;  // a regular file, which is always ready
        throw std::system_error(errno, std::system_category(), "zigmund: cannot wait for the descriptor");
    }

    void go_on(bool came) {
        TaskPromise& promise = promise_;
        wait_.came_ = came;
        wait_.stop();
        promise.pending().resume(promise);  // and here the wait is gone
    }

    Wait& wait_;
    TaskPromise& promise_;
    EventLoop& loop_;
    bool timed_ = false;
};

Wait::Registration& Wait::registration() noexcept {
    return *std::launder(static_cast<Registration*>(static_cast<void*>(registration_)));
}

bool Wait::start(TaskPromise& promise) {
    static_assert(sizeof(Registration) <= sizeof registration_);
    static_assert(std::is_trivially_destructible_v<Registration>);
    const TaskContext* const context = promise.pending().request().context();
    if (context == nullptr)
        throw std::logic_error(
            "zigmund: a Task waits, but nobody drives it: App::respond() was called "
            "without a loop");
    auto* const registration =
        ::new (static_cast<void*>(registration_)) Registration{*this, promise, context->loop};
    waits_ = registration->start();
    return waits_;
}

void Wait::end_late() { throw HttpError{Status::gateway_timeout}; }

void Wait::stop() noexcept {
    waits_ = false;
    registration().stop();
}

}  // namespace zigmund::http::inline v0::detail
