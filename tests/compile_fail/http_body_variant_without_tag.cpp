// Nothing would tell a cat from a dog.
// expect: error: .*zigmund: Body: the alternatives of a std::variant are told apart by a member that all of
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <variant>

namespace http = zigmund::http;

struct Cat {
    http::Literal<"cat"> kind;
};
BOOST_DESCRIBE_STRUCT(Cat, (), (kind))
struct Dog {
#if defined(MISUSE)
    http::Literal<"dog"> type;
#else
    http::Literal<"dog"> kind;
#endif
};
#if defined(MISUSE)
BOOST_DESCRIBE_STRUCT(Dog, (), (type))
#else
BOOST_DESCRIBE_STRUCT(Dog, (), (kind))
#endif
struct Item {
    std::variant<Cat, Dog> pet;
};
BOOST_DESCRIBE_STRUCT(Item, (), (pet))

http::Response handle(http::Body<Item>) { return http::Response::text(""); }

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.post("/", handle);
}
