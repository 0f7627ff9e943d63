// read_json: a JSON text as a document in the request's arena.
//
// The grammar is Boost.JSON's parser; two things are ours. Doubles are read by std::from_chars, so that each
// is the nearest one (Boost.JSON 1.81 may miss it by one unit in the last place). And what is wrong with a
// text is said in the words that FastAPI's clients know, those of Python's json module.
//
// Threads: one. Cost: one pass; a second one, cold, over a text that is refused. Everything comes from the
// arena. Limits: 64 levels of nesting, 1024 members an object, exponents that an int holds. Of members of the
// same name, the last one counts.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/json_cursor.hpp>

#include <boost/json/fwd.hpp>

#include <cstddef>
#include <expected>
#include <string_view>

namespace zigmund::http::inline v0 {

struct JsonSyntaxError {
    std::size_t position;      ///< in characters, from 0
    std::string_view message;  ///< static text, "Expecting value"
};

/// The document, which lives as long as the arena and is never destroyed; its memory is the arena's. Throws
/// std::bad_alloc.
[[nodiscard]] std::expected<const boost::json::value*, JsonSyntaxError> read_json(std::string_view text,
                                                                                  alloc::Allocator arena);

/// Constructs `result` anew as the document; false: it is none. Throws std::bad_alloc.
[[nodiscard]] bool read_json_into(std::string_view text, alloc::Allocator arena, boost::json::value& result);

/// Constructs `result` anew as a string, and as a copy of another document. Throw std::bad_alloc.
void make_json_text(std::string_view text, alloc::Allocator arena, boost::json::value& result);
void copy_json(const boost::json::value& document, alloc::Allocator arena, boost::json::value& result);

/// What is wrong with a text, as Python's json module says it: the first error, of a text that has one.
[[nodiscard, gnu::cold]] JsonSyntaxError diagnose_json(std::string_view text) noexcept;

}  // namespace zigmund::http::inline v0
