// A value as the JSON text that a client would receive.
#pragma once

#include <zigmund/alloc/arena.hpp>
#include <zigmund/http/json_writer.hpp>

#include <string>

namespace test {

inline std::string written(const zigmund::http::JsonValue& value) {
    zigmund::alloc::Arena arena;
    zigmund::http::JsonWriter writer{arena.allocator()};
    writer.value(value);
    return std::string{writer.finish()};
}

}  // namespace test
