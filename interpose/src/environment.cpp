#include "environment.hpp"

#include <cstdint>
#include <cstring>

#include "options.hpp"

// glibc: where argc lies, then argv, then the environment.
extern "C" void* __libc_stack_end;  // NOLINT(bugprone-reserved-identifier)

namespace zigmund::alloc::inline v0::interpose {
namespace {

constexpr std::string_view library = "libzigmund_alloc_interpose.so";

char** initial_environment() noexcept {
    auto* const words = static_cast<char**>(__libc_stack_end);
    const auto count = reinterpret_cast<std::uintptr_t>(words[0]);
    return words + 1 + count + 1;
}

/// The value within an entry NAME=VALUE; null: the entry is of another name.
char* value_in(char* entry, std::string_view name) noexcept {
    if (std::strncmp(entry, name.data(), name.size()) != 0 || entry[name.size()] != '=') return nullptr;
    return entry + name.size() + 1;
}

/// Cuts out of `value` each part between colons or blanks that `matches`; true: nothing is left.
template <class Matches>
bool cut(char* value, std::string_view separators, Matches&& matches) noexcept {
    char* to = value;
    for (const char* from = value; *from != 0;) {
        std::size_t size = 0;
        while (from[size] != 0 && separators.find(from[size]) == std::string_view::npos) {
            if (from[size] == '\\' && from[size + 1] != 0) ++size;
            ++size;
        }
        const bool more = from[size] != 0;
        if (size != 0 && !matches(std::string_view{from, size})) {
            if (to != value) *to++ = separators[0];
            std::memmove(to, from, size);
            to += size;
        }
        from += size + (more ? 1 : 0);
    }
    *to = 0;
    return to == value;
}

}  // namespace

std::string_view environment_variable(std::string_view name) noexcept {
    for (char** entry = initial_environment(); *entry != nullptr; ++entry) {
        if (const char* const value = value_in(*entry, name); value != nullptr) return value;
    }
    return {};
}

void pass_on(bool children) noexcept {
    bool preloaded = false;
    char** to = initial_environment();
    for (char** entry = to; *entry != nullptr; ++entry) {
        char* const preload = value_in(*entry, "LD_PRELOAD");
        if (preload != nullptr && std::strstr(preload, library.data()) != nullptr) {
            preloaded = true;
            if (!children && cut(preload, ": ", [](std::string_view file) {
                    return file.find(library) != std::string_view::npos;
                }))
                continue;
        }
        *to++ = *entry;
    }
    *to = nullptr;
    if (!preloaded) return;
    to = initial_environment();
    for (char** entry = to; *entry != nullptr; ++entry) {
        char* const value = value_in(*entry, variable);
        if (value != nullptr && (!children || cut(value, ":", [](std::string_view word) {
                return word.starts_with("exit_code=");
            })))
            continue;
        *to++ = *entry;
    }
    *to = nullptr;
}

}  // namespace zigmund::alloc::inline v0::interpose
