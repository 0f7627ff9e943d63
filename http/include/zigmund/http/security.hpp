// Security schemes: where a client's credentials stand, as a handler's parameter, or a dependency's.
//
//     User get_user(http::OAuth2PasswordBearer<"token"> token);               // a dependency
//     http::Response me(inject::Depends<get_user> user, alloc::Allocator arena);
//     http::Response admin(http::HttpBasic<> who);                            // who->username, who->password
//     app.include(add_items, {.dependencies = {http::depends<check_key>}});   // check_key(ApiKeyHeader<"X-Key">)
//
//     HttpBearer<>                       Authorization: Bearer <token>
//     HttpBasic<>                        Authorization: Basic <user:password in Base64>
//     ApiKeyHeader<"X-Key">              a header field, as it is called; ApiKeyQuery, ApiKeyCookie likewise
//     OAuth2PasswordBearer<"token">      a bearer token, which one gets with a password at that URL
//
// Without credentials, or with those of another scheme, the answer is FastAPI's, 401 `{"detail":"Not
// authenticated"}` with `WWW-Authenticate: Bearer`, `Basic` or `APIKey`, thrown as an HttpError at once: before
// the dependencies and parameters that come later are looked at. With an optional,
// `HttpBearer<std::optional<std::string_view>>`, it is an empty one. Whether the credentials are good is for the
// program to say: compare secrets with timing_safe_equal().
//
// The documentation has them in `components.securitySchemes`, and in `security` of each route whose handler or
// dependencies take them, under the name that stands last: `ApiKeyHeader<"X-Key", std::string_view, "Staff">`.
//
// Text lives as long as the request. Threads: values. Cost: a look at the header; Basic decodes into the
// request's arena. Never: allocates elsewhere, but for the exception.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/constraint.hpp>
#include <zigmund/http/fixed_string.hpp>
#include <zigmund/http/member.hpp>
#include <zigmund/http/parameter.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/source.hpp>

#include <boost/describe/class.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

namespace zigmund::http::inline v0 {

/// What Basic carries, decoded: UTF-8.
struct BasicCredentials {
    std::string_view username;  ///< what stands before the first colon (RFC 7617, 2)
    std::string_view password;  ///< what stands behind it
};

/// The form that a client of OAuth2PasswordBearer sends to its URL: `Form<OAuth2PasswordRequestForm>`.
struct OAuth2PasswordRequestForm {
    /// "password", which RFC 6749, 4.3.2 demands; here it may be missing.
    Member<std::optional<std::string_view>, Pattern<"^password$">> grant_type;
    /// Who wants the token.
    std::string_view username;
    /// The password of that user.
    std::string_view password;
    /// What the token is to be good for: names with blanks between them (RFC 6749, 3.3).
    std::string_view scope = "";
    /// Which program the user has, if that says so here (RFC 6749, 2.3.1).
    std::optional<std::string_view> client_id;
    /// The password of the program.
    std::optional<std::string_view> client_secret;
};
BOOST_DESCRIBE_STRUCT(OAuth2PasswordRequestForm, (),
                      (grant_type, username, password, scope, client_id, client_secret))

namespace detail {

/// A scheme as the documentation has it.
struct SecurityScheme {
    enum class Kind : std::uint8_t { bearer, basic, header, query, cookie, oauth2_password };

    Kind kind;
    /// Of the scheme.
    std::string_view name;
    /// Of a key: what its place calls it. Of OAuth2: the URL for tokens.
    std::string_view text = {};

    bool operator==(const SecurityScheme&) const = default;
};

/// Each returns what was sent; empty: nothing that would do.
ZIGMUND_EXPORT [[nodiscard]] std::optional<std::string_view> bearer_token(const Request& request) noexcept;
ZIGMUND_EXPORT [[nodiscard]] std::optional<std::string_view> api_key(const Request& request, Source source,
                                                                     std::string_view name);
/// Throws HttpError, 401, for what is malformed; std::bad_alloc.
ZIGMUND_EXPORT [[nodiscard]] std::optional<BasicCredentials> basic_credentials(const Request& request,
                                                                               std::string_view realm);
/// Throws HttpError, 401.
ZIGMUND_EXPORT [[noreturn, gnu::cold]] void refuse_unauthenticated(const Request& request,
                                                                   std::string_view challenge);
ZIGMUND_EXPORT [[noreturn, gnu::cold]] void refuse_basic(const Request& request, std::string_view realm);

/// What the schemes have in common: a value of type T or, if that may be missing, an optional of it.
template <class T, class Value>
class Credentials : public ParameterValue<T> {
    static_assert(std::same_as<T, Value> || std::same_as<T, std::optional<Value>>,
                  "zigmund: a security scheme's value is what it has by default, or a std::optional of it");

  public:
    using ParameterValue<T>::ParameterValue;
    using zigmund_security = T;
};

template <class P>
concept SecurityParameter = requires { typename P::zigmund_security; };

}  // namespace detail

/// The token.
template <class T = std::string_view, FixedString Name = "HTTPBearer">
class HttpBearer : public detail::Credentials<T, std::string_view> {
  public:
    /// As the documentation has it.
    static constexpr detail::SecurityScheme scheme{detail::SecurityScheme::Kind::bearer, Name.view()};
    using detail::Credentials<T, std::string_view>::Credentials;

    /// Throws HttpError.
    [[nodiscard]] static HttpBearer of(const Request& request) {
        const std::optional<std::string_view> token = detail::bearer_token(request);
        if constexpr (detail::IsOptional<T>::value) {
            return HttpBearer{token};
        } else {
            if (!token) detail::refuse_unauthenticated(request, "Bearer");
            return HttpBearer{*token};
        }
    }
};

/// User and password. `Realm` is what browsers call that which they ask a password for.
template <class T = BasicCredentials, FixedString Realm = "", FixedString Name = "HTTPBasic">
class HttpBasic : public detail::Credentials<T, BasicCredentials> {
  public:
    /// As the documentation has it.
    static constexpr detail::SecurityScheme scheme{detail::SecurityScheme::Kind::basic, Name.view()};
    using detail::Credentials<T, BasicCredentials>::Credentials;

    /// Throws HttpError, also where it may be missing and is malformed; std::bad_alloc.
    [[nodiscard]] static HttpBasic of(const Request& request) {
        const std::optional<BasicCredentials> sent = detail::basic_credentials(request, Realm.view());
        if constexpr (detail::IsOptional<T>::value) {
            return HttpBasic{sent};
        } else {
            if (!sent) detail::refuse_basic(request, Realm.view());
            return HttpBasic{*sent};
        }
    }
};

/// The token. `TokenUrl` is where one gets it, relative to the documentation.
template <FixedString TokenUrl, class T = std::string_view, FixedString Name = "OAuth2PasswordBearer">
class OAuth2PasswordBearer : public detail::Credentials<T, std::string_view> {
  public:
    /// As the documentation has it.
    static constexpr detail::SecurityScheme scheme{detail::SecurityScheme::Kind::oauth2_password, Name.view(),
                                                   TokenUrl.view()};
    using detail::Credentials<T, std::string_view>::Credentials;

    /// Throws HttpError.
    [[nodiscard]] static OAuth2PasswordBearer of(const Request& request) {
        return OAuth2PasswordBearer{*HttpBearer<T>::of(request)};
    }
};

namespace detail {

/// A key that is called `Key` in its place.
template <class Self, Source Where, FixedString Key, class T, FixedString Name>
class ApiKey : public Credentials<T, std::string_view> {
    static_assert(!Key.view().empty(), "zigmund: an API key has a name: ApiKeyHeader<\"X-Key\">");
    using enum SecurityScheme::Kind;

  public:
    static constexpr SecurityScheme scheme{Where == Source::header  ? header
                                           : Where == Source::query ? query
                                                                    : cookie,
                                           Name.view(), Key.view()};
    using Credentials<T, std::string_view>::Credentials;

    /// Throws HttpError, std::bad_alloc.
    [[nodiscard]] static Self of(const Request& request) {
        const std::optional<std::string_view> key = api_key(request, Where, Key.view());
        if constexpr (IsOptional<T>::value) {
            return Self{key};
        } else {
            if (!key) refuse_unauthenticated(request, "APIKey");
            return Self{*key};
        }
    }
};

}  // namespace detail

/// A key in the header field `Key`.
template <FixedString Key, class T = std::string_view, FixedString Name = "APIKeyHeader">
class ApiKeyHeader : public detail::ApiKey<ApiKeyHeader<Key, T, Name>, detail::Source::header, Key, T, Name> {
  public:
    using detail::ApiKey<ApiKeyHeader, detail::Source::header, Key, T, Name>::ApiKey;
};

/// A key in the query, under the name `Key`.
template <FixedString Key, class T = std::string_view, FixedString Name = "APIKeyQuery">
class ApiKeyQuery : public detail::ApiKey<ApiKeyQuery<Key, T, Name>, detail::Source::query, Key, T, Name> {
  public:
    using detail::ApiKey<ApiKeyQuery, detail::Source::query, Key, T, Name>::ApiKey;
};

/// A key in the cookie `Key`.
template <FixedString Key, class T = std::string_view, FixedString Name = "APIKeyCookie">
class ApiKeyCookie : public detail::ApiKey<ApiKeyCookie<Key, T, Name>, detail::Source::cookie, Key, T, Name> {
  public:
    using detail::ApiKey<ApiKeyCookie, detail::Source::cookie, Key, T, Name>::ApiKey;
};

}  // namespace zigmund::http::inline v0
