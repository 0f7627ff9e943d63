// TestResponse: an answer, as a client got it.
//
//     const TestResponse response = client.get("/users/7");
//     EXPECT_EQ(response.status(), 200);
//     EXPECT_EQ(response.header("content-type"), "application/json");
//     EXPECT_EQ(response.json().at("id"), 7);
//     EXPECT_EQ(response.json<User>().name, "Alice");
//
// Threads: a value. Cost: owns its text. Views that it returns live as long as it does.
#pragma once

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/json_document.hpp>
#include <zigmund/http/json_scan.hpp>
#include <zigmund/http/testing/test_request.hpp>
#include <zigmund/http/validation_error.hpp>

#include <boost/json/value.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zigmund::http::inline v0::testing {

class ZIGMUND_EXPORT TestResponse {
  public:
    /// 200, 404.
    [[nodiscard]] int status() const noexcept { return status_; }
    /// What stands behind it: "OK".
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
    /// The whole URL that was answered: after redirects, the last one.
    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    /// The header fields in their order, names in lower case.
    [[nodiscard]] const std::vector<NamedText>& headers() const noexcept { return headers_; }
    /// The value of the first field of that name, any case.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
    /// The values of all fields of that name.
    [[nodiscard]] std::vector<std::string_view> header_values(std::string_view name) const;

    /// The body, its chunks joined.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// Whether the body ended before its end: what made it threw.
    [[nodiscard]] bool cut() const noexcept { return cut_; }

    /// The body as JSON. Throws std::runtime_error "zigmund: the answer of GET /text is no JSON: Hello,
    /// World!".
    [[nodiscard]] boost::json::value json() const;
    /// The body, read into whatever a Body can be of, such as a described struct; text in it views this
    /// response. Throws std::runtime_error "zigmund: the answer of GET /users/7 does not fit: " and what is
    /// wrong, as for a request.
    template <class T>
    [[nodiscard]] T json() const {
        const alloc::Allocator memory = arena_->allocator();
        T value{};
        detail::adopt(value, memory);
        JsonCursor in{text_, memory};
        if (in.peek() != 'n' && detail::scan(in, value) && in.at_end()) return value;
        T again{};
        detail::adopt(again, memory);
        ValidationErrors errors{memory};
        const boost::json::value document = json();
        detail::DocumentBinder{memory, errors}.bind(detail::JsonInput{document}, again,
                                                    Location{nullptr, std::string_view{"body"}});
        if (!errors.empty()) refuse(errors);
        return again;
    }

    /// The answers that sent the client on to the next one, the first first.
    [[nodiscard]] const std::vector<TestResponse>& history() const noexcept { return history_; }

  private:
    friend class TestClient;
    friend class TestStream;
    friend class TestExchange;

    [[noreturn]] void refuse(const ValidationErrors& errors) const;

    int status_ = 0;
    bool cut_ = false;
    std::string reason_;
    std::string method_;
    std::string url_;
    std::string text_;
    std::vector<NamedText> headers_;
    std::vector<TestResponse> history_;
    std::shared_ptr<alloc::Arena> arena_ = std::make_shared<alloc::Arena>();  ///< of what json() reads
};

}  // namespace zigmund::http::inline v0::testing
