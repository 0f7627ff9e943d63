// Request: what the client sent, as views.
//
// A handler that asks for `http::Request&` gets it. All text is a view into the connection's block or into
// the request's arena and dies with the request: keep a copy of what must live longer.
//
// Threads: one, the worker that serves it. Cost: lookups are linear in the number of fields, of which there
// are at most 100. Never: copies, allocates (but for decoding a path or a query that is percent-encoded).
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/background_tasks.hpp>
#include <zigmund/http/dependency.hpp>
#include <zigmund/http/field.hpp>
#include <zigmund/http/method.hpp>
#include <zigmund/inject/job.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace zigmund::inject {
template <class Base>
class Overrides;
}

namespace zigmund::http {

class Binding;

namespace detail {

/// What a request knows of its route. In the memory of the route.
struct RouteFacts {
    std::string_view path;                              ///< the template
    std::span<const std::string_view> parameter_names;  ///< views of `path`
    std::span<const RouteDependency> dependencies;      ///< in the order in which they run
};

}  // namespace detail

class Request {
  public:
    /// More header fields are answered with 431.
    static constexpr std::size_t max_fields = 100;
    /// A route has at most this many parameters in its path.
    static constexpr std::size_t max_path_parameters = 16;

    explicit Request(alloc::Allocator arena) noexcept : arena_{arena}, job_{arena}, tasks_{arena} {}
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    [[nodiscard]] Method method() const noexcept { return method_; }
    /// The method's token as it was sent.
    [[nodiscard]] std::string_view method_text() const noexcept { return method_text_; }
    /// What was asked for, as it was sent: path and query, or a whole URL.
    [[nodiscard]] std::string_view target() const noexcept { return target_; }
    /// The path, percent-decoded: `/users/7`. An encoded slash (`%2F`) is a slash.
    [[nodiscard]] std::string_view path() const noexcept { return path_; }
    /// What follows the `?`, as it was sent; empty without one.
    [[nodiscard]] std::string_view query_string() const noexcept { return query_string_; }
    /// The body, whole, with its chunks joined.
    [[nodiscard]] std::string_view body() const noexcept { return body_; }
    /// All header fields in the order in which they were sent.
    [[nodiscard]] std::span<const Field> fields() const noexcept { return {fields_.data(), field_count_}; }
    /// The value of the first field of that name (any case), without surrounding blanks.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
    /// The last value of that name in the query, percent-decoded, `+` read as a blank. Decoding allocates in
    /// the request's arena; a value without escapes is a view.
    [[nodiscard]] std::optional<std::string_view> query(std::string_view name) const;
    /// The value of the path's parameter of that name, percent-decoded.
    [[nodiscard]] std::optional<std::string_view> path_parameter(std::string_view name) const noexcept;
    /// The template of its route, with the prefixes of its routers: `/users/{user_id}`. Empty: no route has
    /// the request's path and method, or it was not looked for yet. Lives as long as the App.
    [[nodiscard]] std::string_view route() const noexcept {
        return route_ == nullptr ? std::string_view{} : route_->path;
    }
    /// The request's arena: what `alloc::Allocator` injects. Reset after the response was sent.
    [[nodiscard]] alloc::Allocator allocator() const noexcept { return arena_; }

    /// Whether the client speaks HTTP/1.0; it speaks 1.1 otherwise.
    [[nodiscard]] bool is_http_1_0() const noexcept { return minor_version_is_0_; }
    /// Whether the client wants the connection kept open after the response.
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }

    /// Whether somebody wants to see how it fails: a dependency that waits for its end.
    [[nodiscard]] bool waits_for_failure() const noexcept { return job_.entered(); }
    /// What its dependencies have set up, and must be undone.
    [[nodiscard]] inject::Job& job() noexcept { return job_; }
    /// What runs after its response was sent.
    [[nodiscard]] BackgroundTasks& background_tasks() noexcept { return tasks_; }
    /// What runs before its handler.
    [[nodiscard]] std::span<const detail::RouteDependency> dependencies() const noexcept {
        return route_->dependencies;
    }

  private:
    friend class App;
    friend class Binding;
    friend class RequestReader;
    friend class RouteTree;

    alloc::Allocator arena_;
    inject::Job job_;
    BackgroundTasks tasks_;
    const inject::Overrides<Binding>* overrides_ = nullptr;
    bool throws_refusals_ = false;  ///< the App has a handler for RequestValidationError
    Method method_ = Method::other;
    bool keep_alive_ = false;
    bool minor_version_is_0_ = false;
    bool echo_input_ = true;
    std::string_view method_text_;
    std::string_view target_;
    std::string_view path_;
    std::string_view query_string_;
    std::string_view body_;
    std::size_t field_count_ = 0;
    const detail::RouteFacts* route_ = nullptr;
    // Only what is used of them is written: to clear them would take a tenth of a short request's time.
    union {
        std::array<Field, max_fields> fields_;
    };
    union {
        std::array<std::string_view, max_path_parameters> parameter_values_;
    };
};

}  // namespace zigmund::http
