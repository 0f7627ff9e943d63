// Path, Query, Header, Cookie, Form: a handler's parameters, typed by what they are and named where they are
// used.
//
//     http::Response get_user(http::Path<std::uint32_t, "user_id"> user_id,
//                             http::Query<std::optional<std::string_view>, "q"> q,
//                             http::Query<int, "limit", http::Default<10>, http::Le<100>> limit,
//                             http::Query<std::span<const std::string_view>, "tag"> tags,
//                             http::Header<std::string_view, "user_agent"> user_agent,
//                             http::Cookie<http::Uuid, "session"> session, alloc::Allocator arena);
//     http::Response log_in(http::Form<Login> login);
//
// Types: scalars (scalar.hpp: integers, float, double, bool, std::string_view, described enums, Uuid,
// Timestamp); a std::optional of one, for what may be missing; and but for a path a list of them,
// std::span<const T> or std::pmr::vector<T>, for what may come several times. Behind the name stand options
// (constraint.hpp). What is missing is an error, unless it is an optional or has a Default.
//
// A struct that BOOST_DESCRIBE_STRUCT describes, without a name, takes each of its members by the member's
// name: `struct Filters { int limit = 100; std::span<const std::string_view> tags; }; http::Query<Filters>`.
// A member that is missing keeps its initialiser; without one it is an error, unless it is an optional or a
// list. Options stand behind the type of a Member (member.hpp). A struct whose extra_members are forbidden
// (json_model.hpp) refuses all other names. A struct of a form may have members that are files (file.hpp):
// Upload, std::optional<Upload>, std::span<const Upload>.
//
// Text and lists live as long as the request. Threads: values. Cost: one look at the place for each name.
// Never: a copy of text that holds no escapes.
#pragma once

#include <zigmund/http/constraint.hpp>
#include <zigmund/http/fixed_string.hpp>
#include <zigmund/http/scalar.hpp>
#include <zigmund/http/source.hpp>
#include <zigmund/http/upload.hpp>

#include <algorithm>
#include <array>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace zigmund::http::inline v0 {

namespace detail {

/// The elements of the lists that a parameter can be.
template <class T>
struct ElementOf {};
template <class U>
struct ElementOf<std::span<const U>> : std::type_identity<U> {};
template <class U>
struct ElementOf<std::pmr::vector<U>> : std::type_identity<U> {};
template <class T>
concept ParameterList = requires { requires Scalar<typename ElementOf<T>::type>; };

template <class T>
using WithoutOptional = typename ConstrainedType<T>::type;

/// A struct whose members are parameters.
template <class T>
concept ParameterModel = Described<T> && !Scalar<T> && !ParameterList<T>;

/// Reads like a pointer to its value, converts to it, and is written as it.
template <class T>
class ParameterValue {
  public:
    using zigmund_parameter = T;

    explicit ParameterValue(T value) noexcept(std::is_nothrow_move_constructible_v<T>)
        : value_(std::move(value)) {}  // braces would make a list of a boost::json::value

    [[nodiscard]] const T& operator*() const noexcept { return value_; }
    [[nodiscard]] const T* operator->() const noexcept { return &value_; }
    [[nodiscard]] const T& value() const noexcept { return value_; }
    operator const T&() const noexcept { return value_; }

  private:
    T value_;
};

/// A name with its underscores as hyphens, as header fields are written.
template <std::size_t Size>
struct HyphenName {
    std::array<char, Size> text{};
    consteval explicit HyphenName(std::string_view name) {
        std::ranges::transform(name, text.begin(), [](char c) { return c == '_' ? '-' : c; });
    }
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text.data(), text.size()}; }
};

/// The name on the wire of what the program calls `Name`.
template <Source Where, FixedString Name, class... Cs>
struct WireName {
    static constexpr HyphenName<Name.view().size()> hyphens{Name.view()};
    static constexpr std::string_view value =
        wire_name<Cs...>(Where == Source::header ? hyphens.view() : Name.view());
};

/// What Query, Header, Cookie and Form have in common: a value, or a model, from a source.
template <Source Where, class T, FixedString Name, class... Cs>
class SourceParameter : public ParameterValue<T> {
    static constexpr bool is_model = ParameterModel<T>;
    static_assert(
        Scalar<WithoutOptional<T>> || ParameterList<WithoutOptional<T>> || is_model,
        "zigmund: Query<T, \"name\">: T is an integer, float, double, bool, std::string_view, an enum "
        "that BOOST_DESCRIBE_ENUM describes, Uuid or Timestamp; a std::span<const U> or "
        "std::pmr::vector<U> of these; a std::optional of one; or a described struct, without a name. "
        "The same holds for Header, Cookie and Form");
    static_assert(is_model || !Name.view().empty(),
                  "zigmund: a value needs the name that it has in the request: Query<int, \"limit\">; only a "
                  "described struct goes without");
    static_assert(
        !is_model || (Name.view().empty() && sizeof...(Cs) == 0),
        "zigmund: a struct takes its members by their own names: write Query<Filters> without a name "
        "and options");
    static_assert(check_options<T, Cs...>());

  public:
    static constexpr Source source = Where;
    /// As it is on the wire; empty for a model.
    static constexpr std::string_view name = WireName<Where, Name, Cs...>::value;
    using options = Options<Cs...>;
    using ParameterValue<T>::ParameterValue;
};

}  // namespace detail

/// The part of the path that the template calls `{Name}`. Registering a route whose template has no such part
/// throws RouteError. `Cs` are options (constraint.hpp): `Path<int, "id", Ge<1>>`.
template <class T, FixedString Name, class... Cs>
class Path : public detail::ParameterValue<T> {
    static_assert(
        Scalar<T>,
        "zigmund: Path<T, \"name\">: T is an integer, float, double, bool, std::string_view, an enum that "
        "BOOST_DESCRIBE_ENUM describes, Uuid or Timestamp; a part of a path is never missing, so T is no "
        "std::optional");
    static_assert(!detail::Options<Cs...>::has_default,
                  "zigmund: Path<T, \"name\">: a part of a path is never missing, so it has no Default");
    static_assert(
        !(detail::IsAlias<Cs> || ...),
        "zigmund: Path<T, \"name\">: the name is the one in the route's template, so it has no Alias");
    static_assert(detail::check_options<T, Cs...>());

  public:
    /// Where the value comes from.
    static constexpr detail::Source source = detail::Source::path;
    /// The name in the route's template. Static storage.
    static constexpr std::string_view name = Name.view();
    /// What stands behind the name, sorted by kind.
    using options = detail::Options<Cs...>;
    using detail::ParameterValue<T>::ParameterValue;
};

/// From the query: `Query<int, "limit", Default<10>>`, `Query<std::span<const int>, "id">`, `Query<Filters>`.
/// Of several values of one name the last counts.
template <class T, FixedString Name = "", class... Cs>
class Query : public detail::SourceParameter<detail::Source::query, T, Name, Cs...> {
  public:
    using detail::SourceParameter<detail::Source::query, T, Name, Cs...>::SourceParameter;
};

/// From a header field: `Header<std::string_view, "user_agent">` is the field User-Agent. An underscore is a
/// hyphen, unless it stands in an Alias. Of several fields of one name the first counts.
template <class T, FixedString Name = "", class... Cs>
class Header : public detail::SourceParameter<detail::Source::header, T, Name, Cs...> {
  public:
    using detail::SourceParameter<detail::Source::header, T, Name, Cs...>::SourceParameter;
};

/// From a cookie. Of several cookies of one name the last counts.
template <class T, FixedString Name = "", class... Cs>
class Cookie : public detail::SourceParameter<detail::Source::cookie, T, Name, Cs...> {
  public:
    using detail::SourceParameter<detail::Source::cookie, T, Name, Cs...>::SourceParameter;
};

/// From a body of the type application/x-www-form-urlencoded: `Form<Login>`, `Form<int, "age">`. A value that
/// is empty is missing. Not beside a Body, which is JSON.
template <class T, FixedString Name = "", class... Cs>
class Form : public detail::SourceParameter<detail::Source::form, T, Name, Cs...> {
  public:
    using detail::SourceParameter<detail::Source::form, T, Name, Cs...>::SourceParameter;
};

namespace detail {

/// Path, Query, Header, Cookie and Form.
template <class P>
concept SourceBound = requires {
    { P::source } -> std::convertible_to<Source>;
    typename P::zigmund_parameter;
};

}  // namespace detail
}  // namespace zigmund::http::inline v0
