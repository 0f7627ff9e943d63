// The tour: an application that uses everything zigmund::http has, a topic a file.
//
//     basics.cpp       text, a number in the path, a JSON body: what most applications are made of
//     parameters.cpp   path, query, header, cookie and form: types, constraints, models
//     bodies.cpp       JSON bodies: nested, validated, told apart by a tag, of any shape
//     uploads.cpp      files that clients send
//     responses.cpp    what a handler may answer
//     streams.cpp      answers that are made while they are sent
//     waiting.cpp      handlers that wait, and handlers that block
//     files.cpp        a file, a directory
//     routing.cpp      routers in routers, a mounted application, names of routes
//     shop.cpp         dependencies: a database for the application, a transaction for each request
//     errors.cpp       exceptions, and who answers them
//     middleware.cpp   what stands around a handler
//
// tests/e2e drive it: each route answers as it should, allocates nothing on the heap once it is warm, and
// survives every failed allocation.
#pragma once

#include <zigmund/alloc.hpp>
#include <zigmund/http.hpp>

#include <cstdio>
#include <optional>
#include <string_view>

namespace tour {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;

/// What the application is told from outside. Handlers ask for it as inject::State<Settings>.
struct Settings {
    std::string_view files;                     ///< a directory that is served
    std::FILE* log = nullptr;                   ///< what it does besides answering; null: nobody reads it
    std::string_view access_log = "/dev/null";  ///< where requests to /api are logged, as JSON lines
    std::string_view visitors = "/dev/null";    ///< who was at the tower, in the common log format
};

/// A line of the log: what happens before the first request, and after an answer was sent.
void note(const Settings& settings, std::string_view text);

/// Who buys: a dependency that tests replace by a customer of their own.
struct Customer {
    std::string_view name;
};
Customer get_customer(http::Header<std::optional<std::string_view>, "authorization"> token);

void add_basics(http::App& app);
void add_parameters(http::App& app);
void add_bodies(http::App& app);
void add_responses(http::App& app);
void add_streams(http::App& app);
void add_waiting(http::App& app);
void add_files(http::App& app, const Settings& settings);
void add_routing(http::App& app, http::App& admin);
void add_shop(http::App& app);
void add_errors(http::App& app);
void add_uploads(http::App& app);
void add_middleware(http::App& app, http::App& api, const Settings& settings);

/// The application, and those that are mounted below /admin and /api.
class Tour {
  public:
    /// `allocator` outlives the Tour. Throws std::system_error if there is no directory `settings.files`.
    Tour(alloc::Allocator allocator, const Settings& settings);

    [[nodiscard]] http::App& app() noexcept { return app_; }

  private:
    // What is mounted outlives where it is mounted.
    http::App admin_;
    http::App api_;
    http::App app_;
};

}  // namespace tour
