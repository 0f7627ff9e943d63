// HandlerInfo: what the documentation knows of a handler, read off its type: its parameters, those of its
// dependencies, what it returns, and its name if it was given as handler<f>.
//
//     app.get("/users/{user_id}", http::handler<get_user>);      // or: app.get<get_user>("/users/{user_id}")
//
// C++ does not say what a function is called that is passed by its address. As a template argument it does:
// `handler<get_user>` is a handler that calls get_user and knows the name.
//
// Threads: constants. Cost: tables that the compiler makes; handler<f> calls f directly.
#pragma once

#include <zigmund/http/body.hpp>
#include <zigmund/http/file.hpp>
#include <zigmund/http/fixed_string.hpp>
#include <zigmund/http/parameter.hpp>
#include <zigmund/http/response.hpp>
#include <zigmund/http/schema.hpp>
#include <zigmund/http/security.hpp>
#include <zigmund/inject/signature.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

namespace detail {

/// A parameter of a request. `none`: one that takes nothing from it, such as an allocator.
struct ParameterInfo {
    enum class Place : std::uint8_t { path, query, header, cookie, form, body, none };

    Place place = Place::none;
    /// As on the wire; empty: a model, or the whole body.
    std::string_view name = {};
    const Schema* schema = nullptr;
    std::span<const SchemaOption> options = {};
    bool required = false;
    /// Null: it is none.
    const SecurityScheme* security = nullptr;
};

template <class P>
consteval ParameterInfo describe_parameter() {
    using M = std::remove_cvref_t<P>;
    using Place = ParameterInfo::Place;
    if constexpr (SourceBound<M>) {
        using T = typename M::zigmund_parameter;
        static_assert(static_cast<int>(Place::form) == static_cast<int>(Source::form));
        return {.place = static_cast<Place>(M::source),
                .name = M::name,
                .schema = schema<T>,
                .options = option_table<typename M::options>,
                .required = !M::options::has_default && !IsOptional<T>::value};
    } else if constexpr (IsFile<M>::value) {
        using T = typename M::zigmund_parameter;
        return {.place = Place::form,
                .name = M::name,
                .schema = schema<T>,
                .options = option_table<typename M::options>,
                .required = !IsOptional<T>::value};
    } else if constexpr (IsBody<M>::value) {
        using T = typename M::zigmund_parameter;
        return {
            .place = Place::body, .name = M::name, .schema = schema<T>, .required = !IsOptional<T>::value};
    } else if constexpr (SecurityParameter<M>) {
        return {.security = &M::scheme};
    } else {
        return {};
    }
}

template <class List>
inline constexpr std::array<ParameterInfo, 0> parameter_table{};
template <class... Ps>
inline constexpr std::array<ParameterInfo, sizeof...(Ps)> parameter_table<inject::Types<Ps...>>{
    describe_parameter<Ps>()...};

/// "get_user" of `F = &shop::get_user`; empty: it has no name, such as a lambda.
template <auto F>
constexpr std::string_view function_name() noexcept {
    std::string_view text = __PRETTY_FUNCTION__;
    text.remove_prefix(text.find("F = ") + 4);
    text = text.substr(0, text.find_first_of(";]"));
    std::size_t begin = text.size();
    const auto is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    while (begin != 0 && is_word(text[begin - 1])) --begin;
    return text.substr(begin);
}

template <auto F, class List>
class NamedHandler;
template <auto F, class... Ps>
class NamedHandler<F, inject::Types<Ps...>> {
  public:
    static constexpr std::string_view name = function_name<F>();

    inject::Result<decltype(F)> operator()(Ps... arguments) const {
        return F(std::forward<Ps>(arguments)...);
    }
};

template <class F>
inline constexpr std::string_view handler_name = {};
template <auto F, class List>
inline constexpr std::string_view handler_name<NamedHandler<F, List>> = NamedHandler<F, List>::name;

struct HandlerInfo {
    /// The handler's own, and those of its dependencies, in which its own stand again.
    std::span<const ParameterInfo> own;
    std::span<const ParameterInfo> all;
    /// What it returns; null: a Response, or nothing.
    const Schema* result;
    /// Empty: not known.
    std::string_view name;
};

/// `Leaves`: what the handler F and its dependencies ask for. `R`: what it returns.
template <class F, class Leaves, class R>
inline constexpr HandlerInfo handler_info{parameter_table<inject::Parameters<F>>, parameter_table<Leaves>,
                                          [] -> const Schema* {
                                              if constexpr (std::is_void_v<R> || std::same_as<R, Response>) {
                                                  return nullptr;
                                              } else {
                                                  return schema<R>;
                                              }
                                          }(),
                                          handler_name<F>};

/// Of a dependency that routes have by their options.
template <class Leaves>
inline constexpr HandlerInfo dependency_info{{}, parameter_table<Leaves>, nullptr, {}};

}  // namespace detail

/// A handler that calls the function F, and is called as it in the documentation and by App::url_for().
template <auto F>
inline constexpr detail::NamedHandler<F, inject::Parameters<decltype(F)>> handler{};

}  // namespace zigmund::http::inline v0
