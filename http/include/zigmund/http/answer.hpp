// What a handler may return, and the response that it becomes.
//
//     http::Response f();                              // itself
//     Item g();                                        // 200 and JSON: whatever a JsonValue can be made of
//     void h();                                        // 200 and `null`; another status: RouteOptions
//     std::expected<Item, http::HttpError> find();     // one of these, or the error's response
//     http::Task<Item> fetch(alloc::Allocator);        // one of these, when it is there (task.hpp)
//
// An error that is returned is a failure like one that is thrown: background tasks are dropped, and
// dependencies that wait for the end of the request see it thrown. Without such a dependency nothing is
// thrown.
//
// A value that breaks the constraints of its own type is never sent: the answer is a 500
// (response_validation.hpp).
//
// Threads: one. Cost: that of Response::json() for a value, and of looking at its constraints if it has any.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/http_error.hpp>
#include <zigmund/http/json_value.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>
#include <zigmund/http/response_validation.hpp>
#include <zigmund/http/task.hpp>

#include <concepts>
#include <expected>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

namespace detail {

template <class R>
struct ExpectedOf {
    static constexpr bool is = false;
    using value = R;
};
template <class T>
struct ExpectedOf<std::expected<T, HttpError>> {
    static constexpr bool is = true;
    using value = T;
};

/// What a handler that returns R answers with: the value of a Task, and of a std::expected.
template <class R>
using ValueOf =
    typename ExpectedOf<std::remove_cvref_t<typename TaskOf<std::remove_cvref_t<R>>::value>>::value;

template <class V>
concept PlainAnswer = std::is_void_v<V> || std::same_as<std::remove_cvref_t<V>, Response> ||
                      std::constructible_from<JsonValue, const V&>;

/// The response to a request whose handler returned `error`; throws it if a dependency waits for the end.
ZIGMUND_EXPORT [[nodiscard, gnu::cold]] Response refuse(Request& request, const HttpError& error);

/// A value's response, with the status that the route has for it.
inline Response answer_with_json(Request& request, const JsonValue& value) {
    const Response response = Response::json(request.allocator(), value);
    if (request.success_status() == Status::ok) [[likely]]
        return response;
    return response.with_status(request.success_status());
}

template <class V>
Response answer_with(Request& request, const V& value) {
    if constexpr (std::same_as<V, Response>) {
        return value;
    } else {
        check_answer(value);
        return answer_with_json(request, JsonValue{value});
    }
}

/// Calls `call` and makes a response of what it returns.
template <class Call>
Response answer(Request& request, Call&& call) {
    using R = std::invoke_result_t<Call>;
    using E = ExpectedOf<std::remove_cvref_t<R>>;
    if constexpr (std::is_void_v<R>) {
        call();
        return answer_with_json(request, nullptr);
    } else if constexpr (E::is) {
        const auto& result = call();
        if (!result.has_value()) [[unlikely]]
            return refuse(request, result.error());
        if constexpr (std::is_void_v<typename E::value>)
            return answer_with_json(request, nullptr);
        else
            return answer_with(request, *result);
    } else {
        return answer_with(request, call());
    }
}

}  // namespace detail

/// What a handler may return, at once or as the value of a Task.
template <class R>
concept Answer = detail::PlainAnswer<typename detail::ExpectedOf<std::remove_cvref_t<R>>::value>;

}  // namespace zigmund::http::inline v0
