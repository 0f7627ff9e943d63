// An application that documents itself; prints what it says.
#include <zigmund/alloc.hpp>
#include <zigmund/http.hpp>

#include <boost/json.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;

struct Item {
    http::Member<std::string_view, http::MinLength<1>, http::Description<"As on the label">> name;
    http::Member<double, http::Gt<0>, http::Example<3>> price;
    bool in_stock = true;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock))

struct Problem {
    std::string_view message;
};
BOOST_DESCRIBE_STRUCT(Problem, (), (message))

Item update_item(http::Path<std::uint32_t, "item_id", http::Description<"The number on the shelf">>,
                 http::Query<std::optional<std::string_view>, "note", http::MaxLength<50>>,
                 http::Body<Item> item) {
    return *item;
}

http::Response show_shelf(alloc::Allocator arena) { return http::Response::html(arena.dupe("<p>Empty</p>")); }

void delete_item(http::Path<std::uint32_t, "item_id">) {}

void add_old(http::Router& old) {
    old.get("/shelf", [] { return "Empty"; });
}

namespace {

/// JSON in lines; what is short stays on one.
void print(const boost::json::value& value, std::size_t indent = 0, std::string_view name = "",
           std::string_view end = "\n") {
    const std::string text = boost::json::serialize(value);
    const std::string start = std::string(indent, ' ') + std::string{name};
    const bool object = value.is_object();
    if ((!object && !value.is_array()) || start.size() + text.size() < 100) {
        std::printf("%s%s%s", start.c_str(), text.c_str(), std::string{end}.c_str());
        return;
    }
    std::printf("%s%s\n", start.c_str(), object ? "{" : "[");
    std::size_t left = object ? value.as_object().size() : value.as_array().size();
    const auto comma = [&left] { return --left == 0 ? "\n" : ",\n"; };
    if (object) {
        for (const auto& [key, member] : value.as_object())
            print(member, indent + 2, "\"" + std::string{key} + "\": ", comma());
    } else {
        for (const boost::json::value& element : value.as_array()) print(element, indent + 2, "", comma());
    }
    std::printf("%*s%s%s", static_cast<int>(indent), "", object ? "}" : "]", std::string{end}.c_str());
}

}  // namespace

int main() {
    http::App app{alloc::heap(), {.title = "Shop", .version = "1.0.0", .description = "Sells *things*."}};

    app.put<update_item>("/items/{item_id}",
                         {.tags = {"items"},
                          .description = "Puts an item **on the shelf**.",
                          .responses = {{http::Status::not_found, "No such item", http::schema<Problem>}}});
    app.delete_<delete_item>("/items/{item_id}", {.tags = {"items"}, .status = http::Status::no_content});

    app.get("/shelf", show_shelf,
            {.name = "show_shelf",
             .summary = "The shelf, as a page",
             .responses = {{http::Status::ok, "The page", http::schema<std::string_view>, "text/html"}}});

    app.include(add_old, {.prefix = "/v0", .tags = {"old"}, .deprecated = true});
    app.get("/internal", [] {}, {.include_in_schema = false});

    const boost::json::value document = boost::json::parse(app.openapi());
    std::printf("---- info ----\n");
    print(document.at("info"));
    std::printf("---- update_item ----\n");
    print(document.at_pointer("/paths/~1items~1{item_id}/put"));
    std::printf("---- Item ----\n");
    print(document.at_pointer("/components/schemas/Item-Input"));
    std::printf("---- operations ----\n");
    for (const auto& [path, methods] : document.at("paths").as_object()) {
        for (const auto& [method, operation] : methods.as_object()) {
            std::printf("%s: %s%s\n", operation.at("operationId").as_string().c_str(),
                        operation.at("summary").as_string().c_str(),
                        operation.as_object().contains("deprecated") ? " (deprecated)" : "");
        }
    }
}
