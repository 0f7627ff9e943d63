#include "file_name.hpp"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace zigmund::alloc::inline v0::interpose {

int absolute_file_name(std::string_view name, FileName& to) noexcept {
    constexpr std::size_t most = 4096;
    std::size_t size = 0;
    if (!name.starts_with('/') && ::getcwd(to.data(), most - 1) != nullptr) {
        size = std::strlen(to.data());
        to[size++] = '/';
    }
    if (size + name.size() >= most) return ENAMETOOLONG;
    size += name.copy(to.data() + size, name.size());
    to[size] = 0;
    return 0;
}

int expand_file_name(std::string_view pattern, FileName& to) noexcept {
    std::size_t size = 0;
    while (!pattern.empty() && size + 16 < to.size()) {
        if (pattern.starts_with("%p")) {
            size = static_cast<std::size_t>(
                std::to_chars(to.data() + size, to.data() + to.size() - 1, ::getpid()).ptr - to.data());
            pattern.remove_prefix(2);
        } else {
            to[size++] = pattern.front();
            pattern.remove_prefix(1);
        }
    }
    to[size] = 0;
    return pattern.empty() ? 0 : ENAMETOOLONG;
}

}  // namespace zigmund::alloc::inline v0::interpose
