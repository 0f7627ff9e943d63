// Scalars: numbers, truth values, text, enums, UUIDs and times out of the text of a path, a query or a JSON
// string.
//
// The rules are pydantic's lax ones: blanks around a number are ignored, single underscores may group its
// digits (`1_000`), `5.0` is an integer and `5.5` is not, `yes`, `on`, `t`, `1` (any case) are true. One of
// them is Python's more than the wire's and is left out: infinity and NaN, which JSON could not say back. A
// number that the C++ type cannot hold is refused with the bound that it broke, never wrapped: however many
// digits an integer has, up to 4300; beyond that it is int_parsing_size. Beyond 64 bits MultipleOf is not
// looked at. What is refused is said as a ScalarError, which becomes a ValidationError.
//
// Threads: pure functions. Cost: linear in the text, no allocation.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http/enum.hpp>
#include <zigmund/http/json_value.hpp>
#include <zigmund/http/timestamp.hpp>
#include <zigmund/http/uuid.hpp>
#include <zigmund/http/validation_error.hpp>

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

namespace zigmund::http::inline v0 {

namespace detail {

/// Integers to the language, characters to their users.
template <class T>
concept Character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
                    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

}  // namespace detail

/// Integers of up to 64 bits, float and double.
template <class T>
concept Number = (std::integral<T> && sizeof(T) <= 8 && !detail::Character<T> && !std::same_as<T, bool>) ||
                 std::same_as<T, float> || std::same_as<T, double>;

/// The types that a path, a query or a member of a body can have on their own. An enum is one that
/// BOOST_DESCRIBE_ENUM describes.
template <class T>
concept Scalar = Number<T> || std::same_as<T, bool> || std::same_as<T, std::string_view> ||
                 detail::DescribedEnum<T> || std::same_as<T, Uuid> || std::same_as<T, Timestamp>;

/// Why a value was refused; the fields are those of ValidationError.
struct ScalarError {
    /// pydantic's error type: "int_parsing"; static text.
    std::string_view type;
    /// For people: static text.
    std::string_view message;
    /// The name of the value in `ctx`; without memory: no `ctx`.
    std::string_view context_name = {};
    /// The value in `ctx`, such as a bound.
    JsonValue context_value = {};
};

namespace detail {

/// Sign and magnitude: every integer type's values fit. What is `beyond` has a greater magnitude than 64 bits
/// can hold, and says no more of it.
struct Integer {
    bool negative = false;
    bool beyond = false;
    std::uint64_t magnitude = 0;

    constexpr Integer() noexcept = default;
    constexpr Integer(bool is_negative, std::uint64_t of, bool is_beyond = false) noexcept
        : negative{is_negative}, beyond{is_beyond}, magnitude{of} {}
};

/// Each returns null and sets `result`, or returns the error (static storage).
ZIGMUND_EXPORT [[nodiscard]] const ScalarError* parse_integer(std::string_view text,
                                                              Integer& result) noexcept;
ZIGMUND_EXPORT [[nodiscard]] const ScalarError* parse_double(std::string_view text, double& result) noexcept;
ZIGMUND_EXPORT [[nodiscard]] const ScalarError* parse_bool(std::string_view text, bool& result) noexcept;

/// "Input should be less than or equal to 255", made at compile time.
struct BoundMessage {
    std::array<char, 64> text{};
    std::size_t size = 0;

    consteval BoundMessage(std::string_view words, bool negative, std::uint64_t magnitude) {
        for (const char c : words) text[size++] = c;
        if (negative) text[size++] = '-';
        std::array<char, 20> digits{};
        std::size_t count = 0;
        do {
            digits[count++] = static_cast<char>('0' + magnitude % 10);
            magnitude /= 10;
        } while (magnitude != 0);
        while (count != 0) text[size++] = digits[--count];
    }
    [[nodiscard]] std::string_view view() const noexcept { return {text.data(), size}; }
};

template <std::integral T>
inline constexpr std::uint64_t highest = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
/// The magnitude of the lowest value.
template <std::integral T>
inline constexpr std::uint64_t lowest = std::is_signed_v<T> ? highest<T> + 1 : 0;

template <std::integral T>
inline constexpr BoundMessage above_message{"Input should be less than or equal to ", false, highest<T>};
template <std::integral T>
inline constexpr BoundMessage below_message{"Input should be greater than or equal to ", std::is_signed_v<T>,
                                            lowest<T>};

/// Narrows to T; false: out of T's range, `error` says how.
template <std::integral T>
[[nodiscard]] bool narrow(Integer value, T& result, ScalarError& error) noexcept {
    if (!value.negative && (value.magnitude > highest<T> || value.beyond)) {
        error = {"less_than_equal", above_message<T>.view(), "le", highest<T>};
        return false;
    }
    if (value.negative && (value.magnitude > lowest<T> || value.beyond)) {
        error = {"greater_than_equal", below_message<T>.view(), "ge", std::numeric_limits<T>::min()};
        return false;
    }
    result = static_cast<T>(value.negative ? std::uint64_t{0} - value.magnitude : value.magnitude);
    return true;
}

inline constexpr std::string_view not_finite = "Input should be a finite number";

/// Narrows to T; false: beyond T's range, or not finite.
template <std::floating_point T>
[[nodiscard]] bool narrow(double value, T& result, ScalarError& error) noexcept {
    result = static_cast<T>(value);
    if (std::isfinite(result)) return true;
    error = {"finite_number", not_finite};
    return false;
}

}  // namespace detail

namespace detail {

/// Reads a number before it is narrowed to its type; false: `error` says why not.
[[nodiscard]] inline bool parse_wide(std::string_view text, Integer& result, ScalarError& error) noexcept {
    const ScalarError* const failed = parse_integer(text, result);
    if (failed != nullptr) [[unlikely]]
        error = *failed;
    return failed == nullptr;
}
[[nodiscard]] inline bool parse_wide(std::string_view text, double& result, ScalarError& error) noexcept {
    const ScalarError* const failed = parse_double(text, result);
    if (failed != nullptr) [[unlikely]]
        error = *failed;
    return failed == nullptr;
}

}  // namespace detail

namespace detail {

/// What is wrong with a text that is no UUID, said in memory of `arena`. Throws std::bad_alloc.
ZIGMUND_EXPORT [[nodiscard, gnu::cold]] ScalarError uuid_error(std::string_view text, alloc::Allocator arena);

[[nodiscard]] inline bool good(const ScalarError* failed, ScalarError& error) noexcept {
    if (failed != nullptr) [[unlikely]]
        error = *failed;
    return failed == nullptr;
}

}  // namespace detail

/// Reads `text` as a T. False: refused, and `error` says why, in static text or in memory of `arena`. Throws
/// std::bad_alloc.
template <Scalar T>
[[nodiscard]] bool parse_scalar(std::string_view text, T& result, ScalarError& error,
                                alloc::Allocator arena) noexcept(!std::same_as<T, Uuid>) {
    if constexpr (std::same_as<T, std::string_view>) {
        result = text;
        return true;
    } else if constexpr (std::same_as<T, bool>) {
        return detail::good(detail::parse_bool(text, result), error);
    } else if constexpr (std::same_as<T, Timestamp>) {
        return detail::good(detail::parse_timestamp(text, result), error);
    } else if constexpr (std::same_as<T, Uuid>) {
        const std::optional<Uuid> read = Uuid::parse(text);
        if (read) {
            result = *read;
        } else {
            error = detail::uuid_error(text, arena);
        }
        return read.has_value();
    } else if constexpr (std::is_enum_v<T>) {
        if (detail::Enumerators<T>::find(text, result)) return true;
        error = {"enum", detail::Enumerators<T>::message, "expected", detail::Enumerators<T>::expected};
        return false;
    } else {
        std::conditional_t<std::floating_point<T>, double, detail::Integer> wide{};
        return detail::parse_wide(text, wide, error) && detail::narrow(wide, result, error);
    }
}

/// parse_scalar() for what is refused in static text: all scalars but UUIDs.
template <Scalar T>
    requires(!std::same_as<T, Uuid>)
[[nodiscard]] bool parse_scalar(std::string_view text, T& result, ScalarError& error) noexcept {
    return parse_scalar(text, result, error, alloc::heap());
}

}  // namespace zigmund::http::inline v0
