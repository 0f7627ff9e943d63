// Where a handler's parameters come from. What does not fit is answered with 422, all errors at once, before
// the handler is called.
#include <cstdint>
#include <optional>
#include <span>

#include "tour.hpp"

namespace tour {
namespace {

enum class Color { red, green, blue };
BOOST_DESCRIBE_ENUM(Color, red, green, blue)

/// Integers of every width, floats, truth values, text, enums, UUIDs and times are read from any place.
http::Response get_types(http::Path<std::int8_t, "small"> small, http::Query<std::uint64_t, "large"> large,
                         http::Query<double, "number"> number, http::Query<bool, "flag"> flag,
                         http::Query<Color, "color"> color, http::Query<http::Uuid, "id"> id,
                         http::Query<http::Timestamp, "since"> since, alloc::Allocator arena) {
    return http::Response::json(arena, {{"small", small},
                                        {"large", large},
                                        {"number", number},
                                        {"flag", flag},
                                        {"color", color},
                                        {"id", id},
                                        {"since", since}});
}

/// What may be missing, what has a default, what may come several times, and what has to satisfy something.
http::Response search(
    http::Query<std::optional<std::string_view>, "q", http::MinLength<3>, http::MaxLength<20>> q,
    http::Query<int, "limit", http::Default<10>, http::Ge<1>, http::Le<100>,
                http::Description<"How many, at most">, http::Example<5>>
        limit,
    http::Query<std::span<const std::string_view>, "tag", http::MaxLength<4>> tags,
    http::Query<std::string_view, "code", http::Default<"AB">, http::Pattern<"^[A-Z]+$">> code,
    http::Query<int, "step", http::Alias<"by">, http::Default<5>, http::MultipleOf<5>> step,
    http::Query<double, "ratio", http::Default<0.5>, http::Gt<0>, http::Lt<1>> ratio,
    alloc::Allocator arena) {
    return http::Response::json(
        arena, {{"q", q}, {"limit", limit}, {"tags", tags}, {"code", code}, {"by", step}, {"ratio", ratio}});
}

/// Header fields and cookies; `user_agent` is the field `user-agent`.
http::Response get_client(http::Header<std::optional<std::string_view>, "user_agent"> agent,
                          http::Header<std::span<const std::string_view>, "x_tag"> tags,
                          http::Cookie<std::optional<std::string_view>, "session"> session,
                          alloc::Allocator arena) {
    return http::Response::json(arena, {{"agent", agent}, {"tags", tags}, {"session", session}});
}

/// A struct stands for a parameter for each of its members; this one refuses all others.
struct Filters {
    int limit = 100;
    http::Member<int, http::Ge<0>> offset = 0;
    std::optional<Color> color = {};
    static constexpr auto extra_members = http::ExtraMembers::forbid;
};
BOOST_DESCRIBE_STRUCT(Filters, (), (limit, offset, color))

http::Response filter(http::Query<Filters> filters, alloc::Allocator arena) {
    return http::Response::json(arena, *filters);
}

struct Login {
    std::string_view username;
    http::Member<std::string_view, http::MinLength<8>> password;
    bool remember = false;
};
BOOST_DESCRIBE_STRUCT(Login, (), (username, password, remember))

http::Response log_in(http::Form<Login> login, alloc::Allocator arena) {
    return http::Response::json(arena, {{"user", login->username}})
        .with_cookie(arena, {.name = "session", .value = "1234", .http_only = true});
}

/// What a browser tells of the screen, as a struct of header fields: `viewport_width` is `viewport-width`.
struct Screen {
    int viewport_width;
    float dpr = 1;
    std::span<const Color> color;
};
BOOST_DESCRIBE_STRUCT(Screen, (), (viewport_width, dpr, color))

http::Response get_screen(http::Header<Screen> screen, alloc::Allocator arena) {
    return http::Response::json(arena, *screen);
}

/// The request as it is, for what no parameter says.
http::Response get_request(const http::Request& request, alloc::Allocator arena) {
    return http::Response::json(arena, {{"method", request.method_text()},
                                        {"path", request.path()},
                                        {"query", request.query_string()},
                                        {"a", request.query("a")}});
}

}  // namespace

void add_parameters(http::App& app) {
    app.get("/types/{small}", get_types, {.tags = {"parameters"}});
    app.get("/search", search, {.tags = {"parameters"}});
    app.get("/client", get_client, {.tags = {"parameters"}});
    app.get("/screen", get_screen, {.tags = {"parameters"}});
    app.get("/filter", filter, {.tags = {"parameters"}});
    app.post("/login", log_in, {.tags = {"parameters"}});
    app.get("/request", get_request, {.tags = {"parameters"}});
}

}  // namespace tour
