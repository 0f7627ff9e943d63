#include <zigmund/http/serve_options.hpp>

#include <stdexcept>
#include <string>

namespace zigmund::http::inline v0 {
namespace {

[[noreturn]] void refuse(const char* option, const char* rule) {
    throw std::invalid_argument(std::string{"zigmund: "}.append(option).append(rule));
}

void check_timeout(const char* option, std::chrono::seconds value) {
    if (value < std::chrono::seconds{1}) refuse(option, " is less than a second");
    if (value > max_timeout) refuse(option, " is more than a year");
}

void check_wait(const char* option, std::chrono::seconds value) {
    if (value < std::chrono::seconds{0}) refuse(option, " is negative");
    if (value > max_timeout) refuse(option, " is more than a year");
}

/// The longest path that fits into sockaddr_un, whose last byte ends it.
constexpr std::size_t max_path = 107;

}  // namespace

void check(const ServeOptions& options) {
    if (options.unix_socket.size() > max_path) refuse("unix_socket", " is longer than 107 bytes");
    if (options.unix_socket.contains('\0')) refuse("unix_socket", " has a NUL in it");
    if (options.unix_socket_mode > 0777) refuse("unix_socket_mode", " is more than 0777");
    if (!options.unix_socket.empty() && options.fd)
        refuse("unix_socket and fd", ": a server listens on one of them");
    if (options.fd && *options.fd < 0) refuse("fd", " is negative");
    if (options.tls_certificate.empty() != options.tls_key.empty()) {
        if (options.tls_key.empty()) refuse("tls_certificate", " without tls_key");
        refuse("tls_key", " without tls_certificate");
    }
    if (options.max_connections == 0) refuse("max_connections", " is 0: nobody would be served");
    if (options.max_requests == 0) refuse("max_requests", " is 0: nobody would be served");
    if (options.workers > max_workers) refuse("workers", " is more than 1024");
    if (options.blocking_threads == 0) refuse("blocking_threads", " is 0: what blocks would never run");
    if (options.blocking_threads > max_workers) refuse("blocking_threads", " is more than 1024");
    check_timeout("request_timeout", options.request_timeout);
    check_timeout("idle_timeout", options.idle_timeout);
    check_timeout("write_timeout", options.write_timeout);
    check_wait("drain_grace", options.drain_grace);
    check_wait("drain_timeout", options.drain_timeout);
}

}  // namespace zigmund::http::inline v0
