// Request: what the client sent, as views.
//
// A handler that asks for `http::Request&` gets it. All text is a view into the connection's block or into
// the request's arena and dies with the request: keep a copy of what must live longer.
//
// Threads: one, the worker that serves it. Cost: lookups are linear in the number of fields, of which there
// are at most 100. Never: copies, allocates (but for decoding a path or a query that is percent-encoded).
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/background_tasks.hpp>
#include <zigmund/http/client.hpp>
#include <zigmund/http/dependency.hpp>
#include <zigmund/http/field.hpp>
#include <zigmund/http/json_value.hpp>
#include <zigmund/http/method.hpp>
#include <zigmund/http/sent.hpp>
#include <zigmund/http/status.hpp>
#include <zigmund/inject/job.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace zigmund::inject::inline v0 {
template <class Base>
class Overrides;
}

namespace zigmund::http::inline v0 {

class App;
class Binding;
class MultipartForm;

/// A value for a parameter of a path: `{"user_id", 7}`.
using UrlParameter = JsonMember;

namespace detail {

/// What a request knows of its route. In the memory of the route.
struct RouteFacts {
    std::string_view path;                              ///< the template
    std::span<const std::string_view> parameter_names;  ///< views of `path`
    std::span<const RouteDependency> dependencies;      ///< in the order in which they run
    Status status = Status::ok;                         ///< of what its handler returns
};

}  // namespace detail

namespace detail {
class Pending;
struct TaskContext;
}  // namespace detail

class ZIGMUND_EXPORT Request {
  public:
    /// More header fields are answered with 431.
    static constexpr std::size_t max_fields = 100;
    /// A route has at most this many parameters in its path.
    static constexpr std::size_t max_path_parameters = 16;

    /// `context`: what Tasks wait with; without one they cannot.
    explicit Request(alloc::Allocator arena, const detail::TaskContext* context = nullptr) noexcept
        : arena_{arena}, context_{context}, job_{arena}, tasks_{arena} {}
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    ~Request() {
        if (form_ != nullptr) [[unlikely]]
            end_form();
    }

    /// The method; Method::other for one that no route can have.
    [[nodiscard]] Method method() const noexcept { return method_; }
    /// The method's token as it was sent.
    [[nodiscard]] std::string_view method_text() const noexcept { return method_text_; }
    /// What was asked for, as it was sent: path and query, or a whole URL.
    [[nodiscard]] std::string_view target() const noexcept { return target_; }
    /// The path, percent-decoded: `/users/7`. An encoded slash (`%2F`) is a slash.
    [[nodiscard]] std::string_view path() const noexcept { return path_; }
    /// What follows the `?`, as it was sent; empty without one.
    [[nodiscard]] std::string_view query_string() const noexcept { return query_string_; }
    /// The body, whole, with its chunks joined. Of a request that no route takes, or whose route has no
    /// parameter that would show it, and that passes no middleware, it is not waited for: what is not here
    /// when the head is, is not read, and this is empty. So it is if the route takes files (file.hpp), and
    /// they did not come with the head.
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
    /// Who sent it: the other end of its connection, or who that says it speaks for (ForwardedHeaders).
    [[nodiscard]] const Client& client() const noexcept;
    /// "https" if it came over TLS, or to a proxy that says so (ForwardedHeaders); else "http".
    [[nodiscard]] std::string_view scheme() const noexcept { return secure_ ? "https" : "http"; }
    /// The host and port that it was sent to, by its target if that is a whole URL, else by its field `host`;
    /// empty: it does not say. What a client writes: see TrustedHost.
    [[nodiscard]] std::string_view host() const noexcept;
    /// What stands in URLs before path(): AppInfo::root_path, and the prefixes that App::mount() took off.
    /// Throws std::bad_alloc.
    [[nodiscard]] std::string_view root_path() const;
    /// The URL of a route, of the App that serves this request, as App::url_for() but with scheme and host:
    /// "http://example.com/users/7"; a path, if the request does not say which host it was sent to.
    [[nodiscard]] std::string_view url_for(std::string_view name,
                                           std::initializer_list<UrlParameter> parameters = {}) const;

    /// What it is called in logs; see RequestId. Empty: it has no name.
    [[nodiscard]] std::string_view id() const noexcept { return id_; }

    /// The request's arena: what `alloc::Allocator` injects. Reset after the response was sent.
    [[nodiscard]] alloc::Allocator allocator() const noexcept { return arena_; }

    /// Whether the client speaks HTTP/1.0; it speaks 1.1 otherwise.
    [[nodiscard]] bool is_http_1_0() const noexcept { return minor_version_is_0_; }
    /// Whether the client wants the connection kept open after the response.
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }

    /// Whether the server was told to stop, and does so as soon as it may: what readyz() (health.hpp) says,
    /// and what a handler that takes long may look at. False without a server.
    [[nodiscard]] bool server_is_stopping() const noexcept;

    /// When its answer is too late, as Timeout says; time_point::max(): never.
    [[nodiscard]] std::chrono::steady_clock::time_point deadline() const noexcept { return deadline_; }
    /// For a handler that takes long, where it may stop: throws an HttpError, 504 `{"detail":"Gateway
    /// Timeout"}`, if the deadline has passed. A look at the clock.
    void check_deadline() const {
        if (is_late()) [[unlikely]]
            throw_late();
    }
    /// Whether the deadline has passed. A look at the clock, if there is a deadline.
    [[nodiscard]] bool is_late() const noexcept {
        return deadline_ != std::chrono::steady_clock::time_point::max() &&
               std::chrono::steady_clock::now() >= deadline_;
    }

    // ---- for middleware ----

    /// Has `f(const Request&, const Sent&)` called when the response is sent, or cannot be: once, before the
    /// background tasks. Last in, first out. `f` is copied into the request's arena, has no destructor, and
    /// throws nothing. Throws std::bad_alloc.
    template <class F>
    void on_sent(F f) {
        static_assert(
            std::is_trivially_destructible_v<F> && std::is_invocable_v<F&, const Request&, const Sent&>,
            "zigmund: on_sent() takes a function without a destructor: [](const http::Request&, "
            "const http::Sent&), whose captures are pointers, references and numbers");
        struct Hook : detail::SentHook {
            F function;
        };
        sent_hooks_ = arena_.create<Hook>(
            Hook{{[](detail::SentHook& self, const Request& request, const Sent& sent) noexcept {
                      static_cast<Hook&>(self).function(request, sent);
                  },
                  sent_hooks_},
                 std::move(f)});
    }
    /// `id` lives as long as the request.
    void set_id(std::string_view id) noexcept { id_ = id; }
    /// `client` lives as long as the request.
    void set_client(const Client& client) noexcept { client_ = &client; }
    /// Whether it is to count as sent over TLS.
    void set_secure(bool secure) noexcept { secure_ = secure; }
    /// When its answer is too late; time_point::max(): never.
    void set_deadline(std::chrono::steady_clock::time_point deadline) noexcept { deadline_ = deadline; }
    /// What is known of its response so far.
    [[nodiscard]] Sent& sent() noexcept { return sent_; }

    /// See AppInfo; known when it has been routed.
    [[nodiscard]] bool strict_415() const noexcept { return strict_415_; }
    [[nodiscard]] bool strict_content_type() const noexcept { return strict_content_type_; }
    [[nodiscard]] bool echo_input() const noexcept { return echo_input_; }

    /// The status of what its handler returns if that is no Response: as RouteOptions of its route say. Of a
    /// request without a route, whose 404 an exception handler answers with a value, 200.
    [[nodiscard]] Status success_status() const noexcept {
        return route_ == nullptr ? Status::ok : route_->status;
    }
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
    /// The newest answer that is not there yet.
    [[nodiscard]] detail::Pending* pending() const noexcept { return pending_; }
    /// Its handler blocks: what follows the response is to be done on the pool as well.
    void ends_on_pool() noexcept { ends_on_pool_ = true; }
    /// Whether ends_on_pool() was called.
    [[nodiscard]] bool does_end_on_pool() const noexcept { return ends_on_pool_; }
    /// What Tasks wait with; null: nothing.
    [[nodiscard]] const detail::TaskContext* context() const noexcept { return context_; }

  private:
    [[noreturn, gnu::cold]] static void throw_late();
    /// Calls what on_sent() was given.
    void end_sending(std::size_t arena) noexcept;

    friend class App;
    friend class Binding;
    friend class Exchange;
    friend class MultipartForm;
    friend class detail::Pending;
    friend class RequestReader;
    friend class RouteTree;

    [[gnu::cold]] void end_form() noexcept;

    alloc::Allocator arena_;
    const detail::TaskContext* context_;
    detail::Pending* pending_ = nullptr;  ///< the newest answer that is not there yet
    inject::Job job_;
    BackgroundTasks tasks_;
    const inject::Overrides<Binding>* overrides_ = nullptr;
    const App* routed_by_ = nullptr;  ///< who found route_ before the body was read; null: nobody
    MultipartForm* form_ = nullptr;   ///< in the arena
    bool throws_refusals_ = false;    ///< the App has a handler for RequestValidationError
    bool ends_on_pool_ = false;
    Method method_ = Method::other;
    bool keep_alive_ = false;
    bool minor_version_is_0_ = false;
    bool echo_input_ = true;
    bool strict_415_ = false;
    bool strict_content_type_ = true;
    bool secure_ = false;
    bool root_in_path_ = false;  ///< its target has the root path, which was taken off
    std::string_view method_text_;
    std::string_view target_;
    std::string_view path_;
    std::string_view query_string_;
    std::string_view body_;
    std::size_t field_count_ = 0;
    std::string_view id_;
    std::string_view mounted_;        ///< of the path as it was sent: what mounts took off
    const App* app_ = nullptr;        ///< that serves it
    const App* outermost_ = nullptr;  ///< whose root path counts
    const Client* client_ = nullptr;  ///< null: nobody with an address
    const detail::RouteFacts* route_ = nullptr;
    detail::SentHook* sent_hooks_ = nullptr;
    std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
    Sent sent_;
    // Only what is used of them is written: to clear them would take a tenth of a short request's time.
    union {
        std::array<Field, max_fields> fields_;
    };
    union {
        std::array<std::string_view, max_path_parameters> parameter_values_;
    };
};

}  // namespace zigmund::http::inline v0
