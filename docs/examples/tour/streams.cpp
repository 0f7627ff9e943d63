// Answers that are made while they are sent: a piece when the client has taken the one before.
#include <cstdint>

#include "tour.hpp"

namespace tour {
namespace {

/// CSV, as long as the client likes, in the memory of a line.
http::Response get_squares(http::Query<std::uint64_t, "to", http::Default<3>> to, alloc::Allocator arena) {
    return http::Response::stream(
        arena,
        [n = std::uint64_t{0}, end = *to](http::StreamWriter& out) mutable {
            if (n == end) return http::Produced::end;
            ++n;
            out.json(n);
            out.write(",");
            out.json(n * n);
            out.write("\n");
            return http::Produced::more;
        },
        "text/csv; charset=utf-8");
}

http::Response get_lines(alloc::Allocator arena) {
    return http::Response::json_lines(arena, [n = 0](http::StreamWriter& out) mutable {
        out.line({{"n", n}});
        return ++n < 3 ? http::Produced::more : http::Produced::end;
    });
}

/// A clock: an event a second; without a count, until the client leaves or the server stops.
http::Response get_events(http::Query<int, "count", http::Default<0>, http::Ge<0>> count,
                          alloc::Allocator arena) {
    return http::Response::event_stream(
        arena, [n = 0, last = *count, waits = false](http::StreamWriter& out) mutable {
            if (out.stopping() || (last != 0 && n == last)) return http::Produced::end;
            waits = !waits;
            if (!waits) return http::Produced::wait;
            out.event_json({{"n", n}}, {.event = "tick"});
            ++n;
            return http::Produced::more;
        });
}

}  // namespace

void add_streams(http::App& app) {
    app.get("/squares", get_squares, {.tags = {"streams"}});
    app.get("/lines", get_lines, {.tags = {"streams"}});
    app.get("/events", get_events, {.tags = {"streams"}});
}

}  // namespace tour
