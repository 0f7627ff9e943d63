// TestStream: an answer that is read piece by piece, and may be left before its end.
//
//     TestStream stream = client.stream("GET", "/events");
//     EXPECT_EQ(stream.head().status(), 200);
//     EXPECT_EQ(stream.next(), "data: 1\n\n");
//     stream.close();                             // the client leaves: the producer is destroyed
//
// Threads: the client's. It must not outlive its client; other requests may be made meanwhile. What follows a
// response, background tasks and teardown, runs when the stream is at its end, closed, or destroyed.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/testing/test_response.hpp>

#include <memory>
#include <optional>
#include <string>

namespace zigmund::http::inline v0::testing {

class TestClient;
class TestExchange;

class ZIGMUND_EXPORT TestStream {
  public:
    /// Takes the answer; of the other, nothing but its destructor is to be used.
    TestStream(TestStream&&) noexcept;
    TestStream& operator=(TestStream&&) = delete;
    ~TestStream();

    /// Status and header fields; its body is empty.
    [[nodiscard]] const TestResponse& head() const noexcept { return head_; }
    /// The next piece, as the producer has made it. Empty text: it has nothing yet. No text: the end. Throws
    /// what the producer throws, if the client raises exceptions.
    [[nodiscard]] std::optional<std::string> next();
    /// All that is left, in one. Throws as TestClient::request() does.
    [[nodiscard]] std::string rest();
    /// Leaves. Again, it does nothing.
    void close();

  private:
    friend class TestClient;

    TestStream(TestClient& client, std::unique_ptr<TestExchange> exchange, TestResponse head) noexcept;

    TestClient* client_;
    std::unique_ptr<TestExchange> exchange_;  ///< null: left
    TestResponse head_;
};

}  // namespace zigmund::http::inline v0::testing
