// Security schemes: what a handler gets of credentials, what is answered without, and what the documentation says.
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "in_process.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
namespace json = boost::json;

constexpr std::string_view unauthorized = "HTTP/1.1 401 Unauthorized";
constexpr std::string_view not_authenticated = R"({"detail":"Not authenticated"})";

class Security : public testing::Test {
  protected:
    test::Answer ask(std::string_view fields, std::string_view target = "/") const {
        return test::ask(app, std::string{"GET "}
                                  .append(target)
                                  .append(" HTTP/1.1\r\nHost: a\r\n")
                                  .append(fields)
                                  .append("\r\n"));
    }
    void expect_refused(std::string_view fields, std::string_view challenge,
                        std::string_view target = "/") const {
        const test::Answer answer = ask(fields, target);
        EXPECT_EQ(answer.line, unauthorized) << fields;
        EXPECT_EQ(answer.field("www-authenticate"), challenge) << fields;
        EXPECT_EQ(answer.body, not_authenticated) << fields;
    }

    App app{alloc::heap(), {}};
};

TEST_F(Security, ABearerTokenIsWhatStandsBehindTheScheme) {
    app.get("/", [](HttpBearer<> token) { return *token; });
    EXPECT_EQ(ask("Authorization: Bearer a.b-c\r\n").body, R"("a.b-c")");
    EXPECT_EQ(ask("Authorization: bEARER a b\r\n").body, R"("a b")");
    for (const std::string_view fields :
         {"", "Authorization: \r\n", "Authorization: Bearer\r\n", "Authorization: Bearer  \r\n",
          "Authorization: Basic a\r\n", "Authorization: Bearera\r\n", "X-Authorization: Bearer a\r\n"})
        expect_refused(fields, "Bearer");
}

TEST_F(Security, AnOAuth2TokenIsABearerToken) {
    app.get("/", [](OAuth2PasswordBearer<"token"> token) { return *token; });
    EXPECT_EQ(ask("Authorization: Bearer abc\r\n").body, R"("abc")");
    expect_refused("", "Bearer");
    expect_refused("Authorization: Basic abc\r\n", "Bearer");
}

TEST_F(Security, BasicIsUserAndPassword) {
    const auto take = [](alloc::Allocator arena, const BasicCredentials& who) {
        return Response::json(arena, {{"user", who.username}, {"password", who.password}});
    };
    app.get("/", [take](HttpBasic<> who, alloc::Allocator arena) { return take(arena, *who); });
    app.get("/realm", [take](HttpBasic<BasicCredentials, "the shop"> who, alloc::Allocator arena) {
        return take(arena, *who);
    });
    // RFC 7617, 2: Aladdin, open sesame.
    EXPECT_EQ(ask("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n").body,
              R"({"user":"Aladdin","password":"open sesame"})");
    EXPECT_EQ(ask("Authorization: basic Og==\r\n").body, R"({"user":"","password":""})");
    EXPECT_EQ(ask("Authorization: Basic YTpiOmM=\r\n").body, R"({"user":"a","password":"b:c"})");
    EXPECT_EQ(ask("Authorization: Basic w6k6w6k=\r\n").body,
              "{\"user\":\"\xC3\xA9\",\"password\":\"\xC3\xA9\"}");
    for (const std::string_view fields :
         {"", "Authorization: Basic\r\n", "Authorization: Basic QWxhZGRpbg==\r\n",  // no colon
          "Authorization: Basic Og=\r\n", "Authorization: Basic Og\r\n", "Authorization: Basic O:==\r\n",
          "Authorization: Basic ====\r\n", "Authorization: Basic /zo=\r\n",  // no UTF-8
          "Authorization: Bearer Og==\r\n"})
        expect_refused(fields, "Basic");
    expect_refused("", R"(Basic realm="the shop")", "/realm");
    expect_refused("Authorization: Basic x\r\n", R"(Basic realm="the shop")", "/realm");
}

TEST_F(Security, AnApiKeyStandsInItsPlace) {
    app.get("/header", [](ApiKeyHeader<"X-Key"> key) { return *key; });
    app.get("/query", [](ApiKeyQuery<"key"> key) { return *key; });
    app.get("/cookie", [](ApiKeyCookie<"session"> key) { return *key; });
    EXPECT_EQ(ask("x-key: abc\r\n", "/header").body, R"("abc")");
    EXPECT_EQ(ask("", "/query?key=a%20b").body, R"("a b")");
    EXPECT_EQ(ask("Cookie: session=\"a b\"\r\n", "/cookie").body, R"("a b")");
    expect_refused("", "APIKey", "/header");
    expect_refused("X-Key:\r\n", "APIKey", "/header");
    expect_refused("", "APIKey", "/query?key=");
    expect_refused("Cookie: x=1\r\n", "APIKey", "/cookie");
}

TEST_F(Security, AnOptionalMayBeEmpty) {
    app.get("/bearer", [](HttpBearer<std::optional<std::string_view>> token) { return **token; });
    using Token = std::optional<std::string_view>;
    app.get("/both", [](HttpBearer<Token> token, ApiKeyQuery<"key", Token> key) {
        return std::string_view{*token ? **token : *key ? **key : "nobody"};
    });
    app.get("/oauth2", [](OAuth2PasswordBearer<"token", Token> token) { return token->has_value(); });
    app.get("/basic", [](HttpBasic<std::optional<BasicCredentials>> who) { return who->has_value(); });
    EXPECT_EQ(ask("Authorization: Bearer abc\r\n", "/bearer").body, R"("abc")");
    EXPECT_EQ(ask("Authorization: Bearer abc\r\n", "/both").body, R"("abc")");
    EXPECT_EQ(ask("", "/both?key=k").body, R"("k")");
    EXPECT_EQ(ask("", "/both").body, R"("nobody")");
    EXPECT_EQ(ask("", "/oauth2").body, "false");
    EXPECT_EQ(ask("", "/basic").body, "false");
    // What is there and malformed is refused, as FastAPI does.
    expect_refused("Authorization: Basic x\r\n", "Basic", "/basic");
}

struct User {
    std::string_view name;
};
User get_user(OAuth2PasswordBearer<"token"> token) {
    if (*token != "secret") throw HttpError{Status::unauthorized, "Invalid token"};
    return {"ann"};
}
void check_key(ApiKeyHeader<"X-Key"> key) {
    if (*key != "k") throw HttpError{Status::forbidden, "Invalid key"};
}

TEST_F(Security, ADependencyTakesThemBeforeAnythingElseIsLookedAt) {
    app.get("/", [](inject::Depends<get_user> user, Query<int, "limit">) { return user->name; },
            {.dependencies = {depends<check_key>}});
    EXPECT_EQ(ask("X-Key: k\r\nAuthorization: Bearer secret\r\n", "/?limit=1").body, R"("ann")");
    expect_refused("Authorization: Bearer secret\r\n", "APIKey", "/?limit=x");
    expect_refused("X-Key: k\r\n", "Bearer", "/?limit=x");
    EXPECT_EQ(ask("X-Key: k\r\nAuthorization: Bearer other\r\n", "/?limit=1").body,
              R"({"detail":"Invalid token"})");
    EXPECT_EQ(ask("X-Key: x\r\n", "/").body, R"({"detail":"Invalid key"})");
}

TEST_F(Security, TheFormOfOAuth2IsAStruct) {
    app.post("/token", [](Form<OAuth2PasswordRequestForm> form, alloc::Allocator arena) {
        return Response::json(arena, *form);
    });
    constexpr std::string_view type = "application/x-www-form-urlencoded";
    EXPECT_EQ(test::post(app, "/token", "username=ann&password=p+w&grant_type=password", type).body,
              R"({"grant_type":"password","username":"ann","password":"p w","scope":"","client_id":null,)"
              R"("client_secret":null})");
    EXPECT_EQ(test::post(app, "/token", "username=a&password=b&grant_type=x", type).body,
              R"({"detail":[{"type":"string_pattern_mismatch","loc":["body","grant_type"],"msg":"String )"
              R"(should match pattern '^password$'","input":"x","ctx":{"pattern":"^password$"}}]})");
}

TEST_F(Security, TheDocumentationHasThemWithTheRoutesThatTakeThem) {
    app.get("/none", [] {});
    app.get("/all", [](HttpBearer<>, HttpBasic<>, ApiKeyHeader<"X-Key">, ApiKeyQuery<"key">,
                       ApiKeyCookie<"session">) {});
    app.get("/me", [](inject::Depends<get_user>) {}, {.dependencies = {depends<check_key>}});
    app.get("/twice", [](HttpBearer<>, HttpBearer<std::optional<std::string_view>>) {});
    app.get("/other", [](ApiKeyHeader<"X-Other">, ApiKeyHeader<"X-Staff", std::string_view, "Staff">) {});
    const json::value whole = json::parse(test::get(app, "/openapi.json").body);
    const auto at = [&](std::string_view pointer) { return json::serialize(whole.at_pointer(pointer)); };
    EXPECT_EQ(whole.at_pointer("/components/securitySchemes"), json::parse(R"({
        "HTTPBearer":{"type":"http","scheme":"bearer"},
        "HTTPBasic":{"type":"http","scheme":"basic"},
        "APIKeyHeader":{"type":"apiKey","in":"header","name":"X-Key"},
        "APIKeyQuery":{"type":"apiKey","in":"query","name":"key"},
        "APIKeyCookie":{"type":"apiKey","in":"cookie","name":"session"},
        "OAuth2PasswordBearer":{"type":"oauth2","flows":{"password":{"scopes":{},"tokenUrl":"token"}}},
        "APIKeyHeader_2":{"type":"apiKey","in":"header","name":"X-Other"},
        "Staff":{"type":"apiKey","in":"header","name":"X-Staff"}})"));
    EXPECT_EQ(at("/paths/~1all/get/security"),
              R"([{"HTTPBearer":[]},{"HTTPBasic":[]},{"APIKeyHeader":[]},{"APIKeyQuery":[]},)"
              R"({"APIKeyCookie":[]}])");
    EXPECT_EQ(at("/paths/~1me/get/security"), R"([{"APIKeyHeader":[]},{"OAuth2PasswordBearer":[]}])");
    EXPECT_EQ(at("/paths/~1twice/get/security"), R"([{"HTTPBearer":[]}])");
    EXPECT_EQ(at("/paths/~1other/get/security"), R"([{"APIKeyHeader_2":[]},{"Staff":[]}])");
    EXPECT_FALSE(whole.at_pointer("/paths/~1none/get").as_object().contains("security"));
    // They are no parameters, so nothing of them is refused with 422.
    EXPECT_FALSE(whole.at_pointer("/paths/~1all/get").as_object().contains("parameters"));
    EXPECT_FALSE(whole.at_pointer("/paths/~1all/get/responses").as_object().contains("422"));
}

}  // namespace
