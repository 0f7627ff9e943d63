// Timestamp: a point in time, as dates and times are written in JSON (RFC 3339).
//
//     http::Query<http::Timestamp, "since"> since         ?since=2026-11-22T21:00:00Z
//
// Read is what pydantic reads: `2026-11-22T21:00:00.25+01:00` with T, t, a blank or _ between date and time,
// seconds and their fraction left out or cut to microseconds, Z, z, +01:00, -0100 or no zone, which means
// UTC; a date alone, which is its midnight; and seconds since 1970, or milliseconds beyond 2e10 of them. In a
// query the + of a zone is written %2B.
//
// Threads: pure functions. Cost: one pass over the text. Never: allocates, looks at the system's time zone.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>

namespace zigmund::http::inline v0 {

/// The system's clock, in microseconds since 1970, UTC.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

struct ScalarError;

namespace detail {

/// The characters of the longest one.
inline constexpr std::size_t timestamp_size = 40;

/// Writes `2026-11-22T21:00:00Z`, with six digits of fraction unless they are zero, into `buffer`, and
/// returns it.
ZIGMUND_EXPORT std::string_view write_timestamp(Timestamp time,
                                                std::span<char, timestamp_size> buffer) noexcept;

/// Null, and `result` is set; or the error (static storage).
ZIGMUND_EXPORT [[nodiscard]] const ScalarError* parse_timestamp(std::string_view text,
                                                                Timestamp& result) noexcept;
/// The same for a number: seconds since 1970, or milliseconds beyond 2e10 of them.
ZIGMUND_EXPORT [[nodiscard]] const ScalarError* timestamp_of(double number, Timestamp& result) noexcept;

}  // namespace detail
}  // namespace zigmund::http::inline v0
