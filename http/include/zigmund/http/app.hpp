// App: an application's routes.
//
//     alloc::GeneralPurposeAllocator gpa;
//     http::App app{gpa.allocator(), {.title = "Item Service", .version = "1.0.0"}};
//     app.get("/users/{user_id}", get_user);
//     app.post("/items", create_item);
//     return app.serve({.port = 8080});
//
// Routes, configuration and connections live in the allocator given to App. What a handler allocates lives in
// the request's arena and is gone when the response has been sent.
//
// Threads: register routes from one thread, before serving. Cost: a route allocates a few small blocks, once.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/blocking.hpp>
#include <zigmund/http/endpoint.hpp>
#include <zigmund/http/error_handlers.hpp>
#include <zigmund/http/json_value.hpp>
#include <zigmund/http/method.hpp>
#include <zigmund/http/middleware.hpp>
#include <zigmund/http/route_info.hpp>
#include <zigmund/http/route_options.hpp>
#include <zigmund/http/serve_options.hpp>

#include <cstddef>
#include <exception>
#include <forward_list>
#include <initializer_list>
#include <memory_resource>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace zigmund::http::inline v0 {

class Documentation;
class Methods;
class Router;
class RouteTree;

/// A route that cannot be registered; what() says why:
///
///     zigmund: GET users: a path template starts with '/'
///     zigmund: GET /users/{: a parameter is a whole segment, '{name}' or '{name:int}'
///     zigmund: GET /users/{id:integer}: {id:integer}: the converters are str, int, float, uuid, path
///     zigmund: GET /files/{name:path}/x: {name:path} takes the rest of the path, so nothing stands behind it
///     zigmund: GET /a/{id}/b/{id}: the parameter {id} stands there twice
///     zigmund: GET /users/{id}: a handler asks for Path<T, "user_id">, which the template does not have
///     zigmund: GET /users/{id} conflicts with GET /users/{user_id}, registered earlier
///     zigmund: GET /users/{id}: the name "get_user" is that of GET /users/{user_id}
///     zigmund: GET /users/{id}: the operation id "getUser" is that of GET /users/{user_id}
///     zigmund: router users: a prefix starts with '/' and does not end with it
///     zigmund: mount /admin: an application is mounted there already
class RouteError : public std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

/// What an App says of itself, and how it treats what is not as it should be. The texts are copied.
struct AppInfo {
    /// The name of the application in its documentation.
    std::string_view title = "Zigmund";
    /// Its version in the documentation; any text.
    std::string_view version = "0.1.0";
    /// For the documentation, in Markdown.
    std::string_view description = {};
    /// Where the documentation of the routes is: as OpenAPI 3.1 in JSON, and as pages for people, Swagger UI
    /// and ReDoc. Empty: not there; without the first, the pages are not there either. What is there are
    /// routes: one of the application for the same path is a conflict.
    std::string_view openapi_url = "/openapi.json";
    std::string_view docs_url = "/docs";
    std::string_view redoc_url = "/redoc";
    /// Whether an answer that says what is wrong with a request repeats what was sent (`input`), at most 1
    /// KiB of it for each error. Off, it does not: for requests whose values must not get into logs of
    /// answers.
    bool echo_input = true;
    /// Whether a path that no route has is answered with a redirect (307) if a route has it with, or without,
    /// a slash at its end.
    bool redirect_slashes = true;
    /// Whether HEAD is refused (405) where only GET has a route, as FastAPI does. By default GET serves it.
    bool fastapi_strict_head = false;
    /// Whether the kinds of bodies that cannot be read have statuses of their own. Off, as in FastAPI, all of
    /// them are 422. On, a body whose Content-Type is not the one that the handler takes, or that has none,
    /// is 415 {"detail":"Unsupported Media Type"}, and what is no JSON is 400; JSON that does not fit stays
    /// 422.
    bool strict_415 = false;
    /// Whether a body without a Content-Type is no JSON. Off, it is taken for JSON, as FastAPI did before
    /// strict_content_type: then pages of any origin may send one past CORS, so leave it on where browsers
    /// come.
    bool strict_content_type = true;
    /// Where the application stands for its clients, if that is not the root: "/api", without a slash at its
    /// end. URLs to its routes begin with it. A proxy may take it off before it passes a request on, or not.
    /// What is no such prefix is refused: RouteError "zigmund: root_path api: a prefix starts with '/' and
    /// does not end with it".
    std::string_view root_path = {};
    /// What runs before the handlers of all routes: `{http::depends<check_token>}`.
    std::initializer_list<Dependency> dependencies = {};
};

class ZIGMUND_EXPORT App : public detail::RouteVerbs<App> {
  public:
    /// `allocator` outlives the App; the texts of `info` are copied into it. Throws std::bad_alloc, and
    /// RouteError for a root_path that is none, and for a path of the documentation that is none.
    App(alloc::Allocator allocator, AppInfo info);
    ~App();
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    /// Registers the routes of a part of the application: calls `routes` with a Router, below the prefix
    /// that the options name (router.hpp, which is to be included). `http::with_middleware(routes, a, b)`
    /// puts middleware around each of them. Throws what `routes` throws, RouteError.
    template <class F>
    void include(F&& routes, const RouterOptions& options = {});

    /// Hands requests below `prefix` that have no route here to `app`, which sees their paths without the
    /// prefix, answers in its own way, starts and stops with this App, and outlives it. The longest prefix
    /// counts. The prefix alone is redirected to the one with a slash behind it (AppInfo::redirect_slashes), if
    /// `app` has a route "/". Throws RouteError, std::bad_alloc.
    void mount(std::string_view prefix, App& app);

    /// The path of the route that is called `name`, percent-encoded, behind the App's root path, in memory of
    /// `arena`: `app.url_for(arena, "get_user", {{"user_id", 7}})` is "/users/7". A route has its name from
    /// its RouteOptions. Where the App is mounted it does not know: a request does, Request::url_for().
    /// Throws std::invalid_argument, and std::bad_alloc:
    ///
    ///     zigmund: url_for: no route is called "get_usr"
    ///     zigmund: url_for: get_user needs a value for {user_id}
    ///     zigmund: url_for: get_user has no parameter {id}
    ///     zigmund: url_for: get_user: the value of {user_id} would not lead to its route
    [[nodiscard]] std::string_view url_for(alloc::Allocator arena, std::string_view name,
                                           std::initializer_list<UrlParameter> parameters = {}) const;

    /// All routes, those of mounted applications among them and those of the documentation not, by path and
    /// method. Throws std::bad_alloc.
    [[nodiscard]] std::vector<RouteInfo> routes() const;

    /// The documentation of its routes as OpenAPI 3.1, in JSON: what is served at AppInfo::openapi_url. Made
    /// once, when it is first asked for, of the routes that there are then; it lives as long as the App. Any
    /// thread. Throws std::bad_alloc.
    [[nodiscard]] std::string_view openapi() const;

    // ---- middleware ----

    /// Puts `middleware` around all that is there: every route, and the answers 404 and 405; see
    /// middleware.hpp. Before serving. Throws std::bad_alloc.
    template <class Middleware>
    void use(Middleware&& middleware) {
        use(keep(std::forward<Middleware>(middleware)));
    }

    // ---- exceptions ----

    /// Answers exceptions of type E, and of types derived from it, with what `f` returns; see
    /// ErrorHandlers. An HttpError needs none. Throws std::bad_alloc.
    template <class E, class F>
    void on_exception(F&& f) {
        error_handlers_.add<E>(std::forward<F>(f));
    }
    /// Answers HttpErrors of a status, 404 and 405 of the router among them, and, for
    /// Status::internal_server_error, what nobody else has answered. Throws std::bad_alloc.
    template <class F>
    void on_status(Status status, F&& f) {
        error_handlers_.add(status, std::forward<F>(f));
    }

    // ---- lifespan: what the application has one of, and its start and stop ----

    /// What `inject::State<T>` refers to: `args` construct a T, here and now, which lives as long as the App;
    /// or they are a function that returns a T, a T& or a Scoped<T>, called by startup(), whose parameters
    /// are State, `Depends<f, AppScope>` and alloc::Allocator, the App's. Throws std::logic_error "zigmund:
    /// State<T> is provided twice", std::bad_alloc, what the constructor throws.
    template <class T, class... Args>
    void provide(Args&&... args) {
        singletons_.provide<T>(std::forward<Args>(args)...);
    }

    /// Calls `f`, with the same kinds of parameters, at the end of startup(), or at the beginning of
    /// shutdown(), in the order of registration. Throws std::bad_alloc.
    template <class F>
    void on_startup(F&& f) {
        singletons_.on_start(std::forward<F>(f));
    }
    template <class F>
    void on_shutdown(F&& f) {
        singletons_.on_stop(std::forward<F>(f));
    }

    /// Makes what was provided and every dependency with AppScope that a route uses, then calls the
    /// on_startup functions. A Server does it before it serves; a test that uses respond() calls it. If
    /// something throws, what was made is torn down and the exception passes through; so does
    /// std::logic_error "zigmund: State<T> is asked for, but nobody provides it". Each call is paired with
    /// one of shutdown(), and only the first starts.
    void startup();
    /// Calls the on_shutdown functions and tears down, the newest first; what one throws is a line on stderr.
    /// The App's destructor does it if it has to.
    void shutdown() noexcept;

    // ---- tests ----

    /// From now on who depends on `F` gets what `g` returns, a function or lambda with parameters of its own.
    /// What has AppScope is overridden before startup(). Not while something is served. Throws as
    /// inject::Overrides::set().
    template <auto F, class G>
    void override(G&& g) {
        overrides_.set<F>(std::forward<G>(g), singletons_);
    }
    /// The originals again.
    void clear_overrides() noexcept;

    /// Serves until SIGINT or SIGTERM, then stops taking connections, finishes the requests that were begun,
    /// and returns 0; a second signal ends them at once (Server::run_until_signal()). Prints where it
    /// listens. If it cannot, says why on stderr ("zigmund: cannot listen on 127.0.0.1:8080: Address already
    /// in use") and returns 1; so it does if startup() throws ("zigmund: startup: <what>").
    [[nodiscard]] int serve(ServeOptions options = {});
    /// The same, with options from the command line and the environment (serve_settings.hpp); prints all of
    /// them first. `--help` prints what there is, and returns 0; what is refused is said on stderr, and 2
    /// returned.
    [[nodiscard]] int serve(int argc, const char* const* argv, const ServeOptions& defaults = {});

    /// The answer to a request, in the request's arena, as a worker computes it: routing, binding,
    /// dependencies, handler, the end of what has FunctionScope, exception handlers. What nobody handles
    /// becomes a 500 and a line on stderr. After a failure all that was set up is torn down; after a success,
    /// what is not FunctionScope stays until Exchange::finish(). Any thread.
    [[nodiscard]] Response respond(Request& request) const noexcept;

    /// Routes a request whose head is here and whose body is not: what is to become of the body. respond()
    /// uses the route that was found. Where no route takes the request, nobody looks at its body: not the
    /// middleware around either, which sees the request all the same. Where one does and there is middleware
    /// around it, the body is read, for the middleware to see. Any thread.
    [[nodiscard]] BodyUse body_use(Request& request) const noexcept;

    /// Has what depends on files outside open them anew, as a log that was rotated; serve() and
    /// Server::run_until_signal() do it on SIGHUP, if there is such a thing. Any thread.
    void reload() const;
    /// Whether there is something that reload() is for.
    [[nodiscard]] bool reloads() const noexcept;

    /// The Metrics whose middleware it uses, or what is mounted in it; null: none.
    [[nodiscard]] const Metrics* metrics() const noexcept;

    /// The answer to what is no request, which no route and no middleware sees: 400, 408, 413, 414, 431 and
    /// the like. Middleware that has a member `void refused(http::Request&) const` learns of it, with as much
    /// of the request as was read. Any thread.
    [[nodiscard, gnu::cold]] Response refuse(Request& request, Status status) const noexcept;

    /// Whether it, or what is mounted in it, has handlers that are blocking().
    [[nodiscard]] bool blocks() const noexcept;

    /// What it was given: for what lives as long as the App.
    [[nodiscard]] alloc::Allocator allocator() const noexcept { return allocator_; }
    /// What it was made with, but for the dependencies; the texts live as long as the App.
    [[nodiscard]] const AppInfo& info() const noexcept { return info_; }

  private:
    friend class Documentation;
    friend class Request;
    friend class Router;
    friend class detail::RouteVerbs<App>;

    template <class Handler>
    void route(Method method, std::string_view path, Handler&& handler, const RouteOptions& options,
               const detail::RouterScope* scope = nullptr) {
        if constexpr (detail::is_blocking<std::decay_t<Handler>>) blocks_ = true;
        add(method, path, make_endpoint(singletons_, std::forward<Handler>(handler)), options, scope);
    }
    void add(Method method, std::string_view path, const Endpoint& endpoint, const RouteOptions& options,
             const detail::RouterScope* scope);
    /// Keeps a middleware as long as the App.
    template <class Middleware>
    const detail::KeptMiddleware& keep(Middleware&& middleware) {
        using M = std::decay_t<Middleware>;
        static_assert(detail::check_middleware<M>());
        return *(kept_ = allocator_.create<detail::StoredMiddleware<M>>(std::forward<Middleware>(middleware),
                                                                        kept_));
    }
    void use(const detail::KeptMiddleware& middleware);
    static void check(const detail::RouterScope& scope);

    void destroy() noexcept;
    void stop(std::size_t mounted) noexcept;
    static Response handle_step(const void* app, Request& request) {
        return static_cast<const App*>(app)->handle(request);
    }
    void receive(Request& request) const noexcept;
    [[nodiscard]] Response handle(Request& request) const;
    [[nodiscard, gnu::cold]] bool lacks_slash(const Request& request) const noexcept;
    void add_methods(Methods& all) const noexcept;
    using AppStep = Response (*)(const App& app, Request& request, const Response& response,
                                 std::exception_ptr& error);
    [[nodiscard, gnu::cold]] Response when_there(const Response& response, const detail::Pending* last,
                                                 AppStep step) const;
    [[nodiscard, gnu::cold]] Response no_route(Request& request, const Response& response) const;
    [[nodiscard, gnu::cold]] Response failure(Request& request, std::exception_ptr error) const;
    [[nodiscard, gnu::cold]] Response unhandled(Request& request, std::exception_ptr error) const noexcept;

    alloc::Allocator allocator_;
    AppInfo info_;
    std::span<char> texts_;  ///< of info_
    RouteTree* routes_ = nullptr;
    Documentation* documentation_ = nullptr;
    inject::Singletons singletons_;
    inject::Overrides<Binding> overrides_;
    ErrorHandlers error_handlers_;
    std::pmr::vector<Dependency> dependencies_;             ///< of all routes
    detail::KeptMiddleware* kept_ = nullptr;                ///< the App's and the routers', the newest first
    std::pmr::forward_list<detail::MiddlewareStep> steps_;  ///< of the App's, the outermost first
    Next entry_{&App::handle_step, this};
    bool blocks_ = false;
    std::mutex lifespan_;
    std::size_t users_ = 0;  ///< how many startup() were not yet paired
};

}  // namespace zigmund::http::inline v0
