// What the program tells who started it, if that wants to know: systemd's Type=notify, sd_notify(3).
#pragma once

#include <chrono>
#include <optional>

namespace zigmund::http::inline v0 {

/// Sends `state`, "READY=1", "WATCHDOG=1" or "STOPPING=1", to the socket that the environment variable NOTIFY_SOCKET names;
/// without it does nothing. If that cannot be done, a line on stderr says why:
///
///     zigmund: NOTIFY_SOCKET: No such file or directory
[[gnu::cold]] void notify_service_manager(const char* state) noexcept;

/// How often "WATCHDOG=1" is to be sent, half of what the environment variable WATCHDOG_USEC says, as
/// sd_watchdog_enabled(3) advises; empty: nobody waits for it. A value that is no number of microseconds is told
/// on stderr, and not followed:
///
///     zigmund: WATCHDOG_USEC is 'soon': it is to be microseconds, 1 or more
[[nodiscard, gnu::cold]] std::optional<std::chrono::microseconds> watchdog_interval() noexcept;

}  // namespace zigmund::http::inline v0
