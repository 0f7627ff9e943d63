#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "in_process.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using test::Answer;
using test::send;

class Router : public testing::Test {
  protected:
    /// Adds a route whose answer says which one it is, and the values of the parameters a, b and c.
    void add(Method method, std::string_view path) {
        const auto handler = [name = std::string{to_string(method)}.append(" ").append(path)](
                                 Request& request, alloc::Allocator arena) {
            std::string text = name;
            for (const std::string_view parameter : {"a", "b", "c"}) {
                if (const auto value = request.path_parameter(parameter))
                    text.append(" ").append(parameter).append("=").append(*value);
            }
            return Response::text(arena.dupe(text));
        };
        switch (method) {
            case Method::get:
                return app.get(path, handler);
            case Method::post:
                return app.post(path, handler);
            case Method::put:
                return app.put(path, handler);
            case Method::patch:
                return app.patch(path, handler);
            default:
                return app.delete_(path, handler);
        }
    }
    void add(std::string_view path) { add(Method::get, path); }

    /// Which route answered; "404", or "405 GET, HEAD".
    [[nodiscard]] std::string route(std::string_view path, std::string_view method = "GET") const {
        const Answer answer = send(app, method, path, "");
        if (answer.line == "HTTP/1.1 404 Not Found") return "404";
        if (answer.line == "HTTP/1.1 204 No Content") return "204 " + answer.field("allow");
        if (answer.line == "HTTP/1.1 405 Method Not Allowed") return "405 " + answer.field("allow");
        return answer.body;
    }

    /// What is said of a route that cannot be added.
    std::string refusal(std::string_view path, Method method = Method::get) {
        try {
            add(method, path);
        } catch (const RouteError& error) {
            return error.what();
        }
        return "added";
    }

    App app{alloc::heap(), {.redirect_slashes = false}};
};

TEST_F(Router, TheRootAndPathsOfTextMatchExactly) {
    add("/");
    add("/a");
    add("/a/b");
    add("/a/");
    EXPECT_EQ(route("/"), "GET /");
    EXPECT_EQ(route("/a"), "GET /a");
    EXPECT_EQ(route("/a/"), "GET /a/");
    EXPECT_EQ(route("/a/b"), "GET /a/b");
    EXPECT_EQ(route("/?x=/a"), "GET /");
    for (const std::string_view path : {"/A", "/a/b/", "//", "//a", "/a//b", "/ab", "/b", "/a/b/c"})
        EXPECT_EQ(route(path), "404") << path;
}

TEST_F(Router, AParameterIsOneSegmentThatIsNotEmpty) {
    add("/x/{a}");
    add("/x/{a}/y/{b}");
    EXPECT_EQ(route("/x/7"), "GET /x/{a} a=7");
    EXPECT_EQ(route("/x/7/y/8"), "GET /x/{a}/y/{b} a=7 b=8");
    EXPECT_EQ(route("/x/a%20b%C3%BC"), "GET /x/{a} a=a bü");
    EXPECT_EQ(route("/x/a%2Fy"), "404");
    EXPECT_EQ(route("/x/a%2Fy%2Fz"), "GET /x/{a}/y/{b} a=a b=z");
    for (const std::string_view path : {"/x", "/x/", "/x//", "/x//y/8", "/x/7/y/", "/x/7/y"})
        EXPECT_EQ(route(path), "404") << path;
}

TEST_F(Router, TextGoesBeforeAParameter) {
    add("/users/{a}");
    add("/users/me");
    add("/{a}/me");
    EXPECT_EQ(route("/users/me"), "GET /users/me");
    EXPECT_EQ(route("/users/you"), "GET /users/{a} a=you");
    EXPECT_EQ(route("/others/me"), "GET /{a}/me a=others");
}

TEST_F(Router, WhereTextLeadsNowhereTheParameterIsTried) {
    add("/a/b/c");
    add("/{a}/b/d");
    add("/{a}/{b}/e");
    EXPECT_EQ(route("/a/b/c"), "GET /a/b/c");
    EXPECT_EQ(route("/a/b/d"), "GET /{a}/b/d a=a");
    EXPECT_EQ(route("/a/b/e"), "GET /{a}/{b}/e a=a b=b");
    EXPECT_EQ(route("/a/b/f"), "404");
}

TEST_F(Router, ARouteOfTheMethodIsLookedForBeforeAnyIs405) {
    add(Method::get, "/x/{a}");
    add(Method::put, "/x/me");
    EXPECT_EQ(route("/x/me", "GET"), "GET /x/{a} a=me");
    EXPECT_EQ(route("/x/me", "PUT"), "PUT /x/me");
    EXPECT_EQ(route("/x/you", "PUT"), "405 GET, HEAD, OPTIONS");
}

TEST_F(Router, AllowIsTheUnionOfAllThatMatch) {
    add(Method::get, "/x/{a}");
    add(Method::put, "/x/me");
    add(Method::patch, "/{a}/me");
    add(Method::delete_, "/{a}/{b}");
    add(Method::post, "/x/you");
    EXPECT_EQ(route("/x/me", "OPTIONS"), "204 GET, HEAD, PUT, PATCH, DELETE, OPTIONS");
    EXPECT_EQ(route("/x/you", "PROPFIND"), "405 GET, HEAD, POST, DELETE, OPTIONS");
    EXPECT_EQ(route("/y/you", "GET"), "405 DELETE, OPTIONS");
    EXPECT_EQ(route("/x/me", "get"), "405 GET, HEAD, PUT, PATCH, DELETE, OPTIONS");
}

TEST_F(Router, GetServesHead) {
    add(Method::get, "/a");
    add(Method::post, "/b");
    EXPECT_EQ(send(app, "HEAD", "/a", "").line, "HTTP/1.1 200 OK");
    EXPECT_EQ(route("/b", "HEAD"), "405 POST, OPTIONS");
}

TEST_F(Router, TheSamePathMayHaveOneRouteAMethod) {
    for (const Method method : {Method::get, Method::post, Method::put, Method::patch, Method::delete_})
        add(method, "/x/{a}");
    EXPECT_EQ(route("/x/1", "PATCH"), "PATCH /x/{a} a=1");
    EXPECT_EQ(route("/x/1", "DELETE"), "DELETE /x/{a} a=1");
}

TEST_F(Router, ParametersHaveTheNamesOfTheirOwnTemplate) {
    add(Method::get, "/x/{a}/y");
    add(Method::get, "/x/{b}/z");
    add(Method::post, "/x/{c}/y");
    EXPECT_EQ(route("/x/1/y"), "GET /x/{a}/y a=1");
    EXPECT_EQ(route("/x/1/z"), "GET /x/{b}/z b=1");
    EXPECT_EQ(route("/x/1/y", "POST"), "POST /x/{c}/y c=1");
}

TEST_F(Router, APathStartsWithASlash) {
    EXPECT_EQ(refusal("users"), "zigmund: GET users: a path template starts with '/'");
    EXPECT_EQ(refusal("", Method::post), "zigmund: POST : a path template starts with '/'");
    EXPECT_EQ(refusal("{a}", Method::delete_), "zigmund: DELETE {a}: a path template starts with '/'");
}

TEST_F(Router, AParameterIsAWholeSegment) {
    for (const std::string_view path :
         {"/users/{", "/users/}", "/{}", "/x{a}", "/{a}x", "/{a", "/a}", "/{a}{b}", "/{{a}}", "/{a b}",
          "/{1a}", "/{:int}", "/{a.b}", "/{ü}", "/}a{"})
        EXPECT_EQ(refusal(path), std::string{"zigmund: GET "}.append(path).append(
                                     ": a parameter is a whole segment, '{name}' or '{name:int}'"));
    EXPECT_EQ(refusal("/{_a1}"), "added");
}

TEST_F(Router, AParameterStandsInATemplateOnce) {
    EXPECT_EQ(refusal("/a/{id}/b/{id}"),
              "zigmund: GET /a/{id}/b/{id}: the parameter {id} stands there twice");
}

TEST_F(Router, APathHasAtMost16Parameters) {
    std::string path;
    for (int i = 0; i < 16; ++i) path += "/{p" + std::to_string(i) + "}";
    EXPECT_EQ(refusal(path), "added");
    EXPECT_EQ(send(app, "GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", "").line, "HTTP/1.1 200 OK");
    path += "/{last}";
    EXPECT_EQ(refusal(path), "zigmund: GET " + path + ": a path has at most 16 parameters");
}

TEST_F(Router, AHandlersPathParametersAreInTheTemplate) {
    const auto handler = [](Path<int, "user_id">, Path<int, "other">) { return Response::text(""); };
    try {
        app.get("/users/{id}/{user_id}", handler);
        ADD_FAILURE() << "added";
    } catch (const RouteError& error) {
        EXPECT_STREQ(error.what(),
                     "zigmund: GET /users/{id}/{user_id}: a handler asks for Path<T, \"other\">, which the "
                     "template does not have");
    }
    app.get("/users/{other}/{user_id}", handler);
}

TEST_F(Router, TwoRoutesOfOneMethodThatMatchTheSamePathsConflict) {
    add("/users/{user_id}");
    EXPECT_EQ(refusal("/users/{id}"),
              "zigmund: GET /users/{id} conflicts with GET /users/{user_id}, registered earlier");
    EXPECT_EQ(refusal("/users/{user_id}"),
              "zigmund: GET /users/{user_id} conflicts with GET /users/{user_id}, registered earlier");
    EXPECT_EQ(refusal("/users/{id}", Method::put), "added");
    EXPECT_EQ(refusal("/users/me"), "added");
}

TEST_F(Router, ARefusedRouteLeavesTheOthersAsTheyWere) {
    add("/users/{a}");
    (void)refusal("/users/{b}");
    (void)refusal("/users/{a}/{a}");
    EXPECT_EQ(route("/users/1"), "GET /users/{a} a=1");
    EXPECT_EQ(route("/users/1/2"), "404");
    EXPECT_EQ(route("/users/1", "PUT"), "405 GET, HEAD, OPTIONS");
}

// ---- against a reference: all templates, one after the other ----------------------------------------------

std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> parts;
    path.remove_prefix(1);
    for (;;) {
        const std::size_t slash = path.find('/');
        parts.emplace_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return parts;
        path.remove_prefix(slash + 1);
    }
}

struct Template {
    Method method;
    std::string path;
};

bool are_digits(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

/// The template's shape: '0' for text, '1' for {name:int}, '2' for {name}, '3' for {name:path}, so that the
/// better match is the lesser text.
std::optional<std::string> shape(const Template& candidate, const std::vector<std::string>& path) {
    const std::vector<std::string> parts = segments(candidate.path);
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i == path.size()) return std::nullopt;
        if (parts[i].ends_with(":path}")) return text + '3';
        const bool integer = parts[i].ends_with(":int}");
        const bool parameter = parts[i].starts_with('{');
        if (integer ? !are_digits(path[i]) : parameter ? path[i].empty() : parts[i] != path[i])
            return std::nullopt;
        text += integer ? '1' : parameter ? '2' : '0';
    }
    if (parts.size() != path.size()) return std::nullopt;
    return text;
}

std::string expected(const std::vector<Template>& routes, std::string_view path, Method method) {
    const Template* best = nullptr;
    std::string best_shape;
    std::set<Method> allowed;
    for (const Template& candidate : routes) {
        const std::optional<std::string> found = shape(candidate, segments(path));
        if (!found) continue;
        allowed.insert(candidate.method);
        if (candidate.method == Method::get) allowed.insert(Method::head);
        if (candidate.method != method || (best != nullptr && best_shape < *found)) continue;
        best = &candidate;
        best_shape = *found;
    }
    if (best == nullptr && allowed.empty()) return "404";
    std::string text;
    if (best == nullptr) {
        allowed.insert(Method::options);
        for (const Method each : allowed) text.append(text.empty() ? "405 " : ", ").append(to_string(each));
        return text;
    }
    text.append(to_string(method)).append(" ").append(best->path);
    const std::vector<std::string> values = segments(path);
    const std::vector<std::string> names = segments(best->path);
    for (const std::string_view name : {"a", "b", "c"}) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (!names[i].starts_with(std::string{"{"}.append(name))) continue;
            text.append(" ").append(name).append("=").append(values[i]);
            for (std::size_t j = i + 1; names[i].ends_with(":path}") && j < values.size(); ++j)
                text.append("/").append(values[j]);
        }
    }
    return text;
}

TEST(RouterModel, FindsWhatTryingAllTemplatesFinds) {
    std::mt19937_64 random{37};
    const auto below = [&random](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
    constexpr std::array words{"x", "y", "12", "xy", ""};
    constexpr std::array kinds{"}", "}", ":int}", ":path}"};
    constexpr std::array names{"{a", "{b", "{c"};
    constexpr std::array methods{Method::get, Method::post, Method::put};
    for (int round = 0; round < 60; ++round) {
        App app{alloc::heap(), {.redirect_slashes = false}};
        std::vector<Template> routes;
        for (std::size_t i = 0; i < 25; ++i) {
            std::string path;
            std::size_t parameters = 0;
            for (std::size_t depth = 1 + below(3); depth != 0; --depth)
                path += std::string{"/"} +
                        (below(2) == 0 ? std::string{names[parameters++]} + kinds[below(depth == 1 ? 4 : 3)]
                                       : words[below(words.size())]);
            const Method method = methods[below(methods.size())];
            const auto handler = [name = std::string{to_string(method)}.append(" ").append(path)](
                                     Request& request, alloc::Allocator arena) {
                std::string text = name;
                for (const std::string_view parameter : {"a", "b", "c"}) {
                    if (const auto value = request.path_parameter(parameter))
                        text.append(" ").append(parameter).append("=").append(*value);
                }
                return Response::text(arena.dupe(text));
            };
            try {
                method == Method::get    ? app.get(path, handler)
                : method == Method::post ? app.post(path, handler)
                                         : app.put(path, handler);
                routes.push_back({method, path});
            } catch (const RouteError&) {
                continue;  // the same shape was drawn before
            }
        }
        for (int i = 0; i < 200; ++i) {
            std::string path;
            for (std::size_t depth = 1 + below(4); depth != 0; --depth)
                path += std::string{"/"} + words[below(words.size())];
            const Method method = methods[below(methods.size())];
            const Answer answer = send(app, to_string(method), path, "");
            const std::string found = answer.line.ends_with("404 Not Found") ? "404"
                                      : answer.line.ends_with("Allowed")     ? "405 " + answer.field("allow")
                                                                             : answer.body;
            ASSERT_EQ(found, expected(routes, path, method)) << to_string(method) << ' ' << path;
        }
    }
}

}  // namespace
