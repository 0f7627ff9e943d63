// sleep_for, sleep_until, readable, writable: what a Task waits for.
//
//     co_await http::sleep_for(50ms);
//     co_await http::readable(socket);                        // has something to read, or its end
//     const bool came = co_await http::writable(socket, 2s);  // false: not within two seconds
//
// A descriptor is watched while somebody waits, not longer, so that it may be closed, or belong to a library
// that does what it likes with it. It should not block: to be readable is a hint. One Task at a time waits
// for a descriptor.
//
// A request that has a deadline (Request::set_deadline(), which the middleware Timeout does) waits no longer
// than that: then co_await throws the HttpError 504, as Request::check_deadline() does.
//
// Threads: the Task's worker. Cost: a timer is two words' writing; a descriptor two calls of the system's
// (epoll_ctl). Never: allocates.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/task.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>

namespace zigmund::http::inline v0 {

namespace detail {

/// What is waited for: descriptor or time, whichever comes first.
struct WaitFor {
    using Clock = std::chrono::steady_clock;
    enum class What : unsigned char { time, input, output };

    What what;
    int descriptor;
    Clock::time_point due;
};

class ZIGMUND_EXPORT Wait {
  public:
    explicit Wait(const WaitFor& what) noexcept : for_{what} {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() {
        if (waits_) stop();
    }

    static bool await_ready() noexcept { return false; }
    template <std::derived_from<TaskPromise> P>
    bool await_suspend(std::coroutine_handle<P> frame) {
        return start(frame.promise());
    }

  protected:
    /// False: what it waits for need not be waited for.
    [[nodiscard]] bool came() const noexcept { return came_; }
    /// Throws 504 if it was the request's deadline that ended the wait.
    void check() const {
        if (late_) [[unlikely]]
            end_late();
    }

  private:
    class Registration;
    bool start(TaskPromise& promise);
    void stop() noexcept;
    [[noreturn]] static void end_late();
    [[nodiscard]] Registration& registration() noexcept;

    WaitFor for_;
    bool waits_ = false;
    bool late_ = false;  ///< the request's deadline came first
    bool came_ = true;   ///< before the time was up
    alignas(std::max_align_t) std::byte registration_[96];
};

struct [[nodiscard]] Sleep : WaitFor {
    struct Awaiter : Wait {
        using Wait::Wait;
        void await_resume() const { check(); }
    };
};

struct [[nodiscard]] Readiness : WaitFor {
    struct Awaiter : Wait {
        using Wait::Wait;
        [[nodiscard]] bool await_resume() const {
            check();
            return came();
        }
    };
};

inline WaitFor::Clock::time_point after(std::chrono::nanoseconds time) noexcept {
    const WaitFor::Clock::time_point now = WaitFor::Clock::now();
    return time < WaitFor::Clock::time_point::max() - now ? now + time : WaitFor::Clock::time_point::max();
}

}  // namespace detail

/// No limit of the time.
inline constexpr std::chrono::nanoseconds forever = std::chrono::nanoseconds::max();

/// For so long, or a little longer. No time, or less, lets others go first.
[[nodiscard]] inline detail::Sleep sleep_for(std::chrono::nanoseconds time) noexcept {
    return {{detail::WaitFor::What::time, -1, detail::after(time)}};
}
/// Until then, or a little longer. A time that has passed lets others go first.
[[nodiscard]] inline detail::Sleep sleep_until(std::chrono::steady_clock::time_point time) noexcept {
    return {{detail::WaitFor::What::time, -1, time}};
}

/// Until a descriptor, which stays open meanwhile, has something to read, its end, or an error. False: the
/// time was up. Regular files are always readable and writable. Awaiting it throws std::system_error
/// "zigmund: cannot wait for the descriptor: ..." for what is no open descriptor, or one that another Task
/// waits for.
[[nodiscard]] inline detail::Readiness readable(int descriptor, std::chrono::nanoseconds time = forever) {
    return {{detail::WaitFor::What::input, descriptor, detail::after(time)}};
}
/// The same until it takes something to write.
[[nodiscard]] inline detail::Readiness writable(int descriptor, std::chrono::nanoseconds time = forever) {
    return {{detail::WaitFor::What::output, descriptor, detail::after(time)}};
}

}  // namespace zigmund::http::inline v0
