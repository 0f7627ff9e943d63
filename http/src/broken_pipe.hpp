// IgnoredBrokenPipe: while one lives, writing to a socket or a pipe that nobody reads is an error (EPIPE), as
// sendmsg() says it with MSG_NOSIGNAL, and not the end of the process. sendfile() and write() have no such flag.
//
// Threads: the one that makes it, and what that one does to the signal's disposition is nothing: it is only
// blocked there. Cost: a few calls of the system's when it begins and ends.
#pragma once

#include <csignal>
#include <ctime>

namespace zigmund::http::inline v0 {

class IgnoredBrokenPipe {
  public:
    IgnoredBrokenPipe() noexcept {
        sigset_t pending;
        ::sigpending(&pending);
        was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
        ::pthread_sigmask(SIG_BLOCK, &signal_, &before_);
    }
    IgnoredBrokenPipe(const IgnoredBrokenPipe&) = delete;
    IgnoredBrokenPipe& operator=(const IgnoredBrokenPipe&) = delete;
    ~IgnoredBrokenPipe() {
        // One that came meanwhile is not delivered when it is let in again.
        constexpr timespec at_once{};
        if (!was_pending_) (void)::sigtimedwait(&signal_, nullptr, &at_once);
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

  private:
    static sigset_t only_sigpipe() noexcept {
        sigset_t set;
        ::sigemptyset(&set);
        ::sigaddset(&set, SIGPIPE);
        return set;
    }

    sigset_t signal_ = only_sigpipe();
    sigset_t before_;
    bool was_pending_ = false;
};

}  // namespace zigmund::http::inline v0
