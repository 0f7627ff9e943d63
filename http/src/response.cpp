#include <zigmund/http/pending.hpp>
#include <zigmund/http/response.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <stdexcept>

#include "ascii.hpp"
#include "text.hpp"

namespace zigmund::http::inline v0 {
namespace {

constexpr std::array<std::string_view, 6> written_by_server{
    "connection", "content-length", "content-type", "date", "keep-alive", "transfer-encoding"};

void check_value(std::string_view value) {
    if (std::ranges::any_of(value, [](char c) { return ascii::is_control(c) && c != '\t'; }))
        throw std::invalid_argument("zigmund: header field value has a line break or a control character");
}

/// What a URL may hold (RFC 3986): itself, and percent signs, so that what is encoded stays so.
constexpr bool belongs_in_url(char c) noexcept {
    return ascii::is_alpha(c) || ascii::is_digit(c) ||
           std::string_view{"-._~:/%#?=@[]!$&'()*+,;"}.find(c) != std::string_view::npos;
}

std::string_view quote_url(alloc::Allocator arena, std::string_view url) {
    const auto others =
        static_cast<std::size_t>(std::ranges::count_if(url, [](char c) { return !belongs_in_url(c); }));
    if (others == 0) return url;
    const std::span<char> quoted = arena.alloc<char>(url.size() + 2 * others);
    char* out = quoted.data();
    for (const char c : url) {
        if (belongs_in_url(c)) {
            *out++ = c;
            continue;
        }
        constexpr std::string_view digits = "0123456789ABCDEF";
        *out++ = '%';
        *out++ = digits[static_cast<unsigned char>(c) >> 4];
        *out++ = digits[static_cast<unsigned char>(c) & 15];
    }
    return {quoted.data(), quoted.size()};
}

/// What Python sends of a cookie's value without quotes.
constexpr bool is_plain_in_cookie(char c) noexcept {
    return ascii::is_alpha(c) || ascii::is_digit(c) ||
           std::string_view{"!#$%&'*+-.^_`|~:"}.find(c) != std::string_view::npos;
}
/// And between quotes as it is.
constexpr bool is_plain_in_quotes(char c) noexcept {
    return is_plain_in_cookie(c) || std::string_view{" ()/<=>?@[]{}"}.find(c) != std::string_view::npos;
}

/// A cookie's value as it is sent: alone, or quoted as Python's http.cookies does, every byte that does not
/// belong there as \ooo, its octal number.
std::string_view quote_cookie(alloc::Allocator arena, std::string_view value) {
    if (!value.empty() && std::ranges::all_of(value, is_plain_in_cookie)) return value;
    const std::span<char> space = arena.alloc<char>(4 * value.size() + 2);
    char* out = space.data();
    *out++ = '"';
    for (const char c : value) {
        if (is_plain_in_quotes(c)) {
            *out++ = c;
            continue;
        }
        *out++ = '\\';
        if (c == '"' || c == '\\') {
            *out++ = c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        *out++ = static_cast<char>('0' + (byte >> 6));
        *out++ = static_cast<char>('0' + (byte >> 3 & 7));
        *out++ = static_cast<char>('0' + (byte & 7));
    }
    *out++ = '"';
    return {space.data(), out};
}

/// What the value of an attribute may hold.
constexpr bool is_attribute_octet(char c) noexcept {
    return static_cast<unsigned char>(c) >= ' ' && static_cast<unsigned char>(c) < 0x7f && c != ';';
}

void check_cookie(const SetCookie& cookie) {
    if (!ascii::is_token(cookie.name)) throw std::invalid_argument("zigmund: cookie name is not a token");
    if (std::ranges::any_of(cookie.value, ascii::is_control))
        throw std::invalid_argument("zigmund: cookie value has a control character");
    if (!std::ranges::all_of(cookie.path, is_attribute_octet) ||
        !std::ranges::all_of(cookie.domain, is_attribute_octet))
        throw std::invalid_argument("zigmund: cookie path or domain has a character that must be encoded");
    if (cookie.same_site == SameSite::none && !cookie.secure)
        throw std::invalid_argument("zigmund: a cookie with SameSite=none must be secure");
}

}  // namespace

alloc::Arena& Response::request_arena(alloc::Allocator arena) {
    auto* const found = dynamic_cast<alloc::Arena*>(&arena.resource());
    if (found == nullptr)
        throw std::invalid_argument(
            "zigmund: a stream lives in the request's arena: pass the handler's alloc::Allocator");
    return *found;
}

Response Response::redirect_to(alloc::Allocator arena, std::string_view url, Status status) {
    return Response{status}.with_header(arena, "location", quote_url(arena, url));
}

Response Response::with_cookie(alloc::Allocator arena, const SetCookie& cookie) const {
    check_cookie(cookie);
    const std::string_view value = quote_cookie(arena, cookie.value);
    // The texts between the values take less; the age has at most twenty digits.
    const std::span<char> space = arena.alloc<char>(cookie.name.size() + value.size() + cookie.domain.size() +
                                                    cookie.path.size() + 128);
    char* out = space.data();
    const auto append = [&out](std::string_view text) { out = std::ranges::copy(text, out).out; };
    append(cookie.name);
    append("=");
    append(value);
    // In the order in which Python writes them.
    if (!cookie.domain.empty()) {
        append("; Domain=");
        append(cookie.domain);
    }
    if (cookie.http_only) append("; HttpOnly");
    if (cookie.max_age) {
        append("; Max-Age=");
        out = std::to_chars(out, out + 20, cookie.max_age->count()).ptr;
    }
    if (!cookie.path.empty()) {
        append("; Path=");
        append(cookie.path);
    }
    constexpr std::array<std::string_view, 3> sites{"; SameSite=lax", "; SameSite=strict", "; SameSite=none"};
    append(sites[static_cast<std::size_t>(cookie.same_site)]);
    if (cookie.secure) append("; Secure");
    const auto size = static_cast<std::size_t>(out - space.data());
    (void)arena.resize(space.data(), space.size(), 1, size);
    return with_header(arena, "set-cookie", {space.data(), size});
}

std::optional<std::string_view> Response::header(std::string_view name) const noexcept {
    for (const FieldNode* node = fields_; node != nullptr; node = node->previous)
        if (equal_names(node->field.name, name)) return node->field.value;
    return std::nullopt;
}

Response Response::without_header(alloc::Allocator arena, std::string_view name) const {
    if (!header(name)) return *this;
    Response copy = *this;
    copy.fields_ = nullptr;
    FieldNode* last = nullptr;
    for (const FieldNode* node = fields_; node != nullptr; node = node->previous) {
        if (equal_names(node->field.name, name)) continue;
        FieldNode* const same = arena.create<FieldNode>(node->field, nullptr);
        (last == nullptr ? copy.fields_ : last->previous) = same;
        last = same;
    }
    return copy;
}

Response Response::with_vary(alloc::Allocator arena, std::string_view name) const {
    std::string_view all = name;
    for (const FieldNode* node = fields_; node != nullptr; node = node->previous) {
        if (!equal_names(node->field.name, "vary")) continue;
        for (std::string_view rest = node->field.value;;) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            const std::string_view one = ascii::trim(rest.substr(0, comma));
            if (one == "*" || equal_names(one, name)) return *this;
            if (comma == rest.size()) break;
            rest.remove_prefix(comma + 1);
        }
        all = join({node->field.value, ", ", all}, arena);
    }
    return without_header(arena, "vary").with_header(arena, "vary", all);
}

Response Response::with_content_type(std::string_view content_type) const {
    check_value(content_type);
    Response copy = *this;
    copy.content_type_ = content_type;
    return copy;
}

Response Response::with_header(alloc::Allocator arena, std::string_view name, std::string_view value) const {
    if (!ascii::is_token(name)) throw std::invalid_argument("zigmund: header field name is not a token");
    check_value(value);
    if (std::ranges::any_of(written_by_server, [&](std::string_view own) { return equal_names(own, name); }))
        throw std::invalid_argument("zigmund: this header field is written by the server");
    Response copy = *this;
    copy.fields_ = arena.create<FieldNode>(Field{name, value}, fields_);
    return copy;
}

namespace {

/// What was said to be changed of a response that was pending, as the first step of its answer.
struct ChangesStep final : detail::Pending::Step {
    explicit ChangesStep(const Response& response) noexcept : changes{response} {
        run = [](Step& self, Request& request, const Response& response_there,
                 std::exception_ptr& error) -> Response {
            if (error != nullptr) return response_there;
            return response_there.with_changes_of(static_cast<ChangesStep&>(self).changes,
                                                  request.allocator());
        };
    }
    Response changes;
};

}  // namespace

Response Response::with_changes_noted() const {
    if (status_ != Status{} || fields_ != nullptr || content_type_.data() != nullptr || changes_body_)
        pending_->add<ChangesStep>(*this);
    return Response{*pending_};
}

Response Response::resolved() const {
    if (pending_ == nullptr) return *this;
    const alloc::Allocator arena = pending_->request().allocator();
    return pending_->take().with_changes_of(*this, arena);
}

Response Response::with_changes_of(const Response& changes, alloc::Allocator arena) const {
    Response changed = changes.changes_body_ ? with_body_of(changes) : *this;
    if (changes.status_ != Status{}) changed.status_ = changes.status_;
    if (changes.content_type_.data() != nullptr) changed.content_type_ = changes.content_type_;
    // The list runs from the last field to the first: each goes behind those that are there.
    const FieldNode* done = nullptr;
    while (done != changes.fields_) {
        const FieldNode* next = changes.fields_;
        while (next->previous != done) next = next->previous;
        changed.fields_ = arena.create<FieldNode>(next->field, changed.fields_);
        done = next;
    }
    return changed;
}

}  // namespace zigmund::http::inline v0
