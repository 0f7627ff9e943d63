// What most applications are made of. The load test (benchmarks/http/load) measures these three.
#include <cstdint>

#include "tour.hpp"

namespace tour {
namespace {

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

}  // namespace

void add_basics(http::App& app) {
    // What a handler is called here, it is called in the documentation and by url_for(), too.
    app.get<get_text>("/text", {.responses = {{.status = http::Status::ok, .content_type = "text/plain"}}});
    app.get<get_user>("/users/{user_id}", {.tags = {"basics"}});
    app.post<create_item>("/items", {.tags = {"basics"},
                                     .description = "Takes an item, and says what it took.",
                                     .responses = {{http::Status::ok, "The item", http::schema<Item>}}});
}

}  // namespace tour
