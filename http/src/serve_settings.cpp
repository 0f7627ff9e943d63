#include <zigmund/http/serve_settings.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>

namespace zigmund::http::inline v0 {
namespace {

using Member =
    std::variant<std::string_view ServeOptions::*, std::uint16_t ServeOptions::*, unsigned ServeOptions::*,
                 std::size_t ServeOptions::*, WhenFull ServeOptions::*, std::chrono::seconds ServeOptions::*,
                 std::optional<int> ServeOptions::*, std::optional<std::uint16_t> ServeOptions::*>;

enum class Unit : std::uint8_t { none, bytes, mode };

struct Setting {
    std::string_view name;  ///< of the member
    Member member;
    std::string_view meaning;
    Unit unit = Unit::none;
};

template <class T>
constexpr bool is_optional = false;
template <class T>
constexpr bool is_optional<std::optional<T>> = true;

constexpr std::array settings{
    Setting{"host", &ServeOptions::host, "the IP address to listen on"},
    Setting{"port", &ServeOptions::port, "the port to listen on; 0: the system picks one"},
    Setting{"unix_socket", &ServeOptions::unix_socket, "instead, the path of a unix socket"},
    Setting{"unix_socket_mode", &ServeOptions::unix_socket_mode, "the mode of its file", Unit::mode},
    Setting{"fd", &ServeOptions::fd, "instead, a descriptor that listens"},
    Setting{"monitor_port", &ServeOptions::monitor_port, "for /metrics, /healthz and /readyz alone"},
    Setting{"monitor_host", &ServeOptions::monitor_host, "the IP address of that port"},
    Setting{"tls_certificate", &ServeOptions::tls_certificate, "with TLS: a file, in PEM"},
    Setting{"tls_key", &ServeOptions::tls_key, "the file of its key, in PEM"},
    Setting{"workers", &ServeOptions::workers, "threads that serve; 0: one a processor"},
    Setting{"blocking_threads", &ServeOptions::blocking_threads, "threads for handlers that block"},
    Setting{"blocking_queue", &ServeOptions::blocking_queue, "requests that wait for one of these"},
    Setting{"max_connections", &ServeOptions::max_connections, "connections of a worker at once"},
    Setting{"when_full", &ServeOptions::when_full, "more of them: wait, or refuse (503)"},
    Setting{"max_requests", &ServeOptions::max_requests, "requests on one connection"},
    Setting{"max_body", &ServeOptions::max_body, "a larger request body is refused", Unit::bytes},
    Setting{"max_upload", &ServeOptions::max_upload, "the same for a form with files", Unit::bytes},
    Setting{"upload_directory", &ServeOptions::upload_directory, "for files that are being received"},
    Setting{"arena_retain", &ServeOptions::arena_retain, "memory that a request leaves for the next",
            Unit::bytes},
    Setting{"request_timeout", &ServeOptions::request_timeout, "for a request's head, in seconds"},
    Setting{"idle_timeout", &ServeOptions::idle_timeout, "between two requests, in seconds"},
    Setting{"write_timeout", &ServeOptions::write_timeout, "for an answer that is not read, in seconds"},
    Setting{"min_rate", &ServeOptions::min_rate, "bytes a second of a body or an answer", Unit::bytes},
    Setting{"drain_grace", &ServeOptions::drain_grace, "serves on when it is to stop, in seconds"},
    Setting{"drain_timeout", &ServeOptions::drain_timeout, "for what was begun when it stops, in seconds"},
};

/// `max_body` as `--max-body`, or, after a prefix, as `MAX_BODY`.
std::string option_name(const Setting& setting) {
    std::string name = "--";
    for (const char c : setting.name) name += c == '_' ? '-' : c;
    return name;
}
std::string variable_name(const Setting& setting, std::string_view prefix) {
    std::string name{prefix};
    for (const char c : setting.name) name += c == '_' ? '_' : static_cast<char>(c - 'a' + 'A');
    return name;
}

/// A whole number up to `most`. A unit stands behind the number of a size; a mode is octal.
std::optional<std::uint64_t> parse(std::string_view text, std::uint64_t most, Unit of = Unit::none) {
    std::uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, of == Unit::mode ? 8 : 10);
    if (error != std::errc{}) return std::nullopt;
    std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    if (of == Unit::bytes && unit.size() == 1) {
        const std::size_t power = std::string_view{"KMG"}.find(unit.front()) + 1;
        if (power == 0 || number > (most >> (10 * power))) return std::nullopt;
        number <<= 10 * power;
        unit = {};
    }
    if (!unit.empty() || number > most) return std::nullopt;
    return number;
}

/// Empty: the value is taken. Otherwise what it is not.
std::string assign(const Setting& setting, std::string_view text, ServeOptions& options) {
    return std::visit(
        [&]<class T>(T ServeOptions::* member) -> std::string {
            if constexpr (std::is_same_v<T, std::string_view>) {
                options.*member = text;
                return {};
            } else if constexpr (std::is_same_v<T, std::chrono::seconds>) {
                const auto most = static_cast<std::uint64_t>(max_timeout.count());
                if (const auto number = parse(text, most)) {
                    options.*member = std::chrono::seconds{static_cast<std::int64_t>(*number)};
                    return {};
                }
                return "time in seconds, from 0 to " + std::to_string(most);
            } else if constexpr (std::is_same_v<T, WhenFull>) {
                if (text != "wait" && text != "refuse") return "word for it: wait, refuse";
                options.*member = text == "wait" ? WhenFull::wait : WhenFull::refuse;
                return {};
            } else if constexpr (is_optional<T>) {
                using Number = typename T::value_type;
                constexpr std::uint64_t most = std::numeric_limits<Number>::max();
                const auto number = parse(text, most);
                if (!number && !text.empty())
                    return "whole number from 0 to " + std::to_string(most) + ", or nothing";
                options.*member = number ? T{static_cast<Number>(*number)} : T{};
                return {};
            } else {
                constexpr std::uint64_t largest = std::numeric_limits<T>::max();
                const std::uint64_t most = setting.unit == Unit::mode ? 0777 : largest;
                if (const auto number = parse(text, most, setting.unit)) {
                    options.*member = static_cast<T>(*number);
                    return {};
                }
                if (setting.unit == Unit::mode) return "mode in octal, such as 0660";
                if (setting.unit == Unit::bytes) return "size in bytes, such as 65536, 64K or 16M";
                return "whole number from 0 to " + std::to_string(most);
            }
        },
        setting.member);
}

std::string value_text(const Setting& setting, const ServeOptions& options) {
    return std::visit(
        [&]<class T>(T ServeOptions::* member) {
            if constexpr (std::is_same_v<T, std::string_view>) {
                return std::string{options.*member};
            } else if constexpr (std::is_same_v<T, std::chrono::seconds>) {
                return std::to_string((options.*member).count());
            } else if constexpr (std::is_same_v<T, WhenFull>) {
                return std::string{options.*member == WhenFull::wait ? "wait" : "refuse"};
            } else if constexpr (is_optional<T>) {
                return options.*member ? std::to_string(*(options.*member)) : std::string{};
            } else if (setting.unit == Unit::mode) {
                std::array<char, 16> digits{'0'};
                return std::string{
                    digits.data(),
                    std::to_chars(digits.data() + 1, digits.data() + digits.size(), options.*member, 8).ptr};
            } else {
                return std::to_string(options.*member);
            }
        },
        setting.member);
}

std::string not_a(std::string_view from, std::string_view text, std::string_view what) {
    return std::string{"zigmund: "}.append(from).append(": \"").append(text).append("\" is no ").append(what);
}

// The first descriptor that systemd passes: sd_listen_fds(3).
constexpr int first_passed = 3;

std::optional<std::uint64_t> number_in(const char* variable) {
    const char* const text = std::getenv(variable);
    return text == nullptr ? std::nullopt : parse(text, std::numeric_limits<int>::max());
}

/// Listens on the socket that systemd has passed to this process, if it has. What is wrong with it; empty:
/// nothing.
std::string take_passed_socket(ServeOptions& options) {
    // The variables are inherited by children, which they do not mean.
    if (number_in("LISTEN_PID") != static_cast<std::uint64_t>(::getpid())) return {};
    const std::uint64_t count = number_in("LISTEN_FDS").value_or(0);
    if (count == 0) return {};
    if (count != 1)
        return "zigmund: LISTEN_FDS: there are " + std::to_string(count) +
               " sockets, and a server listens on one";
    options.fd = first_passed;
    options.unix_socket = {};
    return {};
}

}  // namespace

std::expected<ServeOptions, std::string> read_settings(int argc, const char* const* argv,
                                                       const ServeOptions& defaults,
                                                       std::string_view prefix) {
    ServeOptions options = defaults;
    if (std::string wrong = take_passed_socket(options); !wrong.empty())
        return std::unexpected(std::move(wrong));
    for (const Setting& setting : settings) {
        const std::string variable = variable_name(setting, prefix);
        const char* const value = std::getenv(variable.c_str());
        if (value == nullptr) continue;
        const std::string wrong = assign(setting, value, options);
        if (!wrong.empty()) return std::unexpected(not_a(variable, value, wrong));
    }

    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (!argument.starts_with("--"))
            return std::unexpected(
                std::string{"zigmund: \""}.append(argument).append("\" is no option; --help lists them"));
        const std::string_view name = argument.substr(0, argument.find('='));
        const auto* const setting = std::ranges::find(settings, name, option_name);
        if (setting == settings.end())
            return std::unexpected(
                std::string{"zigmund: "}.append(name).append(": there is no such option; --help lists them"));
        std::string_view value;
        if (name.size() < argument.size()) {
            value = argument.substr(name.size() + 1);
        } else if (++i < argc) {
            value = argv[i];
        } else {
            return std::unexpected(std::string{"zigmund: "}.append(name).append(": the value is missing"));
        }
        const std::string wrong = assign(*setting, value, options);
        if (!wrong.empty()) return std::unexpected(not_a(name, value, wrong));
    }

    try {
        check(options);
    } catch (const std::invalid_argument& error) {
        return std::unexpected(std::string{error.what()});
    }
    return options;
}

bool asks_for_help(int argc, const char* const* argv) noexcept {
    return std::any_of(argv + std::min(argc, 1), argv + argc,
                       [](std::string_view argument) { return argument == "--help" || argument == "-h"; });
}

std::string settings_help(const ServeOptions& defaults, std::string_view prefix) {
    constexpr std::size_t column = 26;
    std::string text;
    for (const Setting& setting : settings) {
        std::string line = "  " + option_name(setting);
        line.append(line.size() < column ? column - line.size() : 1, ' ').append(setting.meaning);
        const std::string value = value_text(setting, defaults);
        line.append(" [").append(value.empty() ? "none" : value).append("; ");
        text.append(line).append(variable_name(setting, prefix)).append("]\n");
    }
    return text;
}

std::string settings_text(const ServeOptions& options) {
    std::string text;
    for (const Setting& setting : settings) {
        if (!text.empty()) text += ' ';
        text.append(setting.name).append("=").append(value_text(setting, options));
    }
    return text;
}

}  // namespace zigmund::http::inline v0
