// The Item Service: an HTTP application whose every request lives in an arena of its own.
//
//     curl -s localhost:8080/items -H 'content-type: application/json' -d '{"name":"Pen","price":2.5}'
//     curl -s localhost:8080/users/7
//
// --help lists what can be set, --port=9000 for one. Ctrl-C ends it: the server drains, and the allocator says
// whether the application gave back all it took.
#include <zigmund/alloc.hpp>
#include <zigmund/http.hpp>

#include <cstdint>
#include <string_view>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;

struct Item {
    std::string_view name;
    double price;
    bool in_stock = true;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock))

http::Response create_item(http::Body<Item> item, alloc::Allocator arena) {
    // All that is allocated here lives until the response is sent; nothing has to be freed.
    return http::Response::json(arena, {{"name", item->name},
                                        {"price", item->price},
                                        {"in_stock", item->in_stock},
                                        {"message", "Item created successfully"}});
}

http::Response get_user(http::Path<std::uint32_t, "user_id"> user_id, alloc::Allocator arena) {
    return http::Response::json(arena, {{"id", user_id}, {"name", "Alice"}});
}

int main(int argc, char** argv) {
    // The application's memory: routes, configuration, connections. It dies last and reports what is left.
    alloc::GeneralPurposeAllocator gpa{
        {.tier = alloc::Tier::traced, .name = "application", .report_when_clean = true}};
    http::App app{gpa.allocator(), {.title = "Item Service", .version = "1.0.0"}};
    app.post("/items", create_item);
    app.get("/users/{user_id}", get_user);
    return app.serve(argc, argv, {.port = 8080});
}
