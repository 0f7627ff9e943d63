// What stands around a handler: it sees the request before, may answer by itself, and may change the
// response.
#include "tour.hpp"

namespace tour {
namespace {

http::Response need_key(http::Request& request, http::Next next) {
    if (request.header("x-key") != "secret")
        return http::Response::json_text(R"({"detail":"A key is needed"})")
            .with_status(http::Status::unauthorized);
    return next(request);
}

http::Response say_who(http::Request& request, http::Next next) {
    return next(request).with_header(request.allocator(), "x-served-by", "the tour");
}

}  // namespace

void add_middleware(http::App& app) {
    app.get("/vault", http::with_middleware([] { return http::Response::text("gold"); }, say_who, need_key),
            {.tags = {"middleware"}});
}

}  // namespace tour
