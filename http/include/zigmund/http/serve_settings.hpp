// Settings: ServeOptions from the command line and the environment.
//
//     return app.serve(argc, argv, {.port = 8080});
//
//     ./service --port=9000 --max-body=16M          the command line counts most,
//     ZIGMUND_WORKERS=4 ./service                   then the environment,
//     ./service --help                              then what the program says
//
// An option is called as its member of ServeOptions, with hyphens; in the environment in capitals, with
// underscores, after a prefix. `--name=value` and `--name value` are the same. Sizes are bytes, or end with
// K, M or G (1024 each); times are seconds; a mode is octal; what may be left out is, with an empty value. A
// socket that systemd passes to the program (LISTEN_FDS) is the option `fd`, unless one is named. A value that cannot be meant is refused, with the reason:
//
//     zigmund: --port: "x" is no whole number from 0 to 65535
//     zigmund: ZIGMUND_MAX_BODY: "1T" is no size in bytes, such as 65536, 64K or 16M
//     zigmund: --idle-timeout: "soon" is no time in seconds, from 0 to 31536000
//     zigmund: --unix-socket-mode: "9" is no mode in octal, such as 0660
//     zigmund: --fd: "x" is no whole number from 0 to 2147483647, or nothing
//     zigmund: LISTEN_FDS: there are 2 sockets, and a server listens on one
//     zigmund: --when-full: "no" is no word for it: wait, refuse
//     zigmund: --prot: there is no such option; --help lists them
//     zigmund: --port: the value is missing
//     zigmund: "9000" is no option; --help lists them
//
// Threads: values. Cost: once, at the start. Never: keeps a copy of text: what a value of text views is the
// command line or the environment.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/serve_options.hpp>

#include <expected>
#include <string>
#include <string_view>

namespace zigmund::http::inline v0 {

/// `defaults`, with what the environment and the command line say instead; or the line that says why not.
/// `argv[0]` is the program's name. Throws std::bad_alloc.
ZIGMUND_EXPORT [[nodiscard]] std::expected<ServeOptions, std::string> read_settings(
    int argc, const char* const* argv, const ServeOptions& defaults = {},
    std::string_view prefix = "ZIGMUND_");

/// Whether the command line asks for the options: `--help` or `-h`.
ZIGMUND_EXPORT [[nodiscard]] bool asks_for_help(int argc, const char* const* argv) noexcept;

/// The options, one a line, each with its default and what it is called in the environment. Throws
/// std::bad_alloc.
ZIGMUND_EXPORT [[nodiscard]] std::string settings_help(const ServeOptions& defaults = {},
                                                       std::string_view prefix = "ZIGMUND_");

/// All options as they are, in one line: `host=127.0.0.1 port=8080 workers=2 ...`. Throws std::bad_alloc.
ZIGMUND_EXPORT [[nodiscard]] std::string settings_text(const ServeOptions& options);

}  // namespace zigmund::http::inline v0
