// The middleware that the library ships: Cors, TrustedHost, RequestId, SecurityHeaders, ForwardedHeaders.
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>

#include "in_process.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using test::Answer;
using test::ask;

class Shipped : public testing::Test {
  protected:
    Shipped() {
        app.get("/",
                [this](Request& request, alloc::Allocator arena) {
                    ++calls;
                    id = request.id();
                    return Response::text(request.url_for("root")).with_header(arena, "x-mine", "1");
                },
                {.name = "root"});
        app.get("/dir/", [] { return 1; });
    }
    Answer request(std::string_view fields, std::string_view method = "GET", std::string_view target = "/") {
        return ask(app, std::string{method}
                            .append(" ")
                            .append(target)
                            .append(" HTTP/1.1\r\n")
                            .append(fields)
                            .append("\r\n"));
    }
    Answer preflight(std::string_view fields) {
        return request(std::string{"Host: a\r\n"}.append(fields), "OPTIONS");
    }
    template <class F>
    std::string refusal(F&& f) {
        try {
            f();
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "accepted";
    }

    App app{alloc::heap(), {}};
    int calls = 0;
    std::string id;
};

// ---- Cors -------------------------------------------------------------------------------------------------

TEST_F(Shipped, CorsAnswersAPreflightItself) {
    app.use(Cors{{.allow_origins = {"https://shop.example"},
                  .allow_methods = {"GET", "POST"},
                  .allow_headers = {"X-Token"}}});
    const Answer answer = preflight(
        "Origin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n"
        "Access-Control-Request-Headers: x-token, content-type\r\n");
    EXPECT_EQ(answer.line, "HTTP/1.1 200 OK");
    EXPECT_EQ(answer.body, "OK");
    EXPECT_EQ(answer.head,
              "content-type: text/plain; charset=utf-8\ncontent-length: 2\nvary: Origin\n"
              "access-control-allow-origin: https://shop.example\naccess-control-allow-methods: GET, POST\n"
              "access-control-max-age: 600\n"
              "access-control-allow-headers: Accept, Accept-Language, Content-Language, Content-Type, "
              "X-Token\n");
    EXPECT_EQ(calls, 0);
}

TEST_F(Shipped, CorsSaysWhatOfAPreflightIsNotAllowed) {
    app.use(Cors{{.allow_origins = {"https://shop.example"}}});
    const Answer all = preflight(
        "Origin: https://other.example\r\nAccess-Control-Request-Method: PUT\r\n"
        "Access-Control-Request-Headers: x-a\r\nAccess-Control-Request-Private-Network: true\r\n");
    EXPECT_EQ(all.line, "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(all.body, "Disallowed CORS origin, method, headers, private-network");
    EXPECT_EQ(all.field("access-control-allow-origin"), "");
    EXPECT_EQ(preflight("Origin: https://x.example\r\nAccess-Control-Request-Method: GET\r\n").body,
              "Disallowed CORS origin");
    EXPECT_EQ(preflight("Origin: https://shop.example\r\nAccess-Control-Request-Method: PUT\r\n").body,
              "Disallowed CORS method");
    EXPECT_EQ(preflight("Origin: https://shop.example\r\nAccess-Control-Request-Method: GET\r\n"
                        "Access-Control-Request-Headers: content-type,x-a\r\n")
                  .body,
              "Disallowed CORS headers");
}

TEST_F(Shipped, CorsOfAllAllowsAll) {
    app.use(Cors{{.allow_origins = {"*"}, .allow_methods = {"*"}, .allow_headers = {"*"}}});
    const Answer answer = preflight(
        "Origin: https://x.example\r\nAccess-Control-Request-Method: DELETE\r\n"
        "Access-Control-Request-Headers: x-a, x-b\r\n");
    EXPECT_EQ(answer.body, "OK");
    EXPECT_EQ(answer.field("access-control-allow-origin"), "*");
    EXPECT_EQ(answer.field("access-control-allow-methods"), "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");
    EXPECT_EQ(answer.field("access-control-allow-headers"), "x-a, x-b");
    EXPECT_EQ(answer.field("vary"), "");
    EXPECT_EQ(request("Host: a\r\nOrigin: https://x.example\r\n").field("access-control-allow-origin"), "*");
    // With cookies a browser takes no star.
    const Answer cookie = request("Host: a\r\nOrigin: https://x.example\r\nCookie: a=b\r\n");
    EXPECT_EQ(cookie.field("access-control-allow-origin"), "https://x.example");
    EXPECT_EQ(cookie.field("vary"), "Origin");
}

TEST_F(Shipped, CorsWithCredentialsNamesTheOriginInAPreflight) {
    app.use(Cors{{.allow_origins = {"*"}, .allow_credentials = true, .expose_headers = {"X-A", "X-B"}}});
    const Answer answer = preflight("Origin: https://x.example\r\nAccess-Control-Request-Method: GET\r\n");
    EXPECT_EQ(answer.field("access-control-allow-origin"), "https://x.example");
    EXPECT_EQ(answer.field("access-control-allow-credentials"), "true");
    EXPECT_EQ(answer.field("vary"), "Origin");
    const Answer simple = request("Host: a\r\nOrigin: https://x.example\r\n");
    EXPECT_EQ(simple.field("access-control-allow-credentials"), "true");
    EXPECT_EQ(simple.field("access-control-expose-headers"), "X-A, X-B");
}

TEST_F(Shipped, CorsAddsToAnAnswerWhatItsOriginMayKnow) {
    app.use(Cors{{.allow_origins = {"https://shop.example"},
                  .allow_origin_pattern = Pattern<"^https://[a-z]+\\.test$">::matches}});
    for (const std::string_view origin : {"https://shop.example", "https://abc.test"}) {
        const Answer answer = request(std::string{"Host: a\r\nOrigin: "}.append(origin).append("\r\n"));
        EXPECT_EQ(answer.field("access-control-allow-origin"), origin);
        EXPECT_EQ(answer.field("vary"), "Origin");
        EXPECT_EQ(answer.field("x-mine"), "1");
    }
    for (const std::string_view origin : {"https://a.shop.example", "https://abc.test.evil", "null"}) {
        const Answer answer = request(std::string{"Host: a\r\nOrigin: "}.append(origin).append("\r\n"));
        EXPECT_EQ(answer.line, "HTTP/1.1 200 OK");
        EXPECT_EQ(answer.field("access-control-allow-origin"), "") << origin;
    }
    EXPECT_EQ(calls, 5);
    EXPECT_EQ(request("Host: a\r\n").field("vary"), "");
    // Without the question's method, OPTIONS is the application's.
    EXPECT_EQ(preflight("Origin: https://shop.example\r\n").line, "HTTP/1.1 204 No Content");
}

TEST_F(Shipped, CorsRefusesWhatNoBrowserWouldMatch) {
    const auto with = [&](const CorsOptions& options) { return refusal([&] { Cors{options}; }); };
    EXPECT_EQ(with({.allow_origins = {"shop.example"}}),
              "zigmund: Cors: the origin \"shop.example\" is not a scheme, \"://\" and a host, as in "
              "https://shop.example");
    EXPECT_EQ(
        with({.allow_origins = {"https://shop.example/"}}),
        "zigmund: Cors: the origin \"https://shop.example/\" ends with a path, which origins do not have");
    EXPECT_EQ(with({.allow_methods = {"G T"}}), "zigmund: Cors: \"G T\" is no method");
    EXPECT_EQ(with({.allow_headers = {"a b"}}), "zigmund: Cors: \"a b\" is no header field's name");
    EXPECT_EQ(with({.expose_headers = {""}}), "zigmund: Cors: \"\" is no header field's name");
    EXPECT_EQ(with({.max_age = std::chrono::seconds{-1}}), "zigmund: Cors: max_age is negative");
    EXPECT_EQ(with({.allow_origins = {"*"}}), "accepted");
}

// ---- TrustedHost ------------------------------------------------------------------------------------------

TEST_F(Shipped, AHostThatIsNotAllowedIsRefusedBeforeTheHandler) {
    app.use(TrustedHost{{.allowed_hosts = {"example.com", "*.example.org", "[::1]"}}});
    for (const std::string_view host :
         {"example.com", "EXAMPLE.com:8080", "a.example.org", "a.b.example.org:1", "[::1]", "[::1]:8000"})
        EXPECT_EQ(request(std::string{"Host: "}.append(host).append("\r\n")).line, "HTTP/1.1 200 OK") << host;
    EXPECT_EQ(calls, 6);
    for (const std::string_view host :
         {"example.org", "evil.example", "aexample.com", "evilexample.org", "[::2]"}) {
        const Answer answer = request(std::string{"Host: "}.append(host).append("\r\n"));
        EXPECT_EQ(answer.line, "HTTP/1.1 400 Bad Request") << host;
        EXPECT_EQ(answer.body, "Invalid host header");
        EXPECT_EQ(answer.field("content-type"), "text/plain; charset=utf-8");
    }
    EXPECT_EQ(ask(app, "GET / HTTP/1.0\r\n\r\n").body, "Invalid host header");
    EXPECT_EQ(calls, 6);
}

TEST_F(Shipped, AHostWithoutWwwIsSentToTheOneWith) {
    app.use(TrustedHost{{.allowed_hosts = {"www.example.com"}}});
    const Answer answer = request("Host: example.com:81\r\n", "GET", "/a?b=c");
    EXPECT_EQ(answer.line, "HTTP/1.1 307 Temporary Redirect");
    EXPECT_EQ(answer.field("location"), "http://www.example.com:81/a?b=c");
    EXPECT_EQ(request("Host: example.com\r\n", "GET", "http://example.com?q").field("location"),
              "http://www.example.com/?q");
    App other{alloc::heap(), {}};
    other.use(TrustedHost{{.allowed_hosts = {"www.example.com"}, .www_redirect = false}});
    EXPECT_EQ(ask(other, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").body, "Invalid host header");
}

TEST_F(Shipped, TrustedHostRefusesWhatMatchesNothing) {
    const auto with = [&](std::vector<std::string> hosts) {
        return refusal([&] { TrustedHost{{.allowed_hosts = hosts}}; });
    };
    for (const std::string bad : {"example.*", "*example.com", "*.", "*.*.com"})
        EXPECT_EQ(with({bad}), "zigmund: TrustedHost: \"" + bad +
                                   "\": a wildcard stands for what is below a domain, as in *.example.com");
    EXPECT_EQ(with({}), "zigmund: TrustedHost: no host is allowed: nobody would be served");
    EXPECT_EQ(with({"example.com:80"}),
              "zigmund: TrustedHost: \"example.com:80\": a host stands there without a port");
    EXPECT_EQ(with({"*"}), "accepted");
}

// ---- RequestId --------------------------------------------------------------------------------------------

TEST_F(Shipped, ARequestKeepsItsWellFormedName) {
    app.use(RequestId{});
    EXPECT_EQ(request("Host: a\r\nX-Request-ID: abc-123.7_~+/=:\r\n").field("x-request-id"),
              "abc-123.7_~+/=:");
    EXPECT_EQ(id, "abc-123.7_~+/=:");
    const std::regex made{"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}"};
    std::string before;
    for (const std::string& bad :
         {std::string{}, std::string{"a b"}, std::string{"\""}, std::string(129, 'a')}) {
        const std::string name = request("Host: a\r\nX-Request-ID: " + bad + "\r\n").field("x-request-id");
        EXPECT_TRUE(std::regex_match(name, made)) << name;
        EXPECT_EQ(id, name);
        EXPECT_NE(name, before);
        before = name;
    }
    EXPECT_EQ(request("Host: a\r\nX-Request-ID: " + std::string(128, 'a') + "\r\n").field("x-request-id"),
              std::string(128, 'a'));
}

TEST_F(Shipped, AClientsNameIsNotTakenIfItIsNotTrusted) {
    app.use(RequestId{{.header = "x-correlation-id", .trust_client = false}});
    const Answer answer = request("Host: a\r\nX-Correlation-ID: mine\r\n");
    EXPECT_EQ(answer.field("x-correlation-id").size(), 32U);
    EXPECT_EQ(refusal([] { RequestId{{.header = "a b"}}; }),
              "zigmund: RequestId: \"a b\" is no header field's name");
}

TEST_F(Shipped, TheNameStandsInTheLogOfAnException) {
    app.use(RequestId{});
    app.get("/throws", []() -> int { throw std::runtime_error{"x"}; });
    testing::internal::CaptureStderr();
    (void)request("Host: a\r\nX-Request-ID: r1\r\n", "GET", "/throws");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "zigmund: GET /throws (r1): unhandled exception: x\n");
}

// ---- SecurityHeaders --------------------------------------------------------------------------------------

TEST_F(Shipped, SecurityHeadersAreAddedWhereNoneIs) {
    app.get("/framed", [](alloc::Allocator arena) {
        return Response::text("").with_header(arena, "X-Frame-Options", "SAMEORIGIN");
    });
    app.use(SecurityHeaders{{.content_security_policy = "default-src 'self'",
                             .strict_transport_security = std::chrono::hours{1},
                             .include_subdomains = true}});
    const Answer answer = request("Host: a\r\n");
    EXPECT_EQ(answer.head.substr(answer.head.find("x-mine")),
              "x-mine: 1\nx-content-type-options: nosniff\nx-frame-options: DENY\n"
              "referrer-policy: same-origin\ncross-origin-opener-policy: same-origin\n"
              "content-security-policy: default-src 'self'\n");
    EXPECT_EQ(request("Host: a\r\n", "GET", "/framed").field("X-Frame-Options"), "SAMEORIGIN");
    EXPECT_EQ(request("Host: a\r\n", "GET", "/framed").field("x-frame-options"), "");
    app.use(ForwardedHeaders{});  // what comes in process counts as a unix socket
    EXPECT_EQ(request("Host: a\r\nX-Forwarded-Proto: https\r\n").field("strict-transport-security"),
              "max-age=3600; includeSubDomains");
    EXPECT_EQ(refusal([] { SecurityHeaders{{.referrer_policy = "a\r\nb: c"}}; }),
              "zigmund: SecurityHeaders: referrer_policy has a line break or a control character");
    EXPECT_EQ(refusal([] { SecurityHeaders{{.strict_transport_security = std::chrono::seconds{-1}}}; }),
              "zigmund: SecurityHeaders: strict_transport_security is negative");
}

// ---- Timeout ----------------------------------------------------------------------------------------------

TEST_F(Shipped, AHandlerMayAskWhetherItIsLate) {
    const auto outer = std::chrono::hours{2};
    app.get("/asks", with_middleware(
                         [](Request& request) {
                             // As long as it takes until it is late.
                             while (true) request.check_deadline();
                         },
                         Timeout{{.limit = outer}}, Timeout{{.limit = std::chrono::milliseconds{1}}},
                         Timeout{{.limit = std::chrono::hours{1}}}));
    app.get("/late", with_middleware(
                         [](Request& request) {
                             while (!request.is_late()) continue;
                             return Response::text("done");
                         },
                         Timeout{{.limit = std::chrono::milliseconds{1}}}));
    app.get("/never", [](Request& request) { return request.is_late(); });
    const Answer answer = request("Host: a\r\n", "GET", "/asks");
    EXPECT_EQ(answer.line, "HTTP/1.1 504 Gateway Timeout");
    EXPECT_EQ(answer.body, R"({"detail":"Gateway Timeout"})");
    EXPECT_EQ(request("Host: a\r\n", "GET", "/late").body, "done");
    EXPECT_EQ(request("Host: a\r\n", "GET", "/never").body, "false");
    EXPECT_EQ(refusal([] { Timeout{{.limit = std::chrono::milliseconds{0}}}; }),
              "zigmund: Timeout: limit is not above zero");
    EXPECT_EQ(refusal([] { Timeout{{.limit = std::chrono::hours{366 * 24}}}; }),
              "zigmund: Timeout: limit is more than a year");
}

// ---- ForwardedHeaders -------------------------------------------------------------------------------------

/// A request from an address, as the middleware sees it.
class From {
  public:
    explicit From(std::string_view address) {
        Client parsed;
        ForwardedHeaders all{{.trusted = {"0.0.0.0/0", "::/0"}}};
        (void)ask_through(all, parsed, std::string{"X-Forwarded-For: "}.append(address).append("\r\n"));
    }
    std::string ask_through(const ForwardedHeaders& middleware, Client&, const std::string& fields) {
        App app{alloc::heap(), {}};
        const Client before = client_;
        app.get("/", [this](Request& request) {
            client_ = request.client();
            return Response::text(request.scheme());
        });
        app.use(middleware);
        app.use([before](Request& request, Next next) {
            if (!before.address().empty()) request.set_client(before);
            return next(request);
        });
        const std::string scheme = ask(app, "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n").body;
        return scheme + " " + std::string{client_.host()};
    }
    std::string seen_by(const ForwardedHeadersOptions& options, const std::string& fields) {
        return ask_through(ForwardedHeaders{options}, client_, fields);
    }

  private:
    Client client_;
};

TEST_F(Shipped, AProxyIsBelievedWhoItSpeaksFor) {
    EXPECT_EQ(From{"127.0.0.1"}.seen_by({}, "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"),
              "https 192.0.2.7");
    EXPECT_EQ(From{"192.0.2.1"}.seen_by({}, "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"),
              "http 192.0.2.1");
    EXPECT_EQ(From{"10.1.2.3"}.seen_by({.trusted = {"10.0.0.0/8"}},
                                       "X-Forwarded-For: 1.1.1.1, 192.0.2.7, 10.9.9.9\r\n"),
              "http 192.0.2.7");
    EXPECT_EQ(From{"11.1.2.3"}.seen_by({.trusted = {"10.0.0.0/8"}}, "X-Forwarded-For: 192.0.2.7\r\n"),
              "http 11.1.2.3");
    EXPECT_EQ(
        From{"10.129.0.1"}.seen_by({.trusted = {"10.128.0.0/9"}}, "X-Forwarded-For: [2001:db8::1]:80\r\n"),
        "http 2001:db8::1");
    EXPECT_EQ(From{"::1"}.seen_by({}, "X-Forwarded-For: 192.0.2.7:4000\r\nX-Forwarded-For: ::1\r\n"),
              "http 192.0.2.7");
    // What is no address ends the chain: nobody knows who wrote what stands before it.
    EXPECT_EQ(From{"127.0.0.1"}.seen_by({}, "X-Forwarded-For: 192.0.2.7, unknown, 127.0.0.1\r\n"),
              "http 127.0.0.1");
}

TEST_F(Shipped, ForwardedHeadersRefusesWhatIsNoAddress) {
    for (const std::string bad : {"localhost", "10.0.0.0/33", "::1/129", "10.0.0.0/", "10.0.0.0/x", "/8", ""})
        EXPECT_EQ(refusal([&] { ForwardedHeaders{{.trusted = {bad}}}; }),
                  "zigmund: ForwardedHeaders: \"" + bad + "\" is no IP address or network");
}

TEST_F(Shipped, ARedirectBehindAProxyKeepsTheClientsScheme) {
    app.use(ForwardedHeaders{});
    EXPECT_EQ(request("Host: a\r\nX-Forwarded-Proto: https\r\n", "GET", "/dir").field("location"),
              "https://a/dir/");
    EXPECT_EQ(request("Host: a\r\nX-Forwarded-Proto: https\r\n").body, "https://a/");
}

}  // namespace
