#include <zigmund/http/health.hpp>

namespace zigmund::http::inline v0 {

Response healthz() { return Response::json_text(R"({"status":"ok"})"); }

Response readyz(const Request& request) {
    if (request.server_is_stopping())
        return Response::json_text(R"({"status":"stopping"})").with_status(Status::service_unavailable);
    return Response::json_text(R"({"status":"ready"})");
}

}  // namespace zigmund::http::inline v0
