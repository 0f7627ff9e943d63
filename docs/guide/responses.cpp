// The program of the page responses.md.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <chrono>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;

struct Item {
    std::string_view name;
    double price;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price))

Item get_item() { return {.name = "Pen", .price = 2.5}; }

std::expected<Item, http::HttpError> find_item(http::Path<int, "id"> id) {
    if (*id != 1) return std::unexpected(http::HttpError{http::Status::not_found, "Item not found"});
    return Item{.name = "Pen", .price = 2.5};
}

struct Offer {
    http::Member<double, http::Gt<0>> price;
};
BOOST_DESCRIBE_STRUCT(Offer, (), (price))

Offer get_offer() { return {.price = -1}; }

http::Response create(alloc::Allocator arena) {
    return http::Response::json(arena, {{"id", 1}, {"message", "Item created"}})
        .with_status(http::Status::created)
        .with_header(arena, "location", "/items/1");
}

http::Response hello(http::Query<std::string_view, "name"> name, alloc::Allocator arena) {
    return http::Response::text(arena.dupe(std::string{"Hello, "}.append(*name)));
}

http::Response log_in(alloc::Allocator arena) {
    return http::Response::redirect(arena, "/home", http::Status::see_other)
        .with_cookie(
            arena, {.name = "session", .value = "abc", .max_age = std::chrono::hours{1}, .http_only = true});
}

http::Response count(alloc::Allocator arena) {
    return http::Response::json_lines(arena, [i = 0](http::StreamWriter& out) mutable {
        out.line({{"i", i}});
        return ++i < 3 ? http::Produced::more : http::Produced::end;
    });
}

http::Response ticks(alloc::Allocator arena) {
    return http::Response::event_stream(arena, [n = 1](http::StreamWriter& out) mutable {
        out.event_json({{"tick", n}}, {.event = "tick", .id = "7"});
        return n++ < 2 ? http::Produced::more : http::Produced::end;
    });
}

struct OutOfStock {
    std::string_view item;
};

int buy() { throw OutOfStock{"Pen"}; }

void show(const http::testing::TestResponse& response) {
    std::printf("%d %s\n", response.status(), response.text().c_str());
}

void show(const http::testing::TestResponse& response, std::string_view field) {
    const std::string value{response.header(field).value_or("-")};
    std::printf("%.*s: %s\n", static_cast<int>(field.size()), field.data(), value.c_str());
}

}  // namespace

int main() {
    const std::string file = std::filesystem::temp_directory_path() / "zigmund_guide_responses.txt";
    std::ofstream{file} << "0123456789";

    alloc::GeneralPurposeAllocator gpa;
    http::App app{gpa.allocator(), {}};
    app.get("/item", get_item);
    app.get("/items/{id}", find_item);
    app.get("/offer", get_offer);
    app.post("/items", create);
    app.get("/hello", hello);
    app.post("/login", log_in);
    app.get("/count", count);
    app.get("/ticks", ticks);
    app.get("/buy", buy);
    app.get("/report", [&file](http::Request& request) {
        return http::Response::file_from_path(request, file, {.download_as = "report.txt"});
    });
    app.on_exception<OutOfStock>([](const OutOfStock& error, alloc::Allocator arena) {
        return http::Response::json(arena, {{"sold out", error.item}}).with_status(http::Status::conflict);
    });

    {
        http::testing::TestClient client{app, {.follow_redirects = false, .raise_server_exceptions = false}};
        std::puts("# values");
        show(client.get("/item"));
        show(client.get("/items/1"));
        show(client.get("/items/2"));
        show(client.get("/offer"));

        std::puts("# more than a value");
        show(client.post("/items"));
        show(client.get("/hello?name=Ann"));
        const auto logged_in = client.post("/login");
        show(logged_in, "location");
        show(logged_in, "set-cookie");

        std::puts("# files");
        const auto part = client.get("/report", {.headers = {{"range", "bytes=2-4"}}});
        show(part);
        show(part, "content-range");
        show(part, "content-disposition");
        const std::string tag{part.header("etag").value_or("")};
        show(client.get("/report", {.headers = {{"if-none-match", tag}}}));

        std::puts("# streams");
        show(client.get("/count"));
        show(client.get("/ticks"));

        std::puts("# exceptions");
        show(client.get("/buy"));
    }
    std::filesystem::remove(file);
}
