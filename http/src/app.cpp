#include <zigmund/http/app.hpp>
#include <zigmund/http/server.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <optional>
#include <system_error>
#include <utility>

#include "error_response.hpp"
#include "lifespan.hpp"
#include "log.hpp"
#include "router.hpp"

namespace zigmund::http {
namespace {

[[gnu::cold]] Response method_not_allowed(const Request& request, Methods allowed) {
    std::array<char, 64> list;  // all the names and commas take less
    char* end = list.data();
    const auto append = [&end](std::string_view text) { end = std::ranges::copy(text, end).out; };
    for (std::size_t i = 0; i < method_count; ++i) {
        const auto method = static_cast<Method>(i);
        if (!allowed.has(method)) continue;
        if (end != list.data()) append(", ");
        append(to_string(method));
    }
    const alloc::Allocator arena = request.allocator();
    const std::string_view text{list.data(), static_cast<std::size_t>(end - list.data())};
    return error_response(Status::method_not_allowed).with_header(arena, "allow", arena.dupe(text));
}

/// FastAPI's 500: plain text, and nothing of what went wrong.
Response internal_error() noexcept {
    return Response::text("Internal Server Error").with_status(Status::internal_server_error);
}

}  // namespace

App::App(alloc::Allocator allocator, AppInfo info)
    : allocator_{allocator},
      info_{.title = {}, .version = {}, .echo_input = info.echo_input},
      router_{nullptr},
      singletons_{allocator},
      overrides_{allocator} {
    try {
        info_.title = allocator.dupe(info.title);
        info_.version = allocator.dupe(info.version);
        router_ = allocator.create<Router>(allocator);
    } catch (...) {
        allocator.free(info_.version);
        allocator.free(info_.title);
        throw;
    }
}

App::~App() {
    if (users_ != 0) {
        users_ = 1;
        shutdown();
    }
    allocator_.destroy(router_);
    allocator_.free(info_.version);
    allocator_.free(info_.title);
}

void App::add(Method method, std::string_view path, const Endpoint& endpoint) {
    try {
        router_->add(method, path, endpoint);
    } catch (...) {
        endpoint.destroy(allocator_, endpoint.handler);
        throw;
    }
}

void App::startup() {
    const std::lock_guard lock{lifespan_};
    singletons_.start();
    ++users_;
}

void App::shutdown() noexcept {
    const std::lock_guard lock{lifespan_};
    if (users_ == 0 || --users_ != 0) return;
    log_exception("shutdown", singletons_.stop());
}

void App::clear_overrides() noexcept {
    overrides_.clear();
    singletons_.clear_replacements();
}

Response App::respond(Request& request) const noexcept {
    std::exception_ptr error;
    try {
        request.echo_input_ = info_.echo_input;
        const Router::Match match = router_->match(request);
        if (match.route == nullptr) [[unlikely]] {
            if (match.allowed.empty()) return error_response(Status::not_found);
            return method_not_allowed(request, match.allowed);
        }
        if (!overrides_.empty()) request.overrides_ = &overrides_;
        const Response response = match.route->endpoint.invoke(match.route->endpoint.handler, request);
        request.job().end_function(error);
        if (error == nullptr) [[likely]]
            return response;
    } catch (...) {
        error = std::current_exception();
    }
    return failure(request, std::move(error));
}

/// The answer to a request that `error` has ended, after all that was set up for it was torn down.
Response App::failure(Request& request, std::exception_ptr error) noexcept {
    request.background_tasks().clear();
    request.job().end(error);
    if (error == nullptr) {
        log_exception(request,
                      "a dependency caught it and threw nothing, so there is no answer: let it throw again",
                      "swallowed exception");
        return internal_error();
    }
    try {
        std::rethrow_exception(error);
    } catch (const HttpError& refusal) {
        try {
            return refusal.response(request.allocator());
        } catch (...) {
            log_exception(request, std::current_exception());
        }
    } catch (const RequestValidationError& refusal) {
        return refusal.response();
    } catch (...) {
        log_exception(request, error);
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
        const bool v6 = options.host.find(':') != std::string_view::npos;
        std::printf("%.*s %.*s on http://%s%.*s%s:%u (%u workers), stop with Ctrl-C\n",
                    static_cast<int>(info_.title.size()), info_.title.data(),
                    static_cast<int>(info_.version.size()), info_.version.data(), v6 ? "[" : "",
                    static_cast<int>(options.host.size()), options.host.data(), v6 ? "]" : "",
                    unsigned{server.port()}, server.workers());
        std::fflush(stdout);
        server.run_until_signal();
        std::printf("stopped\n");
        std::fflush(stdout);
        return 0;
    } catch (const std::system_error& error) {
        std::fprintf(stderr, "zigmund: cannot listen on %.*s:%u: %s\n", static_cast<int>(options.host.size()),
                     options.host.data(), unsigned{options.port}, error.code().message().c_str());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
    }
    return 1;
}

}  // namespace zigmund::http
