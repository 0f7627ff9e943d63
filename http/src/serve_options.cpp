#include <zigmund/http/serve_options.hpp>

#include <stdexcept>
#include <string>

namespace zigmund::http {
namespace {

[[noreturn]] void refuse(const char* option, const char* rule) {
    throw std::invalid_argument(std::string{"zigmund: "}.append(option).append(rule));
}

void check_timeout(const char* option, std::chrono::seconds value) {
    if (value < std::chrono::seconds{1}) refuse(option, " is less than a second");
    if (value > max_timeout) refuse(option, " is more than a year");
}

}  // namespace

void check(const ServeOptions& options) {
    if (options.max_connections == 0) refuse("max_connections", " is 0: nobody would be served");
    if (options.max_requests == 0) refuse("max_requests", " is 0: nobody would be served");
    if (options.workers > max_workers) refuse("workers", " is more than 1024");
    if (options.blocking_threads == 0) refuse("blocking_threads", " is 0: what blocks would never run");
    if (options.blocking_threads > max_workers) refuse("blocking_threads", " is more than 1024");
    check_timeout("request_timeout", options.request_timeout);
    check_timeout("idle_timeout", options.idle_timeout);
    check_timeout("write_timeout", options.write_timeout);
    if (options.drain_timeout < std::chrono::seconds{0}) refuse("drain_timeout", " is negative");
    if (options.drain_timeout > max_timeout) refuse("drain_timeout", " is more than a year");
}

}  // namespace zigmund::http
