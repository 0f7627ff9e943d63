// TestRequest: what a test sends besides method and URL.
//
//     client.post("/items", {.json = {{"name", "Pen"}, {"price", 2.5}}});
//     client.post("/login", {.form = {{"user", "ann"}, {"password", "x y"}}});
//     client.post("/upload", {.form = {{"note", "mine"}},
//                             .files = {{"file", "a.txt", "Hello", "text/plain"}}});
//     client.get("/search", {.query = {{"q", "a b"}}, .headers = {{"x-key", "1"}}});
//
// Threads: values. Cost: owns its text, so that nothing has to outlive anything.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/json_value.hpp>

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace zigmund::http::inline v0::testing {

/// A JSON text, written from whatever a JsonValue can be made of, when it is made. By default there is none.
class ZIGMUND_EXPORT JsonText {
  public:
    JsonText() = default;
    /// An object. Throws std::domain_error for NaN and infinity; so does the other.
    JsonText(std::initializer_list<JsonMember> members) : JsonText{JsonValue{members}} {}
    /// All else that a JsonValue can be made of.
    template <class T>
        requires(std::constructible_from<JsonValue, const T&> && !std::same_as<T, JsonText>)
    JsonText(const T& value) : text_{write(JsonValue{value})} {}

    /// Empty: there is none.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    /// Throws std::domain_error for NaN and infinity.
    static std::string write(const JsonValue& value);

    std::string text_;
};

/// A name and what belongs to it: of a query, a form, a header field, a cookie.
struct NamedText {
    /// In any case, of a header field.
    std::string name;
    /// As it is. In a query or a form it is encoded when it is sent.
    std::string value;

    friend bool operator==(const NamedText&, const NamedText&) = default;
};

/// A file of a multipart form.
struct TestFile {
    std::string name;  ///< of the form's field
    /// What the client calls the file.
    std::string filename;
    /// The bytes of the file.
    std::string content;
    /// The type that the client gives it.
    std::string content_type = "application/octet-stream";
};

struct TestRequest {
    /// Behind what the URL has of a query, percent-encoded. A name may stand there several times.
    std::vector<NamedText> query = {};
    /// Behind the client's own; one of the same name takes their place. As they are: no check.
    std::vector<NamedText> headers = {};
    /// Besides those that the client keeps; not kept.
    std::vector<NamedText> cookies = {};
    /// The body, of type application/json. A request has one body: this, a form, or `content`.
    JsonText json = {};
    /// The body as a form: urlencoded, or multipart if there are files or it is said to be.
    std::vector<NamedText> form = {};
    /// The files of the form, behind its other fields.
    std::vector<TestFile> files = {};
    /// Whether a form without files is multipart, too.
    bool multipart = false;
    /// The body as it is.
    std::string content = {};
    /// Its type; empty: the field is left out.
    std::string content_type = {};
    /// As the client's option says, unless it is said here.
    std::optional<bool> follow_redirects = {};
};

}  // namespace zigmund::http::inline v0::testing
