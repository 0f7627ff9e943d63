#include "request_bytes.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "ascii.hpp"

namespace zigmund::http::inline v0::testing {
namespace {

constexpr std::string_view boundary = "----zigmund-test-client";

/// A part of application/x-www-form-urlencoded.
std::string form_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (ascii::is_alpha(c) || ascii::is_digit(c) ||
            std::string_view{"-._*"}.find(c) != std::string_view::npos) {
            out += c;
        } else if (c == ' ') {
            out += '+';
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

std::string form_pair(const NamedText& pair) {
    return form_encoded(pair.name) + "=" + form_encoded(pair.value);
}

/// As browsers write a name (the HTML standard, "multipart/form-data").
std::string quoted(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') {
            out += "%22";
        } else if (c == '\r') {
            out += "%0D";
        } else if (c == '\n') {
            out += "%0A";
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string multipart_body(const TestRequest& request) {
    std::string body;
    const auto part = [&](std::string_view name) {
        body.append("--")
            .append(boundary)
            .append("\r\nContent-Disposition: form-data; name=")
            .append(quoted(name));
    };
    for (const NamedText& field : request.form) {
        part(field.name);
        body.append("\r\n\r\n").append(field.value).append("\r\n");
    }
    for (const TestFile& file : request.files) {
        part(file.name);
        body.append("; filename=").append(quoted(file.filename));
        if (!file.content_type.empty()) body.append("\r\nContent-Type: ").append(file.content_type);
        body.append("\r\n\r\n").append(file.content).append("\r\n");
    }
    return body.append("--").append(boundary).append("--\r\n");
}

}  // namespace

RequestBytes::RequestBytes(std::string_view method, TestUrl url, const TestRequest& request,
                           const std::vector<NamedText>& defaults)
    : method_{method}, url_{std::move(url)}, headers_{request.headers} {
    for (const NamedText& pair : request.query) url_.add_query(form_pair(pair));
    for (const NamedText& field : defaults) {
        if (!has(field.name)) headers_.push_back(field);
    }
    for (const NamedText& cookie : request.cookies) {
        if (!cookies_.empty()) cookies_ += "; ";
        cookies_.append(cookie.name).append("=").append(cookie.value);
    }
    set_body(request);
}

bool RequestBytes::has(std::string_view name) const noexcept {
    return std::ranges::any_of(
        headers_, [&](const NamedText& field) { return ascii::equal_ignoring_case(field.name, name); });
}

void RequestBytes::set_body(const TestRequest& request) {
    const bool form = !request.form.empty() || !request.files.empty() || request.multipart;
    const bool json = !request.json.text().empty();
    const bool content = !request.content.empty() || !request.content_type.empty();
    if (int{form} + int{json} + int{content} > 1)
        throw std::invalid_argument(
            "zigmund: TestClient: a request has one body: json, form and files, or content");
    std::string type = request.content_type;
    body_ = request.content;
    if (json) {
        type = "application/json";
        body_ = request.json.text();
    } else if (!request.files.empty() || request.multipart) {
        type = std::string{"multipart/form-data; boundary="}.append(boundary);
        body_ = multipart_body(request);
    } else if (form) {
        type = "application/x-www-form-urlencoded";
        for (const NamedText& pair : request.form)
            body_.append(body_.empty() ? "" : "&").append(form_pair(pair));
    }
    has_body_ = form || json || content || method_ == "POST" || method_ == "PUT" || method_ == "PATCH";
    if (!type.empty() && !has("content-type")) headers_.push_back({"content-type", std::move(type)});
}

void RequestBytes::redirect(const TestUrl& url, bool as_get) {
    if (!url.same_origin(url_)) {
        std::erase_if(headers_, [](const NamedText& field) {
            return ascii::equal_ignoring_case(field.name, "authorization");
        });
        cookies_.clear();
    }
    url_ = url;
    if (!as_get) return;
    method_ = "GET";
    body_.clear();
    has_body_ = false;
    std::erase_if(headers_, [](const NamedText& field) {
        return ascii::equal_ignoring_case(field.name, "content-type");
    });
}

std::string RequestBytes::text(std::string_view cookies) const {
    std::string text = method_ + " " + url_.target() + " HTTP/1.1\r\n";
    const auto add = [&](std::string_view name, std::string_view value) {
        text.append(name).append(": ").append(value).append("\r\n");
    };
    if (!has("host")) add("host", url_.authority());
    if (!has("accept")) add("accept", "*/*");
    if (!has("user-agent")) add("user-agent", "testclient");
    for (const NamedText& field : headers_) add(field.name, field.value);
    if (!cookies.empty() || !cookies_.empty()) {
        const std::string_view between = cookies.empty() || cookies_.empty() ? "" : "; ";
        add("cookie", std::string{cookies}.append(between).append(cookies_));
    }
    if (has_body_ && !has("content-length") && !has("transfer-encoding"))
        add("content-length", std::to_string(body_.size()));
    return text.append("\r\n").append(body_);
}

}  // namespace zigmund::http::inline v0::testing
