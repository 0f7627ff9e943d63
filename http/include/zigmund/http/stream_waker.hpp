// StreamWaker: from any thread, to a stream that waits: there is something now.
//
//     return http::Response::event_stream(arena, [&news, subscribed = false](http::StreamWriter& out) mutable
//     {
//         if (!std::exchange(subscribed, true)) news.subscribe(out.waker());
//         ... write what there is ...
//         return http::Produced::wait;                 // until news calls waker.wake()
//     });
//
// The producer is then asked again by its worker, at once. A waker may be kept as long as one likes: when its
// stream has ended, or its server is gone, it wakes nobody. Wakings that come before the stream was asked
// again are one. A stream whose producer has no waker is asked again within a second, as one with.
//
// Threads: wake() and copies in any. Cost: of wake(), a lock that is the stream's own, and a call of the
// system's if nobody else has woken the worker; one block of the heap a stream that asks for a waker, which
// the worker keeps for the next. A stream that does not ask pays nothing.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <memory>
#include <utility>

namespace zigmund::http::inline v0 {

namespace detail {

class WakeTarget;

/// Who serves a stream.
class WakeHost {
  public:
    /// What wakes the stream. Throws std::bad_alloc.
    [[nodiscard]] virtual std::shared_ptr<WakeTarget> wake_target() = 0;

  protected:
    ~WakeHost() = default;
};

}  // namespace detail

class ZIGMUND_EXPORT StreamWaker {
  public:
    /// Wakes nobody.
    StreamWaker() = default;
    /// What StreamWriter::waker() makes.
    explicit StreamWaker(std::shared_ptr<detail::WakeTarget> target) noexcept : target_{std::move(target)} {}

    /// Has the producer asked again, at once; once for several calls before that. Nothing happens if the
    /// stream has ended. Any thread.
    void wake() const noexcept;

  private:
    std::shared_ptr<detail::WakeTarget> target_;
};

}  // namespace zigmund::http::inline v0
