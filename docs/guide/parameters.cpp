// Parameters: the program of parameters.md.
#include <zigmund/alloc.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <string_view>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;

http::Response get_user(http::Path<std::uint32_t, "user_id"> user_id,
                        http::Query<std::optional<std::string_view>, "q"> q, alloc::Allocator arena) {
    return http::Response::json(arena, {{"user_id", user_id}, {"q", *q}});
}

enum class Color { red, green, blue };
BOOST_DESCRIBE_ENUM(Color, red, green, blue)

http::Response types(http::Query<bool, "on"> on, http::Query<double, "x"> x,
                     http::Query<Color, "color"> color, http::Query<http::Uuid, "id"> id,
                     http::Query<http::Timestamp, "at"> at, alloc::Allocator arena) {
    return http::Response::json(arena, {{"on", on}, {"x", x}, {"color", color}, {"id", id}, {"at", at}});
}

http::Response list_items(
    http::Query<int, "limit", http::Default<10>, http::Ge<1>, http::Le<100>> limit,
    http::Query<std::string_view, "code", http::Default<"AB">, http::Pattern<"^[A-Z]{2}$">> code,
    alloc::Allocator arena) {
    return http::Response::json(arena, {{"limit", limit}, {"code", code}});
}

http::Response tagged(http::Query<std::span<const std::string_view>, "tag", http::MaxLength<3>> tags,
                      http::Query<std::span<const int>, "id", http::DefaultList<1, 2>> ids,
                      alloc::Allocator arena) {
    return http::Response::json(arena, {{"tags", *tags}, {"ids", *ids}});
}

http::Response who(http::Header<std::string_view, "user_agent"> agent,
                   http::Header<std::optional<std::string_view>, "key", http::Alias<"X-Api-Key">> key,
                   http::Cookie<std::optional<std::string_view>, "session"> session, alloc::Allocator arena) {
    return http::Response::json(arena, {{"agent", agent}, {"key", *key}, {"session", *session}});
}

struct Filters {
    http::Member<int, http::Default<100>, http::Gt<0>, http::Le<100>> limit;
    int offset = 0;
    std::optional<std::string_view> q;
    std::span<const std::string_view> tags;
    static constexpr auto extra_members = http::ExtraMembers::forbid;
};
BOOST_DESCRIBE_STRUCT(Filters, (), (limit, offset, q, tags))

http::Response search(http::Query<Filters> filters, alloc::Allocator arena) {
    return http::Response::json(arena, *filters);
}

int main() {
    alloc::GeneralPurposeAllocator gpa;
    http::App app{gpa.allocator(), {}};
    app.get("/users/{user_id}", get_user);
    app.get("/types", types);
    app.get("/items", list_items);
    app.get("/tagged", tagged);
    app.get("/who", who);
    app.get("/search", search);

    http::testing::TestClient client{app};
    const auto get = [&client](std::string_view url, const http::testing::TestRequest& request = {}) {
        std::printf("%s\n", client.get(url, request).text().c_str());
    };
    get("/users/7?q=a%20b");
    get("/users/-1");
    get("/types?on=yes&x=2.50&color=green&id=6BA7B810-9DAD-11D1-80B4-00C04FD430C8&at=2026-11-22T21:00:00Z");
    get("/items");
    get("/items?limit=0&code=abc");
    get("/tagged?tag=a&tag=b");
    get("/who", {.headers = {{"User-Agent", "curl"}, {"X-Api-Key", "k"}}, .cookies = {{"session", "1"}}});
    get("/search?limit=5&tags=a&tags=b");
    get("/search?limit=0&colour=red");
}
