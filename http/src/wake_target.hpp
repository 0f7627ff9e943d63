// WakeTarget: what a StreamWaker refers to: a stream on a worker, as long as there is one.
//
// Threads: wake() any; the others are the worker's. Cost: a lock of its own.
#pragma once

#include <zigmund/http/stream_waker.hpp>

#include <memory>
#include <mutex>
#include <utility>

#include "event_loop.hpp"

namespace zigmund::http::inline v0::detail {

class WakeTarget final : public Posted, public std::enable_shared_from_this<WakeTarget> {
  public:
    /// Who is told, on the thread of `loop`, which outlives what is posted to it.
    class Sleeper {
      public:
        virtual void on_wake() = 0;

      protected:
        ~Sleeper() = default;
    };

    void attach(EventLoop& loop, Sleeper& sleeper) noexcept {
        const std::lock_guard lock{mutex_};
        loop_ = &loop;
        sleeper_ = &sleeper;
    }
    /// From here on nobody is told. True: nobody else has it, so that it can be used for another, which may
    /// be told once more than it was woken.
    [[nodiscard]] bool detach(const std::shared_ptr<WakeTarget>& self) noexcept {
        const std::lock_guard lock{mutex_};
        loop_ = nullptr;
        sleeper_ = nullptr;
        return self.use_count() == (posted_ == nullptr ? 1 : 2);
    }

    void wake() noexcept {
        // The lock is held until the loop was told: who detaches waits for that, and may then destroy the
        // loop.
        const std::lock_guard lock{mutex_};
        if (loop_ == nullptr || posted_ != nullptr) return;
        posted_ = shared_from_this();
        loop_->post(*this);
    }

    void on_posted() override {
        Sleeper* sleeper = nullptr;
        {
            std::shared_ptr<WakeTarget> self;  // goes after the lock, which is in it
            const std::lock_guard lock{mutex_};
            self = std::move(posted_);
            sleeper = sleeper_;
        }
        // Who sleeps has it; nobody else does, so that it can be used again if this is the stream's end.
        if (sleeper != nullptr) sleeper->on_wake();
    }

    std::shared_ptr<WakeTarget> next_spare;  ///< the worker's

  private:
    std::mutex mutex_;
    EventLoop* loop_ = nullptr;
    Sleeper* sleeper_ = nullptr;
    std::shared_ptr<WakeTarget> posted_;  ///< itself, while it is on its way
};

}  // namespace zigmund::http::inline v0::detail
