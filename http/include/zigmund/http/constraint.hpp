// Constraints and other options of a value: what stands behind a parameter's name, in any order.
//
//     http::Query<int, "limit", http::Default<10>, http::Ge<1>, http::Le<100>> limit
//     http::Query<std::string_view, "code", http::MinLength<2>, http::Pattern<"^[A-Z]+$">> code
//
//     Ge Gt Le Lt MultipleOf   of a number; the bound is a number
//     MinLength MaxLength      of text, in code points; of a list, in elements
//     Pattern                  of text: a regular expression (pattern.hpp), found anywhere but for ^ and $
//     Default                  the value of what is not there; of a list, DefaultList
//     Alias                    another name on the wire
//     Title Description        words for the documentation
//     Example Deprecated       a value for it; and that this should not be used any more
//
// A value that breaks a constraint is answered with 422 in pydantic's words. Of several constraints that it
// breaks, the first is reported, in pydantic's order: MultipleOf, Le, Lt, Ge, Gt, and MinLength, MaxLength,
// Pattern. What no value could satisfy, a Default that breaks a constraint, and a constraint on a type that
// it does not fit are compile errors.
//
// Threads: constants and pure functions. Cost: a comparison each; MinLength and MaxLength count the text.
// Never: allocates.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/fixed_string.hpp>
#include <zigmund/http/pattern.hpp>
#include <zigmund/http/scalar.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

namespace detail {

/// What an option takes: a number, a truth value, an enumerator or text.
template <class T>
struct Constant {
    T value;
    consteval Constant(T constant) : value{constant} {}
};
template <std::size_t N>
struct Constant<FixedString<N>> {
    FixedString<N> value;
    consteval Constant(const char (&text)[N]) : value{text} {}
};
template <std::size_t N>
Constant(const char (&)[N]) -> Constant<FixedString<N>>;

template <class T>
constexpr auto unwrap(const T& value) {
    return value;
}
template <std::size_t N>
constexpr std::string_view unwrap(const FixedString<N>& text) {
    return text.view();
}

/// In the order in which they are checked.
enum class BoundKind : std::uint8_t { multiple_of, le, lt, ge, gt };

template <BoundKind Kind, auto Value>
struct Bound {
    static_assert(std::is_arithmetic_v<decltype(Value)> && !std::is_same_v<decltype(Value), bool>,
                  "zigmund: Ge, Gt, Le, Lt and MultipleOf take a number: Ge<1>, Gt<0.5>");
    static constexpr BoundKind kind = Kind;
    static constexpr auto value = Value;
};

}  // namespace detail

/// Greater than or equal to.
template <detail::Constant Value>
struct Ge : detail::Bound<detail::BoundKind::ge, Value.value> {};
/// Greater than.
template <detail::Constant Value>
struct Gt : detail::Bound<detail::BoundKind::gt, Value.value> {};
/// Less than or equal to.
template <detail::Constant Value>
struct Le : detail::Bound<detail::BoundKind::le, Value.value> {};
/// Less than.
template <detail::Constant Value>
struct Lt : detail::Bound<detail::BoundKind::lt, Value.value> {};
/// A whole multiple of it. Of a floating-point number: to within a billionth of the value.
template <detail::Constant Value>
struct MultipleOf : detail::Bound<detail::BoundKind::multiple_of, Value.value> {
    static_assert(Value.value > 0, "zigmund: MultipleOf takes a number greater than 0");
};

/// At least this many code points, or elements.
template <std::size_t Count>
struct MinLength {
    /// The bound; what the documentation calls `minLength` or `minItems`.
    static constexpr std::size_t min_length = Count;
};
/// At most this many code points, or elements.
template <std::size_t Count>
struct MaxLength {
    /// The bound; what the documentation calls `maxLength` or `maxItems`.
    static constexpr std::size_t max_length = Count;
};

/// The value of what is not there: `Default<10>`, `Default<"name">`, `Default<true>`, `Default<Color::red>`.
template <detail::Constant Value>
struct Default {
    /// A number, truth value or enumerator as it was written; text is a view of static storage.
    static constexpr auto value = detail::unwrap(Value.value);
};

/// The same for a list, a std::span<const U>: `DefaultList<1, 2>`; `DefaultList<>` is an empty list.
template <detail::Constant... Values>
struct DefaultList {
    /// The values as elements of type U; one that U cannot hold does not compile.
    template <class U>
    static constexpr std::array<U, sizeof...(Values)> all{U{detail::unwrap(Values.value)}...};

    /// What converts to a list of each element type that can hold the values.
    struct List {
        /// The values. Static storage.
        template <class U>
            requires(std::convertible_to<decltype(detail::unwrap(Values.value)), U> && ...)
        constexpr operator std::span<const U>() const noexcept {
            return all<U>;
        }
        /// How many values there are.
        static constexpr std::size_t size = sizeof...(Values);
    };
    /// The list, where Default has its value.
    static constexpr List value{};
};

/// The name on the wire, in place of the one in the program.
template <FixedString Name>
struct Alias {
    /// The name, which is not empty. Static storage.
    static constexpr std::string_view alias = Name.view();
    static_assert(!alias.empty(), "zigmund: Alias<\"name\">: the name is empty");
};

/// What the documentation calls the value, in place of a title made of its name.
template <FixedString Text>
struct Title {
    /// The text, which is not empty. Static storage.
    static constexpr std::string_view title = Text.view();
    static_assert(!title.empty(), "zigmund: Title<\"text\">: the text is empty");
};

/// What the value means, for its readers, in Markdown.
template <FixedString Text>
struct Description {
    /// The text, which is not empty. Static storage.
    static constexpr std::string_view description = Text.view();
    static_assert(!description.empty(), "zigmund: Description<\"text\">: the text is empty");
};

/// A value as it might be, for the documentation; of a list, an element of it. May stand there several times.
template <detail::Constant Value>
struct Example {
    /// A number, truth value or enumerator as it was written; text is a view of static storage.
    static constexpr auto example = detail::unwrap(Value.value);
};

/// Says in the documentation that the value should not be used any more.
struct Deprecated {};

namespace detail {

// What an option is. Questions are asked of one option; those about a list fold over it.
template <class C>
concept IsBound = requires { C::kind; } && std::same_as<decltype(C::kind), const BoundKind>;
template <class C>
concept IsMinLength = requires { C::min_length; };
template <class C>
concept IsMaxLength = requires { C::max_length; };
template <class C>
concept IsLength = IsMinLength<C> || IsMaxLength<C>;
template <class C>
inline constexpr bool is_pattern = false;
template <FixedString Text>
inline constexpr bool is_pattern<Pattern<Text>> = true;
template <class C>
concept IsPattern = is_pattern<C>;
template <class C>
inline constexpr bool is_default = false;
template <Constant Value>
inline constexpr bool is_default<Default<Value>> = true;
template <class C>
inline constexpr bool is_default_list = false;
template <Constant... Values>
inline constexpr bool is_default_list<DefaultList<Values...>> = true;
template <class C>
concept IsDefault = is_default<C> || is_default_list<C>;
template <class C>
concept IsAlias = requires { C::alias; };
template <class C>
concept IsDescription = requires { C::description; };
template <class C>
concept IsTitle = requires { C::title; };
template <class C>
concept IsExample = requires { C::example; };
template <class C>
concept Option = IsBound<C> || IsLength<C> || IsPattern<C> || IsDefault<C> || IsAlias<C> || IsTitle<C> ||
                 IsDescription<C> || IsExample<C> || std::same_as<C, Deprecated>;

struct NoDefault {
    static constexpr bool value = false;
};
/// The Default of a list; NoDefault: it has none.
template <class... Cs>
struct DefaultOf : std::type_identity<NoDefault> {};
template <class C, class... Cs>
struct DefaultOf<C, Cs...> : std::conditional_t<IsDefault<C>, std::type_identity<C>, DefaultOf<Cs...>> {};

/// Options as a list, for those who read them.
template <class... Cs>
struct Options {
    static constexpr bool has_default = (IsDefault<Cs> || ...);
    static constexpr auto default_value = DefaultOf<Cs...>::type::value;
    /// Of a list: that it may not be empty.
    static constexpr bool needs_elements = ([] {
        if constexpr (IsMinLength<Cs>) return Cs::min_length > 0;
        return false;
    }() || ...);
};

/// The Alias of a list; `name`: it has none.
template <class... Cs>
consteval std::string_view wire_name(std::string_view name) {
    [[maybe_unused]] const auto take = [&]<class C>(std::type_identity<C>) {
        if constexpr (IsAlias<C>) name = C::alias;
    };
    (take(std::type_identity<Cs>{}), ...);
    return name;
}

/// The type that constraints are about: T, or what an optional of it holds.
template <class T>
struct ConstrainedType : std::type_identity<T> {};
template <class T>
struct ConstrainedType<std::optional<T>> : ConstrainedType<T> {};

/// Types with elements that MinLength and MaxLength count.
template <class T>
concept List = !std::same_as<T, std::string_view> && requires(const T& list) {
    list.begin();
    list.end();
    list.size();
};

// ---- numbers ----------------------------------------------------------------------------------------------

template <std::integral N>
constexpr Integer to_integer(N value) {
    const bool negative = std::cmp_less(value, 0);
    const auto bits = static_cast<std::uint64_t>(value);
    return {negative, negative ? std::uint64_t{0} - bits : bits};
}

/// Negative, zero or positive, as `a` is less than, equal to or greater than `b`.
constexpr int compare(Integer a, Integer b) noexcept {
    const bool a_negative = a.negative && (a.beyond || a.magnitude != 0);
    const bool b_negative = b.negative && (b.beyond || b.magnitude != 0);
    if (a_negative != b_negative) return a_negative ? -1 : 1;
    if (a.beyond != b.beyond) return a.beyond == a_negative ? -1 : 1;
    if (a.magnitude == b.magnitude) return 0;
    return (a.magnitude < b.magnitude) == a_negative ? 1 : -1;
}
constexpr int compare(double a, double b) noexcept { return a < b ? -1 : a > b ? 1 : 0; }

constexpr bool is_multiple(Integer value, Integer of) noexcept {
    return value.beyond || value.magnitude % of.magnitude == 0;
}
/// To within a billionth of `value`, as pydantic has it: 0.3 is a multiple of 0.1.
constexpr bool is_multiple(double value, double of) noexcept {
    const double magnitude = value < 0 ? -value : value;
    const double quotient = magnitude / of;
    // Beyond 2^53 a quotient has no fraction left that could be told from none.
    if (quotient >= 0x1p53) return true;
    const double rest = magnitude - static_cast<double>(static_cast<std::uint64_t>(quotient)) * of;
    const double tolerance = magnitude / 1e9;
    return rest <= tolerance || of - rest <= tolerance;
}

/// A number as constraints see it: wide enough for every type's, and whole or not.
template <class T>
constexpr auto widen(T value) {
    if constexpr (std::same_as<T, Integer> || std::same_as<T, double>) {
        return value;
    } else if constexpr (std::floating_point<T>) {
        return static_cast<double>(value);
    } else {
        return to_integer(value);
    }
}

template <class C, class Number>
constexpr bool holds(Number value) {
    Number bound{};
    if constexpr (std::same_as<Number, Integer>) {
        bound = to_integer(C::value);
    } else {
        bound = static_cast<double>(C::value);
    }
    switch (C::kind) {
        case BoundKind::multiple_of:
            return is_multiple(value, bound);
        case BoundKind::le:
            return compare(value, bound) <= 0;
        case BoundKind::lt:
            return compare(value, bound) < 0;
        case BoundKind::ge:
            return compare(value, bound) >= 0;
        case BoundKind::gt:
            return compare(value, bound) > 0;
    }
    return true;
}

/// Text made once, when it is first needed, and kept.
class ZIGMUND_EXPORT BoundText {
  public:
    BoundText(BoundKind kind, std::int64_t bound) noexcept;
    BoundText(BoundKind kind, std::uint64_t bound) noexcept;
    BoundText(BoundKind kind, double bound) noexcept;
    /// "String should have at least 3 characters".
    BoundText(std::string_view words, std::size_t count) noexcept;
    /// "List should have at least 3 items after validation, not 2".
    BoundText(std::string_view words, std::size_t count, std::size_t actual) noexcept;
    [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

  private:
    void append(std::string_view text) noexcept;
    template <class N>
    void append_number(N number) noexcept;

    std::array<char, 128> text_;
    std::size_t size_ = 0;
};

ZIGMUND_EXPORT [[nodiscard]] std::string_view error_type(BoundKind kind) noexcept;
ZIGMUND_EXPORT [[nodiscard]] std::string_view context_name(BoundKind kind) noexcept;

template <class C, class Number>
[[gnu::cold, gnu::noinline]] void refuse_bound(ScalarError& error) noexcept {
    using N = std::conditional_t<
        std::same_as<Number, double>, double,
        std::conditional_t<std::is_signed_v<decltype(C::value)>, std::int64_t, std::uint64_t>>;
    constexpr N bound = static_cast<N>(C::value);
    static const BoundText message{C::kind, bound};
    error = {error_type(C::kind), message.view(), context_name(C::kind), bound};
}

template <BoundKind Kind, class C, class Number>
bool check_bound([[maybe_unused]] Number value, [[maybe_unused]] ScalarError& error) noexcept {
    if constexpr (IsBound<C>) {
        if constexpr (C::kind == Kind) {
            if (!holds<C>(value)) [[unlikely]]
                return refuse_bound<C, Number>(error), false;
        }
    }
    return true;
}

// ---- text and lists ---------------------------------------------------------------------------------------

ZIGMUND_EXPORT [[nodiscard]] std::size_t count_code_points(std::string_view text) noexcept;

template <class C>
[[gnu::cold, gnu::noinline]] void refuse_text(ScalarError& error) noexcept {
    if constexpr (IsMinLength<C>) {
        static const BoundText message{"String should have at least ", C::min_length};
        error = {"string_too_short", message.view(), "min_length", C::min_length};
    } else if constexpr (IsMaxLength<C>) {
        static const BoundText message{"String should have at most ", C::max_length};
        error = {"string_too_long", message.view(), "max_length", C::max_length};
    } else {
        static constexpr auto message = [] {
            constexpr std::string_view before = "String should match pattern '";
            std::array<char, before.size() + C::text.size() + 1> text{};
            auto end = std::ranges::copy(before, text.begin()).out;
            *std::ranges::copy(C::text, end).out = '\'';
            return text;
        }();
        error = {"string_pattern_mismatch", {message.data(), message.size()}, "pattern", C::text};
    }
}

template <class C>
bool check_min_length([[maybe_unused]] std::size_t length, [[maybe_unused]] ScalarError& error) noexcept {
    if constexpr (IsMinLength<C>) {
        if (length < C::min_length) [[unlikely]]
            return refuse_text<C>(error), false;
    }
    return true;
}
template <class C>
bool check_max_length([[maybe_unused]] std::size_t length, [[maybe_unused]] ScalarError& error) noexcept {
    if constexpr (IsMaxLength<C>) {
        if (length > C::max_length) [[unlikely]]
            return refuse_text<C>(error), false;
    }
    return true;
}
template <class C>
bool check_pattern([[maybe_unused]] std::string_view text, [[maybe_unused]] ScalarError& error) noexcept {
    if constexpr (IsPattern<C>) {
        if (!C::matches(text)) [[unlikely]]
            return refuse_text<C>(error), false;
    }
    return true;
}

/// Adds too_short or too_long for a list of `size` elements.
ZIGMUND_EXPORT [[gnu::cold]] void refuse_length(ValidationErrors& errors, const Location& location,
                                                const JsonValue& input, bool too_short, std::size_t bound,
                                                std::size_t size);

// ---- what binders call ------------------------------------------------------------------------------------

/// Whether a value satisfies all constraints among `Cs`; `error` says which one it breaks. A number is given
/// as it was read, before it is narrowed to its type (Integer or double), or as the type's; text as a
/// std::string_view. Other values have no constraints.
template <class... Cs, class V>
[[nodiscard]] bool satisfies([[maybe_unused]] const V& value, [[maybe_unused]] ScalarError& error) noexcept {
    using enum BoundKind;
    if constexpr ((IsBound<Cs> || ...)) {
        const auto number = widen(value);
        return (check_bound<multiple_of, Cs>(number, error) && ...) &&
               (check_bound<le, Cs>(number, error) && ...) && (check_bound<lt, Cs>(number, error) && ...) &&
               (check_bound<ge, Cs>(number, error) && ...) && (check_bound<gt, Cs>(number, error) && ...);
    } else if constexpr (std::same_as<V, std::string_view> && ((IsLength<Cs> || IsPattern<Cs>) || ...)) {
        if constexpr ((IsLength<Cs> || ...)) {
            const std::size_t length = count_code_points(value);
            if (!((check_min_length<Cs>(length, error) && ...) &&
                  (check_max_length<Cs>(length, error) && ...)))
                return false;
        }
        return (check_pattern<Cs>(value, error) && ...);
    } else {
        return true;
    }
}

/// parse_scalar(), with constraints. A number beyond its type's range is reported with the constraint that it
/// breaks, if it breaks one. Throws std::bad_alloc.
template <class... Cs, Scalar T>
[[nodiscard]] bool parse_constrained(std::string_view text, T& result, ScalarError& error,
                                     alloc::Allocator arena) {
    if constexpr (!Number<T>) {
        return parse_scalar(text, result, error, arena) && satisfies<Cs...>(result, error);
    } else {
        std::conditional_t<std::floating_point<T>, double, Integer> wide{};
        return parse_wide(text, wide, error) && satisfies<Cs...>(wide, error) && narrow(wide, result, error);
    }
}

/// satisfies(), with the error added at `location`; also for optionals, an empty one of which satisfies all,
/// and for lists, whose elements are counted.
template <class... Cs, class V>
bool check_constraints(const V& value, ValidationErrors& errors, const Location& location,
                       const JsonValue& input) {
    if constexpr (IsOptional<V>::value) {
        return !value || check_constraints<Cs...>(*value, errors, location, input);
    } else if constexpr (List<V>) {
        const std::size_t size = value.size();
        bool good = true;
        [[maybe_unused]] const auto check = [&]<class C>(std::type_identity<C>) {
            if constexpr (IsMinLength<C>) {
                if (!good || size >= C::min_length) return;
                refuse_length(errors, location, input, true, C::min_length, size);
                good = false;
            } else if constexpr (IsMaxLength<C>) {
                if (!good || size <= C::max_length) return;
                refuse_length(errors, location, input, false, C::max_length, size);
                good = false;
            }
        };
        (check(std::type_identity<Cs>{}), ...);
        return good;
    } else {
        ScalarError error;
        if (satisfies<Cs...>(value, error)) return true;
        errors.add(location, {error.type, error.message, input, error.context_name, error.context_value});
        return false;
    }
}

// ---- what declarations check ------------------------------------------------------------------------------

template <class C, class D>
inline constexpr bool same_option = std::same_as<C, D> || [] {
    if constexpr (IsBound<C> && IsBound<D>) {
        return C::kind == D::kind;
    } else {
        return (IsMinLength<C> && IsMinLength<D>) || (IsMaxLength<C> && IsMaxLength<D>) ||
               (IsDefault<C> && IsDefault<D>) || (IsAlias<C> && IsAlias<D>) || (IsTitle<C> && IsTitle<D>) ||
               (IsDescription<C> && IsDescription<D>);
    }
}();

template <class... Cs>
consteval bool options_once() {
    [[maybe_unused]] const auto count = []<class C>(std::type_identity<C>) {
        return (std::size_t{0} + ... + std::size_t{!IsExample<C> && same_option<C, Cs>});
    };
    return ((count(std::type_identity<Cs>{}) <= 1) && ...);
}

/// Whether an integer bound says something about a T.
template <class T, class C>
consteval bool bound_fits() {
    if constexpr (!IsBound<C> || !std::integral<T>) {
        return true;
    } else if constexpr (!std::integral<decltype(C::value)>) {
        return false;
    } else {
        return std::in_range<T>(C::value);
    }
}

/// Whether a lower bound lies above an upper one.
template <class C, class D>
consteval bool bounds_cross() {
    if constexpr (IsBound<C> && IsBound<D>) {
        using enum BoundKind;
        if constexpr ((C::kind == ge || C::kind == gt) && (D::kind == le || D::kind == lt)) {
            const auto low = static_cast<long double>(C::value);
            const auto high = static_cast<long double>(D::value);
            return low > high || (low == high && (C::kind == gt || D::kind == lt));
        }
    }
    if constexpr (IsMinLength<C> && IsMaxLength<D>) return C::min_length > D::max_length;
    return false;
}
template <class C, class... Ds>
consteval bool crosses_any() {
    return (bounds_cross<C, Ds>() || ...);
}

/// The same for a DefaultList of `size` values.
template <class C>
consteval bool default_list_holds(std::size_t size) {
    if constexpr (IsMinLength<C>) return size >= C::min_length;
    if constexpr (IsMaxLength<C>) return size <= C::max_length;
    return true;
}

template <class C, class V>
consteval bool default_holds(V value) {
    if constexpr (IsBound<C>) {
        if constexpr (std::is_arithmetic_v<V>) return holds<C>(widen(value));
    } else if constexpr (std::same_as<V, std::string_view>) {
        std::size_t length = 0;
        for (const char c : value) length += (static_cast<unsigned char>(c) & 0xC0U) != 0x80 ? 1 : 0;
        if constexpr (IsMinLength<C>) return length >= C::min_length;
        if constexpr (IsMaxLength<C>) return length <= C::max_length;
    }
    return true;
}

/// What an Example of a T is one of: T, or an element of it.
template <class T>
struct ExampleType : std::type_identity<T> {};
template <List T>
struct ExampleType<T> : std::remove_const<typename T::value_type> {};

/// Whether C is no Example, or one of a T. UUIDs and times are written as text.
template <class C, class T>
consteval bool example_fits() {
    if constexpr (IsExample<C>) {
        using V = decltype(C::example);
        return std::convertible_to<V, T> || (std::convertible_to<V, std::string_view> &&
                                             (std::same_as<T, Uuid> || std::same_as<T, Timestamp>));
    }
    return true;
}

/// Whether C is no Example, or one that the constraints among `Cs` accept; those of a list are not about its
/// elements.
template <class C, class T, class... Cs>
consteval bool example_holds() {
    if constexpr (IsExample<C> && !List<T>) {
        if constexpr (std::convertible_to<decltype(C::example), T>)
            return (default_holds<Cs>(static_cast<T>(C::example)) && ...);
    }
    return true;
}

/// Compiles if the options `Cs` make sense for a value of type T.
template <class T, class... Cs>
consteval bool check_options() {
    using V = typename ConstrainedType<T>::type;
    static_assert(
        (Option<Cs> && ...),
        "zigmund: after the name of a parameter stand Ge, Gt, Le, Lt, MultipleOf, MinLength, MaxLength, "
        "Pattern, Default, DefaultList, Alias, Title, Description, Example and Deprecated, in any order");
    constexpr bool number = std::is_arithmetic_v<V> && !std::same_as<V, bool>;
    static_assert(number || !(IsBound<Cs> || ...),
                  "zigmund: Ge, Gt, Le, Lt and MultipleOf compare numbers, and this is none: for text write "
                  "MinLength, MaxLength or Pattern");
    static_assert(
        std::same_as<V, std::string_view> || List<V> || !(IsLength<Cs> || ...),
        "zigmund: MinLength and MaxLength count the characters of text or the elements of a list: for "
        "a number write Ge or Le");
    static_assert(std::same_as<V, std::string_view> || !(IsPattern<Cs> || ...),
                  "zigmund: Pattern is matched against text, and this is none: for a number write Ge or Le");
    static_assert(options_once<Cs...>(),
                  "zigmund: an option stands there twice: one Ge, one Default and so on is enough");
    static_assert(
        (bound_fits<V, Cs>() && ...),
        "zigmund: the bound of an integer is an integer that its type can hold; the limits of the type "
        "need no bound");
    static_assert(!(crosses_any<Cs, Cs...>() || ...),
                  "zigmund: no value satisfies these constraints: the least is above the most");
    static_assert((example_fits<Cs, typename ExampleType<V>::type>() && ...),
                  "zigmund: Example<value>: the value is none of the type beside it; of a list it is one "
                  "element");
    static_assert((example_holds<Cs, V, Cs...>() && ...),
                  "zigmund: the Example breaks a constraint that stands beside it");
    if constexpr (Options<Cs...>::has_default) {
        using D = DefaultOf<Cs...>::type;
        static_assert(
            is_default_list<D> || !List<V>,
            "zigmund: the default of a list is a DefaultList: DefaultList<1, 2>, or DefaultList<> for "
            "an empty one");
        static_assert(
            !is_default_list<D> || std::convertible_to<decltype(D::value), V>,
            "zigmund: Query<T, \"name\", DefaultList<...>>: T is a std::span<const U>, and the values "
            "convert to U");
        static_assert(is_default_list<D> || List<V> || std::convertible_to<decltype(D::value), T>,
                      "zigmund: Query<T, \"name\", Default<value>>: the value does not convert to T");
        if constexpr (is_default_list<D>) {
            static_assert((default_list_holds<Cs>(D::List::size) && ...),
                          "zigmund: the Default breaks a constraint that stands beside it");
        } else if constexpr (std::convertible_to<decltype(D::value), V> && !List<V>) {
            static_assert((default_holds<Cs>(static_cast<V>(D::value)) && ...),
                          "zigmund: the Default breaks a constraint that stands beside it");
        }
    }
    return true;
}

}  // namespace detail
}  // namespace zigmund::http::inline v0
