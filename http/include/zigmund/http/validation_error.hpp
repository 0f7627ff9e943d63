// ValidationError, ValidationErrors: everything that is wrong with a request's parameters and body.
//
// All of a request's errors are collected and answered at once, with 422 and the body that FastAPI sends:
//
//     {"detail":[{"type":"missing","loc":["body","price"],"msg":"Field required","input":{"name":"Pen"}}]}
//
// Type, message and order of members are pydantic's; the errors of the dependencies come first, in the order
// in which those were made, then the handler's: of each, path, query, header, cookie, body, and in one place
// as they were added. `input` is what the client sent, cut to 1 KiB of text; a container that would take more
// is echoed as null, so that an answer cannot be made much larger than a request, and so is a number that no
// double holds. A byte that is no UTF-8 is echoed as U+FFFD, but of a header field and a cookie as the character
// that it is in Latin-1, as Starlette reads them. At most 100 errors are kept.
//
// Threads: one. Cost: one node in the request's arena an error; none for a request without errors.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/json_value.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace zigmund::http::inline v0 {

class Response;

/// Where a value stands: `body`, then `items`, then 0. A chain from the inside out, on the stack while a body
/// is bound.
struct Location {
    /// What it stands in; null: it is the place itself, "body", "query".
    const Location* outer = nullptr;
    std::string_view name;  ///< a member's or a parameter's name; without memory: an index
    /// An element's index, from 0, if there is no name.
    std::size_t index = 0;

    /// `outer_location`, unless null, outlives it; so does the text.
    Location(const Location* outer_location, std::string_view member) noexcept
        : outer{outer_location}, name{member} {}
    /// The same of an element.
    Location(const Location* outer_location, std::size_t element) noexcept
        : outer{outer_location}, index{element} {}
};

struct ValidationError {
    std::string_view type;               ///< pydantic's error type: "missing", "int_parsing"; static text
    std::string_view message;            ///< static text, or text in the request's arena
    JsonValue input;                     ///< what was sent; lives as long as the request
    std::string_view context_name = {};  ///< the name of the first value in `ctx`; without memory: no `ctx`
    /// That value.
    JsonValue context_value = {};
    /// What `ctx` holds besides; what the values refer to lives as long as the request, or is static.
    std::span<const JsonMember> more_context = {};
};

/// The errors of one request, in the order in which they are answered.
class ZIGMUND_EXPORT ValidationErrors {
  public:
    /// How many are kept; what is added later is counted only.
    static constexpr std::size_t max_errors = 100;
    /// How many bytes of text, or of JSON, an error repeats of what was sent.
    static constexpr std::size_t max_input = 1024;

    /// `arena` is the request's, and outlives it.
    explicit ValidationErrors(alloc::Allocator arena) noexcept : arena_{arena} {}
    ValidationErrors(const ValidationErrors&) = delete;
    ValidationErrors& operator=(const ValidationErrors&) = delete;

    /// Adds an error at `location`, whose chain is copied, as more_context is. Throws std::bad_alloc.
    [[gnu::cold]] void add(const Location& location, const ValidationError& error);

    /// What is added from here on comes after what was added before: errors of another function's parameters.
    void begin_section() noexcept { ++section_; }

    /// Where errors live, and text that is made for them may.
    [[nodiscard]] alloc::Allocator allocator() const noexcept { return arena_; }

    /// Whether nothing is wrong. O(1).
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    /// How many are kept.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// How many were added.
    [[nodiscard]] std::size_t added() const noexcept { return added_; }

    /// The answer, 422; without `input`, which repeats what was sent, if `echo` is false.
    [[nodiscard, gnu::cold]] Response response(bool echo = true) const;

  private:
    struct Node;

    alloc::Allocator arena_;
    Node* first_ = nullptr;
    std::size_t size_ = 0;
    std::size_t section_ = 0;
    std::size_t added_ = 0;
};

}  // namespace zigmund::http::inline v0
