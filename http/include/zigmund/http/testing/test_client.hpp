// TestClient: an application, asked in process, without a socket.
//
//     http::testing::TestClient client{app};              // starts the application; it stops with the client
//     const auto response = client.post("/items", {.json = {{"name", "Pen"}, {"price", 2.5}}});
//     EXPECT_EQ(response.status(), 200);
//     EXPECT_EQ(response.json().at("name"), "Pen");
//
// What a request goes through is what it goes through in a server: the bytes of a request, the reader, the
// application, the writer, background tasks, teardown, the reset of the arena. What is left out is the
// connection: keep-alive, pipelining, slow clients and deadlines need a Server.
//
// An exception that nobody has answered, for which a server sends 500 and writes a line on stderr, is thrown
// here by the function that made the request, so that a test shows what went wrong; so is one of a background
// task, of a teardown after the response, of a stream. The option raise_server_exceptions turns it off, for
// tests of the 500 itself.
//
// The client keeps cookies, follows redirects, and reads streams to their end. All URLs lead to the
// application, whatever their host.
//
// Threads: one. Cost: that of strings; requests are served from memory of the application's allocator.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/testing/heap_counter.hpp>
#include <zigmund/http/app.hpp>
#include <zigmund/http/client.hpp>
#include <zigmund/http/testing/cookie_jar.hpp>
#include <zigmund/http/testing/test_request.hpp>
#include <zigmund/http/testing/test_response.hpp>
#include <zigmund/http/testing/test_stream.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace zigmund::http::inline v0::testing {

class RequestBytes;
class TestUrl;

/// How a client asks, and what it does with answers.
struct TestClientOptions {
    /// What URLs without a host are relative to. What is sent to "https://..." comes as if over TLS, with
    /// secure cookies.
    std::string base_url = "http://testserver";
    /// Whether a request ends with the last answer of a row of redirects: 301, 302, 303, which make a GET of
    /// what is not HEAD (of 301 and 302: of POST), and 307, 308, which keep method and body. At most 20.
    bool follow_redirects = true;
    /// Whether exceptions that nobody answers are thrown by the client; see above.
    bool raise_server_exceptions = true;
    /// Whether the client starts the application and shuts it down: App::startup(), App::shutdown().
    bool lifespan = true;
    /// Fields of every request, besides `host`, `accept` and `user-agent`.
    std::vector<NamedText> headers = {};
    /// Where requests come from: Request::client().
    std::string client_address = "127.0.0.1";
    std::uint16_t client_port = 50000;
    /// As ServeOptions has them, in bytes.
    std::size_t max_body = std::size_t{1} << 20;
    std::size_t max_upload = std::size_t{64} << 20;
    std::string upload_directory = {};
    std::size_t arena_retain = std::size_t{64} << 10;
};

/// Whether a request touched a heap; see TestClient::check_no_heap().
struct HeapCheck {
    /// Heap calls of the warm request.
    std::size_t calls = 0;
    /// Empty without calls. `zigmund: GET /users/7: a warm request made 1 heap call, at` and the stack of the
    /// first, lines that end with '\n'.
    std::string text;
    /// The answer to the warm request.
    TestResponse response;

    /// Whether it made no heap call.
    [[nodiscard]] bool ok() const noexcept { return calls == 0; }
};

class ZIGMUND_EXPORT TestClient {
  public:
    /// `app` outlives the client. Throws what App::startup() throws, and std::invalid_argument "zigmund:
    /// TestClient: base_url is no URL: <url>" or "zigmund: TestClient: client_address is no IP address:
    /// <address>".
    explicit TestClient(App& app, TestClientOptions options = {});
    TestClient(const TestClient&) = delete;
    TestClient& operator=(const TestClient&) = delete;
    /// Its streams are gone by then.
    ~TestClient();

    /// request() with the method that it is called after; delete_() with DELETE.
    TestResponse get(std::string_view url, const TestRequest& request = {}) {
        return this->request("GET", url, request);
    }
    TestResponse head(std::string_view url, const TestRequest& request = {}) {
        return this->request("HEAD", url, request);
    }
    TestResponse post(std::string_view url, const TestRequest& request = {}) {
        return this->request("POST", url, request);
    }
    TestResponse put(std::string_view url, const TestRequest& request = {}) {
        return this->request("PUT", url, request);
    }
    TestResponse patch(std::string_view url, const TestRequest& request = {}) {
        return this->request("PATCH", url, request);
    }
    TestResponse delete_(std::string_view url, const TestRequest& request = {}) {
        return this->request("DELETE", url, request);
    }
    TestResponse options(std::string_view url, const TestRequest& request = {}) {
        return this->request("OPTIONS", url, request);
    }
    /// Any method. `url` is a path, with or without query, or a whole URL; what no URL may hold is
    /// percent-encoded. Throws what the application throws (see above); std::invalid_argument "zigmund:
    /// TestClient: a request has one body: json, form and files, or content"; std::runtime_error, with method
    /// and URL, for more than 20 redirects ("... more than 20 redirects"), and for a stream that has nothing
    /// to send, a thousand times in a row ("... the stream does not go on: read it with stream()"). A stream
    /// that waits is asked again at once, as if a second had passed.
    TestResponse request(std::string_view method, std::string_view url, const TestRequest& request = {});

    /// The same, with the body still to be read. Redirects are not followed.
    [[nodiscard]] TestStream stream(std::string_view method, std::string_view url,
                                    const TestRequest& request = {});

    /// A request as it stands on the wire, answered as it is: nothing is added, kept or followed. Throws
    /// std::invalid_argument "zigmund: TestClient: the request is not whole".
    TestResponse send(std::string_view bytes);

    /// Sends the request four times: three times to warm up, and once to see that it touches no heap, neither
    /// malloc nor new nor heap(), from its first byte to the reset of its arena. Throws as request(), and
    /// std::logic_error if the program has no counter: see <zigmund/alloc/testing/heap_counter.hpp>. With
    /// GoogleTest: `EXPECT_TRUE(allocates_nothing(client, "GET", "/users/7"))`.
    [[nodiscard]] HeapCheck check_no_heap(std::string_view method, std::string_view url,
                                          const TestRequest& request = {});

    /// What it keeps; may be changed.
    [[nodiscard]] CookieJar& cookies() noexcept { return cookies_; }
    /// The application that it asks.
    [[nodiscard]] App& app() noexcept { return app_; }

  private:
    friend class TestStream;

    [[nodiscard]] RequestBytes prepare(std::string_view method, const TestUrl& url,
                                       const TestRequest& request) const;
    [[nodiscard]] std::string with_cookies(const RequestBytes& outgoing) const;
    [[nodiscard]] TestResponse exchange(const RequestBytes& outgoing);
    [[nodiscard]] TestResponse converse(std::string_view bytes, std::string_view method, std::string_view url,
                                        bool secure);
    [[nodiscard]] std::unique_ptr<TestExchange> begin(std::string_view bytes, bool secure);
    void read(TestExchange& served, TestResponse& response);
    void keep_cookies(const TestResponse& response, const TestUrl& url);
    [[nodiscard]] std::unique_ptr<TestExchange> take();
    void give_back(std::unique_ptr<TestExchange> exchange);

    App& app_;
    TestClientOptions options_;
    Client client_;
    CookieJar cookies_;
    std::vector<std::unique_ptr<TestExchange>> idle_;  ///< warm, of requests that have ended
    alloc::testing::HeapWatch* watch_ = nullptr;
};

}  // namespace zigmund::http::inline v0::testing
