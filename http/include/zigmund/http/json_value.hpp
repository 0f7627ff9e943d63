// JsonValue: a value that is about to be written as JSON, without a copy of it.
//
//     Response::json(arena, {{"id", 7}, {"name", "Alice"}, {"tags", tags}, {"home", {{"city", "Bern"}}}});
//
// It refers to what it was made from (text, range, described struct, nested braces), so it serves as an
// argument and must not outlive the expression that it stands in.
//
// Threads: a value. Cost: at most four words, no allocation. Never: owns, copies text.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/enum.hpp>
#include <zigmund/http/timestamp.hpp>
#include <zigmund/http/uuid.hpp>

#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/json/fwd.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace zigmund::http::inline v0 {

class JsonWriter;
struct JsonMember;

namespace detail {

/// Structs named by BOOST_DESCRIBE_STRUCT.
template <class T>
concept Described = requires {
    typename boost::describe::describe_members<T,
                                               boost::describe::mod_public | boost::describe::mod_inherited>;
} && std::is_class_v<T>;

template <class T>
using Members =
    boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T, auto Pointer>
using MemberType = std::remove_cvref_t<decltype(std::declval<T&>().*Pointer)>;

template <class Pointer>
struct PointedTo;
template <class T, class Class>
struct PointedTo<T Class::*> : std::type_identity<T> {};

/// What a member of type M and of this name is called in JSON.
template <class M>
struct JsonNameOf {
    static consteval std::string_view of(std::string_view name) { return name; }
};
template <class D>
inline constexpr std::string_view json_name =
    JsonNameOf<typename PointedTo<std::remove_cv_t<decltype(D::pointer)>>::type>::of(D::name);

/// `"price":`, as it stands in JSON. A name with quotes, backslashes or control characters has none.
template <class D>
inline constexpr auto quoted_name = [] {
    constexpr std::string_view name = json_name<D>;
    std::array<char, name.size() + 3> quoted{};
    quoted[0] = quoted[name.size() + 1] = '"';
    for (std::size_t i = 0; i < name.size(); ++i) quoted[i + 1] = name[i];
    quoted[name.size() + 2] = ':';
    return quoted;
}();
template <class D>
inline constexpr bool is_plain_name = [] {
    for (const char c : json_name<D>) {
        if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) return false;
    }
    return true;
}();

/// Path, Query, Body, Member and their kin: written as the value that they carry.
template <class T>
concept Parameter = requires { typename T::zigmund_parameter; };

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

ZIGMUND_EXPORT void write_boost_json(JsonWriter& writer, const void* value);
ZIGMUND_EXPORT void write_uuid(JsonWriter& writer, const void* uuid);
ZIGMUND_EXPORT void write_time(JsonWriter& writer, const void* time);
template <class T>
void write_described(JsonWriter& writer, const void* object);
template <class Range>
void write_range(JsonWriter& writer, const void* range);
template <class Map>
void write_map(JsonWriter& writer, const void* map);
template <class Variant>
void write_variant(JsonWriter& writer, const void* variant);

template <class T>
struct IsVariant : std::false_type {};
template <class... Ts>
struct IsVariant<std::variant<Ts...>> : std::true_type {};

/// Keys that are text make a map an object.
template <class T>
concept TextMap = std::ranges::input_range<T> && requires {
    typename T::mapped_type;
    requires std::convertible_to<const typename T::key_type&, std::string_view>;
};

}  // namespace detail

class JsonValue {
  public:
    JsonValue() noexcept : JsonValue{nullptr} {}
    /// null, as without an argument.
    JsonValue(std::nullptr_t) noexcept : kind_{Kind::null}, unsigned_{0} {}
    /// true or false.
    JsonValue(bool value) noexcept : kind_{Kind::boolean}, boolean_{value} {}
    /// An integer, written with all of its digits.
    template <std::signed_integral T>
    JsonValue(T value) noexcept : kind_{Kind::signed_integer}, signed_{value} {}
    template <std::unsigned_integral T>
        requires(!std::same_as<T, bool>)
    JsonValue(T value) noexcept : kind_{Kind::unsigned_integer}, unsigned_{value} {}
    /// Written with the fewest digits that read back as the same double. NaN and infinity have no JSON:
    /// writing one throws std::domain_error.
    template <std::floating_point T>
    JsonValue(T value) noexcept : kind_{Kind::number}, number_{static_cast<double>(value)} {}
    /// Text in UTF-8; a byte that is not is written as U+FFFD.
    template <class Text>
        requires(std::convertible_to<const Text&, std::string_view> && !detail::Parameter<Text>)
    JsonValue(const Text& text)
        : kind_{Kind::text}, data_{std::string_view{text}.data()}, size_{std::string_view{text}.size()} {}
    /// The name of an enumerator that BOOST_DESCRIBE_ENUM describes; null for a value that has none.
    template <detail::DescribedEnum E>
    JsonValue(E value) noexcept : JsonValue{} {
        const std::string_view name = detail::Enumerators<E>::name(value);
        if (name.data() != nullptr) *this = JsonValue{name};
    }
    /// The canonical form, as text.
    JsonValue(const Uuid& uuid) noexcept : kind_{Kind::custom}, data_{&uuid}, write_{&detail::write_uuid} {}
    /// `2026-11-22T21:00:00Z`, as text.
    JsonValue(const Timestamp& time) noexcept
        : kind_{Kind::custom}, data_{&time}, write_{&detail::write_time} {}
    /// An object with members that are kept elsewhere.
    JsonValue(std::span<const JsonMember> members) noexcept;
    /// An object: `{{"city", "Bern"}, {"zip", 3000}}`, its members in this order.
    JsonValue(std::initializer_list<JsonMember> members) noexcept;
    /// What it holds, or null.
    template <class T>
    JsonValue(const std::optional<T>& value) : JsonValue{} {
        if (value) *this = JsonValue{*value};
    }
    /// The value of a Path, Query, Member or the like.
    template <detail::Parameter P>
    JsonValue(const P& parameter) : JsonValue{*parameter} {}
    /// A document of Boost.JSON, its members in the document's order.
    JsonValue(const boost::json::value& value) noexcept;
    /// A struct that BOOST_DESCRIBE_STRUCT describes: an object with its members in their order.
    template <detail::Described T>
        requires(!detail::Parameter<T>)
    JsonValue(const T& object) noexcept
        : kind_{Kind::custom}, data_{&object}, write_{&detail::write_described<T>} {}
    /// What it holds.
    template <class T>
        requires detail::IsVariant<T>::value
    JsonValue(const T& variant) noexcept
        : kind_{Kind::custom}, data_{&variant}, write_{&detail::write_variant<T>} {}
    /// A map with text for keys: an object, its members in the map's order.
    template <detail::TextMap Map>
    JsonValue(const Map& map) noexcept : kind_{Kind::custom}, data_{&map}, write_{&detail::write_map<Map>} {}
    /// Any other range: an array.
    template <std::ranges::input_range Range>
        requires(!std::convertible_to<const Range&, std::string_view> && !detail::Described<Range> &&
                 !detail::TextMap<Range> && !std::same_as<Range, boost::json::value>)
    JsonValue(const Range& range) noexcept
        : kind_{Kind::custom}, data_{&range}, write_{&detail::write_range<Range>} {}

    /// The text, if it was made from text.
    [[nodiscard]] std::optional<std::string_view> text() const noexcept {
        if (kind_ != Kind::text) return std::nullopt;
        return std::string_view{static_cast<const char*>(data_), size_};
    }

  private:
    friend class JsonWriter;

    enum class Kind : std::uint8_t {
        null,
        boolean,
        signed_integer,
        unsigned_integer,
        number,
        text,
        members,
        custom
    };

    Kind kind_;
    union {
        bool boolean_;
        std::int64_t signed_;
        std::uint64_t unsigned_;
        double number_;
        const void* data_;
    };
    union {
        std::size_t size_ = 0;
        void (*write_)(JsonWriter&, const void*);
    };
};

/// One member of an object: `{"name", value}`.
struct JsonMember {
    /// UTF-8, without escapes: writing it adds what is needed.
    std::string_view name;
    /// Refers to what it was made from, as every JsonValue.
    JsonValue value;
};

inline JsonValue::JsonValue(std::span<const JsonMember> members) noexcept
    : kind_{Kind::members}, data_{members.data()}, size_{members.size()} {}

inline JsonValue::JsonValue(std::initializer_list<JsonMember> members) noexcept
    : kind_{Kind::members}, data_{members.begin()}, size_{members.size()} {}

inline JsonValue::JsonValue(const boost::json::value& value) noexcept
    : kind_{Kind::custom}, data_{&value}, write_{&detail::write_boost_json} {}

}  // namespace zigmund::http::inline v0
