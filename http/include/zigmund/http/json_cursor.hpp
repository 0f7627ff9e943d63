// JsonCursor: JSON text, read from left to right in one pass, by who knows what should come next.
//
//     JsonCursor in{R"({"id":7,"name":"Pen"})", arena};
//     std::string_view name;
//     if (in.enter('{') && in.take_name("\"id\"") && in.integer(id) && in.next('}', more) && ...)
//
// Where a parser tells a handler what it has found, a cursor is told what to find, so that the type that is
// read directs the reading: no events, no stack, no document. Each function reads one thing and says whether
// it was there; after a false the cursor is of no more use. It accepts RFC 8259 in strict UTF-8, escaped
// surrogates in pairs alone, and is free to refuse rare things that are well-formed (exponents of more than
// four digits, more than 1024 members an object): who reads a body asks the document then (Body).
//
// Threads: one. Cost: one look at each byte; a string is a view into the text, unless it has escapes: then
// its characters are in the arena. Throws: std::bad_alloc from the arena. Limits: 64 levels of nesting.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/scalar.hpp>

#include <boost/json/fwd.hpp>

#include <cstddef>
#include <cstring>
#include <string_view>

namespace zigmund::http::inline v0 {

/// How deep objects and arrays may stand in one another; deeper ones are refused.
inline constexpr std::size_t max_json_depth = 64;
/// The members of one object. Boost.JSON hashes their names with a seed that a client can find out: without a
/// limit, names made to collide cost the square of their number.
inline constexpr std::size_t max_json_members = 1024;

class ZIGMUND_EXPORT JsonCursor {
  public:
    /// `text` and what `arena` hands out outlive all that is read.
    JsonCursor(std::string_view text, alloc::Allocator arena) noexcept
        : at_{text.data()}, end_{text.data() + text.size()}, arena_{arena} {}

    /// Where it puts strings with escapes, and documents.
    [[nodiscard]] alloc::Allocator arena() const noexcept { return arena_; }

    /// The next character that is no blank, which is not read; 0 at the end.
    [[nodiscard]] char peek() noexcept {
        skip_blanks();
        return at_ == end_ ? '\0' : *at_;
    }
    /// Whether nothing but blanks is left.
    [[nodiscard]] bool at_end() noexcept { return peek() == '\0' && at_ == end_; }

    /// The start of an object or of an array.
    [[nodiscard]] bool enter(char bracket) noexcept { return depth_++ < max_json_depth && take(bracket); }
    /// The end of it; where it is not there, there is a first member or element.
    [[nodiscard]] bool leave_empty(char bracket) noexcept {
        if (!take(bracket)) return false;
        --depth_;
        return true;
    }
    /// What follows a member or an element: a comma (`more`), or the end of the object or array.
    [[nodiscard]] bool next(char bracket, bool& more) noexcept {
        more = take(',');
        return more || leave_empty(bracket);
    }

    /// A member's name, if it is `quoted`: `"id"`, with its quotes, without escapes. Otherwise nothing is
    /// read.
    [[nodiscard]] bool take_name(std::string_view quoted) noexcept {
        skip_blanks();
        if (static_cast<std::size_t>(end_ - at_) <= quoted.size() ||
            std::memcmp(at_, quoted.data(), quoted.size()) != 0)
            return false;
        const char* const before = at_;
        at_ += quoted.size();
        if (take(':')) [[likely]]
            return true;
        at_ = before;
        return false;
    }
    /// A member's name, whatever it is, and the colon.
    [[nodiscard]] bool name(std::string_view& result) { return string(result) && take(':'); }

    /// Text, with its quotes taken off and its escapes resolved: a view of the JSON, or, if there was an
    /// escape, of the arena. Throws std::bad_alloc.
    [[nodiscard]] bool string(std::string_view& result);
    /// An integer as it is, of 64 bits and a sign, without fraction and exponent.
    [[nodiscard]] bool integer(detail::Integer& result) noexcept;
    /// The nearest double to a number; of -0, which is an integer, zero. False as well: none is as large, or
    /// it is rounded to zero.
    [[nodiscard]] bool number(double& result) noexcept;
    /// `true` or `false`.
    [[nodiscard]] bool boolean(bool& result) noexcept {
        result = take_word("true");
        return result || take_word("false");
    }
    /// `null`.
    [[nodiscard]] bool null() noexcept { return take_word("null"); }
    /// A value of any kind, as a document in the arena; `result` is constructed anew.
    [[nodiscard]] bool document(boost::json::value& result);
    /// A value of any kind, which nobody wants: checked as the others.
    [[nodiscard]] bool skip() noexcept;

  private:
    void skip_blanks() noexcept {
        while (at_ != end_ && static_cast<unsigned char>(*at_) <= ' ') {
            if (*at_ != ' ' && *at_ != '\n' && *at_ != '\r' && *at_ != '\t') return;
            ++at_;
        }
    }
    bool take(char c) noexcept {
        skip_blanks();
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    bool take_word(std::string_view word) noexcept {
        skip_blanks();
        if (static_cast<std::size_t>(end_ - at_) < word.size() ||
            std::memcmp(at_, word.data(), word.size()) != 0)
            return false;
        at_ += word.size();
        return true;
    }
    /// Moves to the next character of a string that is not plain: a quote, a backslash; null: there is none,
    /// or something before it that no string may hold.
    [[nodiscard]] static const char* end_of_plain(const char* at, const char* end) noexcept;
    bool escaped(const char* begin, const char* at, std::string_view& result);
    bool skip_string() noexcept;
    bool skip_number() noexcept;

    const char* at_;
    const char* end_;
    alloc::Allocator arena_;
    std::size_t depth_ = 0;
};

}  // namespace zigmund::http::inline v0
