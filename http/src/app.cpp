#include <zigmund/http/app.hpp>
#include <zigmund/http/serve_settings.hpp>
#include <zigmund/http/server.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "documentation.hpp"
#include "error_response.hpp"
#include "lifespan.hpp"
#include "log.hpp"
#include "route_tree.hpp"
#include "text.hpp"
#include "unmatched.hpp"
#include "url.hpp"

namespace zigmund::http::inline v0 {
namespace {

/// FastAPI's 500: plain text, and nothing of what went wrong.
Response internal_error() noexcept {
    return Response::text("Internal Server Error").with_status(Status::internal_server_error);
}

void check_prefix(std::string_view what, std::string_view prefix) {
    if (prefix.empty() || (prefix.starts_with('/') && !prefix.ends_with('/'))) return;
    throw RouteError(std::string{"zigmund: "}.append(what).append(prefix).append(
        ": a prefix starts with '/' and does not end with it"));
}

}  // namespace

App::App(alloc::Allocator allocator, AppInfo info)
    : allocator_{allocator},
      info_{.title = info.title,
            .version = info.version,
            .description = info.description,
            .openapi_url = info.openapi_url,
            .docs_url = info.docs_url,
            .redoc_url = info.redoc_url,
            .echo_input = info.echo_input,
            .redirect_slashes = info.redirect_slashes,
            .fastapi_strict_head = info.fastapi_strict_head,
            .strict_415 = info.strict_415,
            .strict_content_type = info.strict_content_type,
            .root_path = info.root_path},
      singletons_{allocator},
      overrides_{allocator},
      error_handlers_{allocator},
      dependencies_{info.dependencies, allocator},
      steps_{allocator} {
    check_prefix("root_path ", info.root_path);
    try {
        const std::array texts{&info_.title,    &info_.version,   &info_.description, &info_.openapi_url,
                               &info_.docs_url, &info_.redoc_url, &info_.root_path};
        std::size_t size = 0;
        for (const std::string_view* text : texts) size += text->size();
        texts_ = allocator.alloc<char>(size);
        char* end = texts_.data();
        for (std::string_view* text : texts) {
            char* const begin = end;
            end = std::ranges::copy(*text, begin).out;
            *text = {begin, text->size()};
        }
        routes_ = allocator.create<RouteTree>(allocator, info.fastapi_strict_head);
        documentation_ = allocator.create<Documentation>(*this);
        documentation_->add_routes(*routes_);
    } catch (...) {
        destroy();
        throw;
    }
}

void App::destroy() noexcept {
    allocator_.destroy(routes_);
    allocator_.destroy(documentation_);
    allocator_.free(texts_);
}

App::~App() {
    if (users_ != 0) {
        users_ = 1;
        shutdown();
    }
    while (kept_ != nullptr) {
        detail::KeptMiddleware* const newest = std::exchange(kept_, kept_->older);
        newest->destroy(allocator_, newest);
    }
    destroy();
}

void App::check(const detail::RouterScope& scope) { check_prefix("router ", scope.options.prefix); }

void App::add(Method method, std::string_view path, const Endpoint& endpoint, const RouteOptions& options,
              const detail::RouterScope* scope) {
    const auto put_first = [](auto& list, const auto& more) {
        list.insert(list.begin(), more.begin(), more.end());
    };
    try {
        std::string full{path};
        std::vector<std::string_view> tags{options.tags};
        std::vector<Dependency> dependencies{options.dependencies};
        std::vector<const detail::KeptMiddleware*> middleware;
        std::vector<ResponseInfo> responses{options.responses};
        bool deprecated = options.deprecated;
        bool shown = options.include_in_schema;
        for (; scope != nullptr; scope = scope->outer) {
            full.insert(0, scope->options.prefix);
            put_first(tags, scope->options.tags);
            put_first(dependencies, scope->options.dependencies);
            put_first(middleware, scope->middleware);
            std::ranges::copy_if(
                scope->options.responses, std::back_inserter(responses), [&](const ResponseInfo& outer) {
                    return std::ranges::find(responses, outer.status, &ResponseInfo::status) ==
                           responses.end();
                });
            deprecated |= scope->options.deprecated;
            shown &= scope->options.include_in_schema;
        }
        // A function that is known by name gives it to the first of its routes.
        std::string_view name = options.name;
        if (name.empty() && routes_->find_name(endpoint.info->name) == nullptr) name = endpoint.info->name;
        put_first(dependencies, dependencies_);
        routes_->add({.method = method,
                      .path = full,
                      .name = name,
                      .tags = tags,
                      .dependencies = dependencies,
                      .middleware = middleware,
                      .status = options.status,
                      .notes = {.summary = options.summary,
                                .description = options.description,
                                .operation_id = options.operation_id,
                                .responses = responses,
                                .deprecated = deprecated,
                                .shown = shown}},
                     endpoint, singletons_);
    } catch (...) {
        endpoint.destroy(allocator_, endpoint.handler);
        throw;
    }
}

void App::use(const detail::KeptMiddleware& middleware) {
    entry_ = Next{&detail::MiddlewareStep::take,
                  &steps_.emplace_front(detail::MiddlewareStep{&middleware, entry_})};
}

void App::startup() {
    const std::lock_guard lock{lifespan_};
    singletons_.start();
    ++users_;
    std::size_t started = 0;
    try {
        for (; started < routes_->mounts().size(); ++started) routes_->mounts()[started].app->startup();
    } catch (...) {
        stop(started);
        throw;
    }
}

void App::shutdown() noexcept {
    const std::lock_guard lock{lifespan_};
    if (users_ != 0) stop(routes_->mounts().size());
}

/// Takes one startup() back, and that of the first `mounted` applications below.
void App::stop(std::size_t mounted) noexcept {
    while (mounted != 0) routes_->mounts()[--mounted].app->shutdown();
    if (--users_ == 0) log_exception("shutdown", singletons_.stop());
}

void App::clear_overrides() noexcept {
    overrides_.clear();
    singletons_.clear_replacements();
}

bool App::blocks() const noexcept {
    return blocks_ ||
           std::ranges::any_of(routes_->mounts(), [](const auto& mount) { return mount.app->blocks(); });
}

void App::mount(std::string_view prefix, App& app) { routes_->mount(prefix, app); }

std::string_view App::openapi() const { return documentation_->document(); }

std::string_view App::url_for(alloc::Allocator arena, std::string_view name,
                              std::initializer_list<UrlParameter> parameters) const {
    const std::string_view path = make_url(*routes_, arena, name, parameters);
    return info_.root_path.empty() ? path : join({encode_path(arena, info_.root_path), path}, arena);
}

/// Takes note of the application in a request that comes to it from outside.
void App::receive(Request& request) const noexcept {
    request.outermost_ = this;
    const std::string_view root = info_.root_path;
    const std::string_view path = request.path_;
    if (root.empty() || !path.starts_with(root) || (path.size() > root.size() && path[root.size()] != '/'))
        return;
    request.path_ = path.size() == root.size() ? std::string_view{"/"} : path.substr(root.size());
    request.root_in_path_ = true;
}

void App::reload() const {
    for (const detail::KeptMiddleware* kept = kept_; kept != nullptr; kept = kept->older)
        if (kept->reload != nullptr) kept->reload(*kept);
    for (const RouteTree::Mount& mount : routes_->mounts()) mount.app->reload();
}

bool App::reloads() const noexcept {
    for (const detail::KeptMiddleware* kept = kept_; kept != nullptr; kept = kept->older)
        if (kept->reload != nullptr) return true;
    return std::ranges::any_of(routes_->mounts(), [](const auto& mount) { return mount.app->reloads(); });
}

const Metrics* App::metrics() const noexcept {
    for (const detail::KeptMiddleware* kept = kept_; kept != nullptr; kept = kept->older)
        if (kept->metrics != nullptr) return kept->metrics(*kept);
    for (const RouteTree::Mount& mount : routes_->mounts())
        if (const Metrics* const below = mount.app->metrics()) return below;
    return nullptr;
}

Response App::refuse(Request& request, Status status) const noexcept {
    for (const detail::MiddlewareStep& step : steps_) {
        if (step.middleware->refused == nullptr) continue;
        try {
            step.middleware->refused(*step.middleware, request);
        } catch (...) {
            log_exception(request, std::current_exception());
        }
    }
    return error_response(status);
}

std::vector<RouteInfo> App::routes() const {
    std::vector<RouteInfo> all;
    for (const Route* route = routes_->first(); route != nullptr; route = route->next) {
        if (route->endpoint.info == nullptr) continue;
        all.push_back({route->method,
                       std::string{route->path},
                       std::string{route->name},
                       {route->tags.begin(), route->tags.end()}});
    }
    for (const RouteTree::Mount& mount : routes_->mounts()) {
        for (RouteInfo& below : mount.app->routes()) {
            below.path.insert(0, mount.prefix);
            all.push_back(std::move(below));
        }
    }
    std::ranges::sort(all, {}, [](const RouteInfo& route) { return std::tie(route.path, route.method); });
    return all;
}

Response App::respond(Request& request) const noexcept {
    const detail::Pending* const last = request.pending_;
    std::exception_ptr error;
    if (request.outermost_ == nullptr) receive(request);
    request.app_ = this;
    try {
        const Response response = steps_.empty() ? handle(request) : entry_(request);
        if (response.pending() == nullptr) [[likely]]
            return response;
        return when_there(
            response, last,
            [](const App& app, Request& of, const Response& there, std::exception_ptr& failed) -> Response {
                return failed == nullptr ? there : app.unhandled(of, std::exchange(failed, nullptr));
            });
    } catch (...) {
        error = std::current_exception();
    }
    detail::Pending::cancel(request, last);
    return unhandled(request, std::move(error));
}

/// Whether its path is the prefix of a mounted application, which has a route "/", where the client is sent.
bool App::lacks_slash(const Request& request) const noexcept {
    const App* const below = info_.redirect_slashes ? routes_->mounted_at(request.path_) : nullptr;
    return below != nullptr && below->routes_->has_path("/");
}

/// Those of all routes, and of the applications below.
void App::add_methods(Methods& all) const noexcept {
    all.add(routes_->methods());
    for (const RouteTree::Mount& mount : routes_->mounts()) mount.app->add_methods(all);
}

BodyUse App::body_use(Request& request) const noexcept {
    if (request.outermost_ == nullptr) receive(request);
    BodyUse use = BodyUse::none;
    bool others_look = !steps_.empty() || !overrides_.empty();
    const RouteTree::Match match = routes_->match(request);
    if (const Route* const route = match.route) {
        request.routed_by_ = this;
        use = route->endpoint.body_use;
        others_look = others_look || !route->steps.empty() || !route->dependencies.empty();
    } else {
        if (match.allowed.empty() && lacks_slash(request)) return BodyUse::none;
        const std::string_view path = request.path_;
        const std::string_view mounted = request.mounted_;
        const App* const app = routes_->enter_mount(request);
        if (app == nullptr) return BodyUse::none;
        use = app->body_use(request);
        request.path_ = path;
        request.mounted_ = mounted;
        if (request.routed_by_ == nullptr) return BodyUse::none;
    }
    return others_look ? std::max(use, BodyUse::whole) : use;
}

/// The response, pending still; `step` is done to it, when what the request's code has begun since `last`, and
/// did not wait for, is ended: it uses what the step may tear down.
Response App::when_there(const Response& response, const detail::Pending* last, AppStep step) const {
    struct Step final : detail::Pending::Step {
        Step(const App& of, const detail::Pending* pending, const detail::Pending* newest,
             AppStep todo) noexcept
            : app{of}, there{pending}, last{newest}, step{todo} {
            run = [](detail::Pending::Step& self, Request& request, const Response& response_there,
                     std::exception_ptr& error) -> Response {
                const auto& step_of_app = static_cast<Step&>(self);
                detail::Pending::cancel(request, step_of_app.last, step_of_app.there);
                return step_of_app.step(step_of_app.app, request, response_there, error);
            };
        }
        const App& app;
        const detail::Pending* there;
        const detail::Pending* last;
        AppStep step;
    };
    const Response unchanged = response.with_changes_noted();
    unchanged.pending()->add<Step>(*this, unchanged.pending(), last, step);
    return unchanged;
}

Response App::handle(Request& request) const {
    const detail::Pending* const last = request.pending_;
    std::exception_ptr error;
    try {
        request.echo_input_ = info_.echo_input;
        request.strict_415_ = info_.strict_415;
        request.strict_content_type_ = info_.strict_content_type;
        // The route that an application below has found is not looked for here again: that would set the
        // parameters of a path of ours over its own.
        const RouteTree::Match match = request.routed_by_ == this
                                           ? RouteTree::Match{static_cast<const Route*>(request.route_), {}}
                                       : request.routed_by_ != nullptr ? RouteTree::Match{}
                                                                       : routes_->match(request);
        if (match.route == nullptr) [[unlikely]] {
            const std::string_view path = request.path_;
            const std::string_view mounted = request.mounted_;
            const std::string_view root = request.root_in_path_ ? "" : request.outermost_->info_.root_path;
            if (path == "*") {
                Methods all;
                add_methods(all);
                return answer_options(request, all);
            }
            if (match.allowed.empty() && lacks_slash(request)) {
                if (const std::optional<Response> to_slash = redirect_to_slash(request, root))
                    return *to_slash;
            }
            if (const App* app = routes_->enter_mount(request)) {
                const Response response = app->respond(request);
                request.app_ = this;
                request.path_ = path;
                request.mounted_ = mounted;
                return response;
            }
            return no_route(request, unmatched(request, match, *routes_, info_.redirect_slashes, root));
        }
        if (!overrides_.empty()) request.overrides_ = &overrides_;
        request.throws_refusals_ = error_handlers_.handles_validation();
        const Response response = match.route->entry(request);
        if (response.pending() != nullptr) [[unlikely]] {
            return when_there(response, last,
                              [](const App& app, Request& of, const Response& there,
                                 std::exception_ptr& failed) -> Response {
                                  if (failed == nullptr) of.job().end_function(failed);
                                  return failed == nullptr ? there
                                                           : app.failure(of, std::exchange(failed, nullptr));
                              });
        }
        request.job().end_function(error);
        if (error == nullptr) [[likely]]
            return response;
    } catch (...) {
        error = std::current_exception();
    }
    detail::Pending::cancel(request, last);
    return failure(request, std::move(error));
}

/// The router's refusals are HttpErrors to whoever handles these.
Response App::no_route(Request& request, const Response& response) const {
    if (response.status() != Status::not_found && response.status() != Status::method_not_allowed)
        return response;
    if (!error_handlers_.handles(response.status())) return response;
    HttpError error{response.status()};
    if (const Response::FieldNode* allow = response.last_field())
        error = error.with_header(request.allocator(), allow->field.name, allow->field.value);
    throw error;
}

/// The answer to a request that `error` has ended, after all that was set up for it was torn down. Throws
/// what nobody handles.
Response App::failure(Request& request, std::exception_ptr error) const {
    detail::end_failed(request, error);
    if (const std::optional<Response> response = error_handlers_.answer(request, error)) return *response;
    std::rethrow_exception(error);
}

/// The answer to an exception that nobody has handled: 500, and nothing of what went wrong.
Response App::unhandled(Request& request, std::exception_ptr error) const noexcept {
    request.background_tasks().clear();
    log_exception(request, error);
    request.job().end(error);
    try {
        const HttpError server_error{Status::internal_server_error};
        if (const std::optional<Response> response = error_handlers_.answer_status(request, server_error))
            return *response;
    } catch (...) {
        log_exception(request, std::current_exception());
    }
    return internal_error();
}

int App::serve(ServeOptions options) {
    std::optional<Lifespan> lifespan;
    try {
        lifespan.emplace(*this);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "zigmund: startup: %s\n", error.what());
        return 1;
    }
    try {
        Server server{*this, options};
        if (server.monitor_port() != 0) std::printf("monitor on %s\n", server.monitor_address().c_str());
        std::printf("%.*s %.*s on %s (%u workers), stop with Ctrl-C\n", static_cast<int>(info_.title.size()),
                    info_.title.data(), static_cast<int>(info_.version.size()), info_.version.data(),
                    server.address().c_str(), server.workers());
        std::fflush(stdout);
        server.run_until_signal();
        std::printf("stopped\n");
        std::fflush(stdout);
        return 0;
    } catch (const std::exception& error) {
        const std::string_view what = error.what();
        std::fprintf(stderr, "%s%s\n", what.starts_with("zigmund: ") ? "" : "zigmund: ", error.what());
        const auto* refused = dynamic_cast<const std::system_error*>(&error);
        if (refused != nullptr && refused->code() == std::errc::address_in_use && options.unix_socket.empty())
            std::fputs("zigmund: stop the program that listens there, or choose another port\n", stderr);
    }
    return 1;
}

int App::serve(int argc, const char* const* argv, const ServeOptions& defaults) {
    if (asks_for_help(argc, argv)) {
        std::fputs(settings_help(defaults).c_str(), stdout);
        return 0;
    }
    const auto options = read_settings(argc, argv, defaults);
    if (!options) {
        std::fprintf(stderr, "%s\n", options.error().c_str());
        return 2;
    }
    std::puts(settings_text(*options).c_str());
    return serve(*options);
}

}  // namespace zigmund::http::inline v0
