#include <zigmund/http/testing/test_client.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <exception>
#include <span>
#include <stdexcept>
#include <utility>

#include "ascii.hpp"
#include "log.hpp"
#include "request_bytes.hpp"
#include "test_exchange.hpp"
#include "test_url.hpp"

namespace zigmund::http::inline v0::testing {
namespace {

constexpr std::size_t most_redirects = 20;
constexpr int most_waits = 1000;
constexpr int warm_ups = 3;

bool is_redirect(const TestResponse& response) noexcept {
    const int status = response.status();
    return (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) &&
           response.header("location");
}

Client client_of(const std::string& address, std::uint16_t port) {
    std::array<std::byte, 16> bytes{};
    if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return {std::span{bytes}.first(4), port};
    if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return {bytes, port};
    throw std::invalid_argument("zigmund: TestClient: client_address is no IP address: " + address);
}

/// RFC 9110, 15.4: which redirects make a GET of what they answer.
bool becomes_get(int status, std::string_view method) noexcept {
    if (status == 303) return method != "HEAD";
    return (status == 301 || status == 302) && method == "POST";
}

}  // namespace

TestClient::TestClient(App& app, TestClientOptions options) : app_{app}, options_{std::move(options)} {
    if (!TestUrl::is_whole(options_.base_url))
        throw std::invalid_argument("zigmund: TestClient: base_url is no URL: " + options_.base_url);
    client_ = client_of(options_.client_address, options_.client_port);
    if (options_.lifespan) app_.startup();
}

TestClient::~TestClient() {
    idle_.clear();
    if (options_.lifespan) app_.shutdown();
}

std::unique_ptr<TestExchange> TestClient::take() {
    if (idle_.empty()) {
        return std::make_unique<TestExchange>(
            app_, app_.allocator(),
            BodyLimits{options_.max_body, options_.max_upload, options_.upload_directory});
    }
    std::unique_ptr<TestExchange> exchange = std::move(idle_.back());
    idle_.pop_back();
    return exchange;
}

/// What the exchange serves ends here.
void TestClient::give_back(std::unique_ptr<TestExchange> exchange) {
    const ExceptionSink sink{options_.raise_server_exceptions};
    exchange->watch(watch_);
    exchange->finish(options_.arena_retain);
    idle_.push_back(std::move(exchange));
    if (sink.first() != nullptr) std::rethrow_exception(sink.first());
}

TestResponse TestClient::request(std::string_view method, std::string_view url, const TestRequest& request) {
    RequestBytes outgoing = prepare(method, TestUrl{options_.base_url}.resolved(url), request);
    const bool follows = request.follow_redirects.value_or(options_.follow_redirects);
    std::vector<TestResponse> history;
    while (true) {
        TestResponse response = exchange(outgoing);
        if (!follows || !is_redirect(response)) {
            response.history_ = std::move(history);
            return response;
        }
        if (history.size() == most_redirects) {
            throw std::runtime_error(
                std::string{"zigmund: TestClient: "}.append(method).append(" ").append(url).append(
                    ": more than 20 redirects"));
        }
        outgoing.redirect(outgoing.url().resolved(*response.header("location")),
                          becomes_get(response.status(), outgoing.method()));
        history.push_back(std::move(response));
    }
}

RequestBytes TestClient::prepare(std::string_view method, const TestUrl& url,
                                 const TestRequest& request) const {
    return RequestBytes{method, url, request, options_.headers};
}

std::string TestClient::with_cookies(const RequestBytes& outgoing) const {
    const TestUrl& url = outgoing.url();
    return outgoing.text(cookies_.field_for(url.host(), url.path(), url.is_secure()));
}

TestResponse TestClient::exchange(const RequestBytes& outgoing) {
    TestResponse response = converse(with_cookies(outgoing), outgoing.method(), outgoing.url().text(),
                                     outgoing.url().is_secure());
    keep_cookies(response, outgoing.url());
    return response;
}

void TestClient::keep_cookies(const TestResponse& response, const TestUrl& url) {
    for (const std::string_view value : response.header_values("set-cookie"))
        cookies_.store(value, url.host(), url.path());
}

TestResponse TestClient::send(std::string_view bytes) {
    return converse(bytes, {}, bytes.substr(0, bytes.find('\r')), false);
}

/// One request, to the end of all that follows it.
TestResponse TestClient::converse(std::string_view bytes, std::string_view method, std::string_view url,
                                  bool secure) {
    std::unique_ptr<TestExchange> served = begin(bytes, secure);
    TestResponse response = served->head();
    response.method_ = method;
    response.url_ = url;
    read(*served, response);
    give_back(std::move(served));
    return response;
}

/// Serves a request up to its answer's head.
std::unique_ptr<TestExchange> TestClient::begin(std::string_view bytes, bool secure) {
    std::unique_ptr<TestExchange> served = take();
    served->watch(watch_);
    const ExceptionSink sink{options_.raise_server_exceptions};
    served->serve(bytes, &client_, secure);
    if (sink.first() != nullptr) std::rethrow_exception(sink.first());
    return served;
}

/// Reads the body of an answer.
void TestClient::read(TestExchange& served, TestResponse& response) {
    const ExceptionSink sink{options_.raise_server_exceptions};
    std::string piece;
    int waits = 0;
    for (TestExchange::Piece got; (got = served.next(piece)) != TestExchange::Piece::end;) {
        waits = got == TestExchange::Piece::nothing_yet ? waits + 1 : 0;
        if (waits == most_waits) {
            throw std::runtime_error("zigmund: TestClient: " + response.method_ + " " + response.url_ +
                                     ": the stream does not go on: read it with stream()");
        }
        response.text_ += piece;
    }
    response.cut_ = served.cut();
    if (sink.first() != nullptr) std::rethrow_exception(sink.first());
}

HeapCheck TestClient::check_no_heap(std::string_view method, std::string_view url,
                                    const TestRequest& request) {
    const RequestBytes outgoing = prepare(method, TestUrl{options_.base_url}.resolved(url), request);
    for (int i = 0; i < warm_ups; ++i) (void)exchange(outgoing);
    alloc::testing::HeapWatch watch;
    watch_ = &watch;
    HeapCheck check;
    try {
        check.response = exchange(outgoing);
    } catch (...) {
        watch_ = nullptr;
        throw;
    }
    watch_ = nullptr;
    check.calls = watch.calls();
    if (check.calls != 0) {
        check.text = std::string{"zigmund: "}
                         .append(method)
                         .append(" ")
                         .append(url)
                         .append(": a warm request made ")
                         .append(std::to_string(check.calls))
                         .append(check.calls == 1 ? " heap call, at\n" : " heap calls, the first at\n")
                         .append(watch.first_stack());
    }
    return check;
}

TestStream TestClient::stream(std::string_view method, std::string_view url, const TestRequest& request) {
    const RequestBytes outgoing = prepare(method, TestUrl{options_.base_url}.resolved(url), request);
    std::unique_ptr<TestExchange> served = begin(with_cookies(outgoing), outgoing.url().is_secure());
    TestResponse head = served->head();
    head.method_ = method;
    head.url_ = outgoing.url().text();
    keep_cookies(head, outgoing.url());
    return TestStream{*this, std::move(served), std::move(head)};
}

// ---- TestStream ----

TestStream::TestStream(TestClient& client, std::unique_ptr<TestExchange> exchange, TestResponse head) noexcept
    : client_{&client}, exchange_{std::move(exchange)}, head_{std::move(head)} {}

TestStream::TestStream(TestStream&&) noexcept = default;

TestStream::~TestStream() {
    try {
        close();
    } catch (...) {
        // What a background task throws is for close() to tell.
    }
}

std::optional<std::string> TestStream::next() {
    if (exchange_ == nullptr) return std::nullopt;
    std::string piece;
    {
        const ExceptionSink sink{client_->options_.raise_server_exceptions};
        const bool more = exchange_->next(piece) != TestExchange::Piece::end;
        head_.cut_ = exchange_->cut();
        if (sink.first() != nullptr) std::rethrow_exception(sink.first());
        if (more) return piece;
    }
    close();
    return std::nullopt;
}

std::string TestStream::rest() {
    if (exchange_ == nullptr) return {};
    head_.text_.clear();
    client_->read(*exchange_, head_);
    std::string text = std::exchange(head_.text_, {});
    close();
    return text;
}

void TestStream::close() {
    if (exchange_ != nullptr) client_->give_back(std::move(exchange_));
}

}  // namespace zigmund::http::inline v0::testing
