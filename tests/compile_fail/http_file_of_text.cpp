// A file is an Upload, whatever is done with its contents.
// expect: error: .*zigmund: File<.*name.*, T>: T is Upload, std::optional<Upload> or std::span<const Upload>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <string_view>

namespace http = zigmund::http;

#if defined(MISUSE)
http::Response handle(http::File<"report", std::string_view>) { return http::Response::text(""); }
#else
http::Response handle(http::File<"report">) { return http::Response::text(""); }
#endif

int main() {
    http::App app{zigmund::alloc::heap(), {}};
    app.post("/", handle);
}
