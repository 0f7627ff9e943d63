// The application that load.py measures, written as anybody would write it: routing, injection, validation
// and JSON are on.
//
//     zigmund_server PORT
#include <zigmund/alloc.hpp>
#include <zigmund/http.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;

struct Item {
    std::string_view name;
    double price;
    bool in_stock = true;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock))

http::Response get_text() { return http::Response::text("Hello, World!"); }

http::Response get_user(http::Path<std::uint32_t, "user_id"> user_id, alloc::Allocator arena) {
    return http::Response::json(arena, {{"id", user_id}, {"name", "Alice"}});
}

http::Response create_item(http::Body<Item> item, alloc::Allocator arena) {
    return http::Response::json(arena, {{"name", item->name},
                                        {"price", item->price},
                                        {"in_stock", item->in_stock},
                                        {"message", "Item created successfully"}});
}

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: zigmund_server PORT\n", stderr);
        return 2;
    }
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::off}};
    http::App app{gpa.allocator(), {}};
    app.get("/text", get_text);
    app.get("/users/{user_id}", get_user);
    app.post("/items", create_item);
    return app.serve({.port = static_cast<std::uint16_t>(std::atoi(argv[1])), .workers = 1});
}
