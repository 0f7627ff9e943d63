// A dependency that waits refers to an argument that lives as long as the call.
// expect: error: .*zigmund: a Scoped dependency waits longer than this argument lives: take the parameter by value
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;

using Name = http::Query<std::string_view, "name">;

#if defined(MISUSE)
inject::Scoped<int> session(const Name& name, alloc::Allocator) {
#else
inject::Scoped<int> session(Name name, http::Request&, alloc::Allocator) {
#endif
    co_yield static_cast<int>(name->size());
}

int main() {
    http::App app{alloc::heap(), {}};
    app.get("/", [](inject::Depends<session>) { return http::Response{}; });
}
