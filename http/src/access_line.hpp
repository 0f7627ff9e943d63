// append_line: a record of the access log as a line of text.
#pragma once

#include <zigmund/http/access_log.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "access_record.hpp"

namespace zigmund::http::inline v0 {

/// Appends the line of `record`, whose texts are in `texts`, one after the other. One line, whatever they
/// hold.
void append_line(std::string& out, AccessLogFormat format, const AccessRecord& record,
                 std::string_view texts);

/// Appends a line that says how many requests are missing; `now` in microseconds since 1970.
void append_missing(std::string& out, AccessLogFormat format, std::uint64_t count, std::int64_t now);

}  // namespace zigmund::http::inline v0
