// What a handler that takes one parameter is given, or what is answered in its place.
#pragma once

#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <string>
#include <string_view>

#include "in_process.hpp"

namespace parameter_answers {

using namespace zigmund;
using namespace zigmund::http;
using test::ask;
using test::get;
using test::post;

inline std::string detail(std::string_view errors) {
    return std::string{R"({"detail":[)"}.append(errors).append("]}");
}

inline std::string error(std::string_view type, std::string_view loc, std::string_view message,
                         std::string_view input, std::string_view context = "") {
    std::string text{R"({"type":")"};
    text.append(type).append(R"(","loc":)").append(loc).append(R"(,"msg":")").append(message);
    text.append(R"(","input":)").append(input);
    if (!context.empty()) text.append(R"(,"ctx":{)").append(context).append("}");
    return text.append("}");
}

template <class P>
App& app_of() {
    static App app{alloc::heap(), {}};
    static const bool once = [] {
        app.get("/", [](P v, alloc::Allocator arena) { return Response::json(arena, {{"v", v}}); });
        app.post("/", [](P v, alloc::Allocator arena) { return Response::json(arena, {{"v", v}}); });
        return true;
    }();
    (void)once;
    return app;
}

/// What is answered to the query `text` where the handler takes a P.
template <class P>
std::string query(std::string_view text) {
    return get(app_of<P>(), std::string{"/?"}.append(text)).body;
}
/// To a request with these lines in its head.
template <class P>
std::string fields(std::string_view lines) {
    return ask(app_of<P>(), std::string{"GET / HTTP/1.1\r\nHost: a\r\n"}.append(lines).append("\r\n")).body;
}
template <class P>
std::string form(std::string_view text, std::string_view type = "application/x-www-form-urlencoded") {
    return post(app_of<P>(), "/", text, type).body;
}

}  // namespace parameter_answers
