// Source: the places of a request that named text comes from: path, query, header fields, cookies, form.
//
// The rules are FastAPI's. Of several values of one name the last counts, in a header the first; a list takes
// them all, in their order. In a query and a form, names and values are percent-decoded and + is a blank; a
// cookie's value loses its quotes; names of header fields are compared without regard to case. A form is a
// body of the type application/x-www-form-urlencoded, or of multipart/form-data, of which the parts that are
// no files count, as they are; a body of another type is an empty form.
//
// Threads: one. Cost: one pass over the place's text, for each name. Never: allocates, but for a value with
// escapes and for a list, in the request's arena.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/json_value.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/validation_error.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace zigmund::http::inline v0::detail {

enum class Source : std::uint8_t { path, query, header, cookie, form, multipart };

struct FormPart;

/// To be called before a form is looked at: makes it of the body if that is multipart/form-data. Throws
/// HttpError if it is refused (file.hpp), std::system_error if its files could not be stored, std::bad_alloc.
ZIGMUND_EXPORT void prepare_form(Request& request);

/// The parts of a multipart form that was prepared; null: there are none.
ZIGMUND_EXPORT [[nodiscard]] const FormPart* form_parts(const Request& request) noexcept;

/// As errors call it: "path", "query", "header", "cookie", "body". Parameters have one of the first five.
ZIGMUND_EXPORT [[nodiscard]] std::string_view place_name(Source source) noexcept;

/// The value of that name. Empty: there is none; of a form, nor is one that is "". Throws std::bad_alloc.
ZIGMUND_EXPORT [[nodiscard]] std::optional<std::string_view> find_value(const Request& request, Source source,
                                                                        std::string_view name);

/// All values of that name, in the request's arena. Throws std::bad_alloc.
ZIGMUND_EXPORT [[nodiscard]] std::span<const std::string_view> find_values(const Request& request,
                                                                           Source source,
                                                                           std::string_view name);

/// A member of a struct of parameters.
struct KnownName {
    std::string_view name;
    bool is_list = false;
};

/// What was sent, as an object that an error echoes: of a query or form everything, of header fields and
/// cookies only those called one of `names`, so that nothing shows scripts a cookie that is kept from them.
/// `names` come first; what is a list, or came several times and is none of them, is one. Null for more than 64
/// names. Throws std::bad_alloc.
ZIGMUND_EXPORT [[nodiscard, gnu::cold]] JsonValue echo_source(const Request& request, Source source,
                                                              std::span<const KnownName> names);

/// A file where none is wanted, as an error echoes it: `{"filename":"a.txt","size":5}`. Throws std::bad_alloc.
ZIGMUND_EXPORT [[nodiscard, gnu::cold]] JsonValue echo_file(const FormPart& file, alloc::Allocator arena);

/// Adds an error for each name that was sent and is none of `names`: one a name, however often it was sent.
/// Throws std::bad_alloc.
ZIGMUND_EXPORT [[gnu::cold]] void forbid_others(const Request& request, Source source,
                                                std::span<const KnownName> names, ValidationErrors& errors);

}  // namespace zigmund::http::inline v0::detail
