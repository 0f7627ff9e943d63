// What the program tells who started it, if that wants to know: systemd's Type=notify, sd_notify(3).
#pragma once

namespace zigmund::http {

/// Sends `state`, "READY=1" or "STOPPING=1", to the socket that the environment variable NOTIFY_SOCKET names;
/// without it does nothing. If that cannot be done, a line on stderr says why:
///
///     zigmund: NOTIFY_SOCKET: No such file or directory
[[gnu::cold]] void notify_service_manager(const char* state) noexcept;

}  // namespace zigmund::http
