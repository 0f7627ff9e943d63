// File: a file of a form (multipart/form-data), as a handler's parameter.
//
//     http::Response send(http::File<"report"> report,
//                         http::File<"cover", std::optional<http::Upload>> cover,
//                         http::File<"pages", std::span<const http::Upload>, http::MaxLength<20>> pages,
//                         http::Form<std::string_view, "title"> title);
//
// A struct may have them as members: `struct Report { http::Upload report; std::string_view title; };
// http::Form<Report>`.
//
// Options (constraint.hpp): MinLength and MaxLength of a list, Alias, Description. A file that is missing is
// an error (422), unless it is optional; so is a list without a file. What a browser sends for a field in
// which nothing was chosen, an empty file without a name, is missing.
//
// A route with a File reads bodies up to ServeOptions::max_upload, and receives files of any size in constant
// memory (upload.hpp). A form has at most 1000 files and 1000 other values, of at most 1 MiB each; beyond
// that, and if it is malformed, the answer is FastAPI's:
//
//     400 {"detail":"Too many files. Maximum number of files is 1000."}
//     400 {"detail":"Too many large files. Maximum number of large files is 64."}
//     400 {"detail":"Too many fields. Maximum number of fields is 1000."}
//     400 {"detail":"Part exceeded maximum size of 1024KB."}
//     400 {"detail":"Missing boundary in multipart."}
//     400 {"detail":"The Content-Disposition header field \"name\" must be provided."}
//     400 {"detail":"There was an error parsing the body"}
//     413 {"detail":"Request Entity Too Large"}
//     507 {"detail":"Insufficient Storage"}            the disk is full
//
// Threads: a value. Cost: of several files of one name the last counts; one look at each part. Never: copies
// contents.
#pragma once

#include <zigmund/http/constraint.hpp>
#include <zigmund/http/fixed_string.hpp>
#include <zigmund/http/parameter.hpp>
#include <zigmund/http/upload.hpp>

#include <optional>
#include <span>
#include <type_traits>

namespace zigmund::http::inline v0 {

template <FixedString Name, class T = Upload, class... Cs>
class File : public detail::ParameterValue<T> {
    static_assert(
        detail::UploadValue<T>,
        "zigmund: File<\"name\", T>: T is Upload, std::optional<Upload> or std::span<const Upload>");
    static_assert(!Name.view().empty(),
                  "zigmund: File<\"name\">: a file needs the name that its field has in the form");
    static_assert(!detail::Options<Cs...>::has_default,
                  "zigmund: File<\"name\">: a file has no Default: write std::optional<Upload>");
    static_assert(detail::check_options<T, Cs...>());

  public:
    /// As it is on the wire.
    static constexpr std::string_view name = detail::wire_name<Cs...>(Name.view());
    /// What stands behind the type, sorted by kind.
    using options = detail::Options<Cs...>;
    using detail::ParameterValue<T>::ParameterValue;
};

namespace detail {

template <class P>
struct IsFile : std::false_type {};
template <FixedString Name, class T, class... Cs>
struct IsFile<File<Name, T, Cs...>> : std::true_type {};

}  // namespace detail
}  // namespace zigmund::http::inline v0
