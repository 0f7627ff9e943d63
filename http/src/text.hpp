// join: several texts as one.
#pragma once

#include <zigmund/alloc/allocator.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>

namespace zigmund::http::inline v0 {

/// The parts one after the other, in memory of `arena`. Throws std::bad_alloc.
[[nodiscard]] inline std::string_view join(std::initializer_list<std::string_view> parts,
                                           alloc::Allocator arena) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    const std::span<char> text = arena.alloc<char>(size);
    auto out = text.begin();
    for (const std::string_view part : parts) out = std::ranges::copy(part, out).out;
    return {text.data(), text.size()};
}

}  // namespace zigmund::http::inline v0
