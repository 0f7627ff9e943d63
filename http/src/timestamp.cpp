#include <zigmund/http/scalar.hpp>
#include <zigmund/http/timestamp.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "ascii.hpp"

namespace zigmund::http::inline v0::detail {
namespace {

namespace chrono = std::chrono;

enum class DateError : std::uint8_t {
    none,
    too_short,
    extra,
    year,
    month,
    day,
    separator,
    month_range,
    day_range,
    year_0,
    too_early,
    too_late
};

constexpr std::string_view before = "Input should be a valid datetime or date, ";

/// By DateError. pydantic tries a date where a date with a time fails, and says what is wrong with that.
constexpr std::array<std::string_view, 12> messages{
    "",
    "Input should be a valid datetime or date, input is too short",
    "Input should be a valid datetime or date, unexpected extra characters at the end of the input",
    "Input should be a valid datetime or date, invalid character in year",
    "Input should be a valid datetime or date, invalid character in month",
    "Input should be a valid datetime or date, invalid character in day",
    "Input should be a valid datetime or date, invalid date separator, expected `-`",
    "Input should be a valid datetime or date, month value is outside expected range of 1-12",
    "Input should be a valid datetime or date, day value is outside expected range",
    "Input should be a valid datetime, year 0 is out of range",
    "Input should be a valid datetime or date, dates before 0000 are not supported as unix timestamps",
    "Input should be a valid datetime or date, dates after 9999 are not supported as unix timestamps",
};

const ScalarError* error_of(DateError error) noexcept {
    static const auto errors = [] {
        std::array<ScalarError, messages.size()> all;
        for (std::size_t i = 1; i < all.size(); ++i)
            all[i] = {"datetime_from_date_parsing", messages[i], "error", messages[i].substr(before.size())};
        // What was read as a date with a time is spoken of as one.
        const std::string_view year_0 = messages[static_cast<std::size_t>(DateError::year_0)];
        all[static_cast<std::size_t>(DateError::year_0)] = {"datetime_parsing", year_0, "error",
                                                            year_0.substr(year_0.find("year"))};
        return all;
    }();
    return &errors[static_cast<std::size_t>(error)];
}

/// Reads digits from the front of a text.
class Digits {
  public:
    explicit Digits(std::string_view text) noexcept : text_{text} {}

    /// The number in the next `count` characters; -1: they are not all digits.
    int number(std::size_t count) noexcept {
        if (text_.size() < count) return -1;
        int number = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (!ascii::is_digit(text_[i])) return -1;
            number = number * 10 + (text_[i] - '0');
        }
        text_.remove_prefix(count);
        return number;
    }
    bool take(char c) noexcept {
        if (!text_.starts_with(c)) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool take(std::string_view text) noexcept {
        if (!text_.starts_with(text)) return false;
        text_.remove_prefix(text.size());
        return true;
    }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    [[nodiscard]] char front() const noexcept { return text_.empty() ? '\0' : text_.front(); }

  private:
    std::string_view text_;
};

/// The date in the first ten characters.
DateError parse_date(std::string_view text, chrono::sys_days& result) noexcept {
    if (text.size() < 10) return DateError::too_short;
    Digits digits{text};
    const int year = digits.number(4);
    if (year < 0) return DateError::year;
    if (!digits.take('-')) return DateError::separator;
    const int month = digits.number(2);
    if (month < 0) return DateError::month;
    if (!digits.take('-')) return DateError::separator;
    const int day = digits.number(2);
    if (day < 0) return DateError::day;
    if (month < 1 || month > 12) return DateError::month_range;
    const chrono::year_month_day date{chrono::year{year}, chrono::month{static_cast<unsigned>(month)},
                                      chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) return DateError::day_range;
    result = chrono::sys_days{date};
    return DateError::none;
}

/// Time of day and zone, as what is to be added to midnight UTC. False: it is none.
bool parse_time(std::string_view text, chrono::microseconds& result) noexcept {
    Digits digits{text};
    const int hour = digits.number(2);
    if (hour < 0 || hour > 23 || !digits.take(':')) return false;
    const int minute = digits.number(2);
    if (minute < 0 || minute > 59) return false;
    int second = 0;
    int micros = 0;
    if (digits.take(':')) {
        second = digits.number(2);
        if (second < 0 || second > 59) return false;
        if (digits.take('.') || digits.take(',')) {
            if (!ascii::is_digit(digits.front())) return false;
            for (int weight = 100'000; ascii::is_digit(digits.front()); weight /= 10)
                micros += weight * digits.number(1);
        }
    }
    result = chrono::hours{hour} + chrono::minutes{minute} + chrono::seconds{second} +
             chrono::microseconds{micros};
    if (digits.empty()) return true;
    if (digits.take('Z') || digits.take('z')) return digits.empty();

    const bool west = digits.take('-') || digits.take("\u2212");
    if (!west && !digits.take('+')) return false;
    const int zone_hour = digits.number(2);
    digits.take(':');
    const int zone_minute = digits.number(2);
    if (zone_hour < 0 || zone_hour > 23 || zone_minute < 0 || zone_minute > 59 || !digits.empty())
        return false;
    const chrono::minutes offset = chrono::hours{zone_hour} + chrono::minutes{zone_minute};
    result += west ? offset : -offset;
    return true;
}

/// Seconds since 1970, or milliseconds where seconds would be too many, with a fraction.
DateError from_number(double number, Timestamp& result) noexcept {
    constexpr double watershed = 2e10;
    constexpr double most = 1e15;  // of either unit: more than 9999 has
    constexpr std::int64_t year_0 = -62'167'219'200'000'000;
    constexpr std::int64_t year_1 = -62'135'596'800'000'000;
    constexpr std::int64_t last = 253'402'300'799'999'999;
    const double magnitude = std::abs(number);
    if (magnitude > most) return number < 0 ? DateError::too_early : DateError::too_late;
    const std::int64_t unit = magnitude > watershed ? 1'000 : 1'000'000;
    const double whole = std::floor(magnitude);
    const std::int64_t micros = static_cast<std::int64_t>(whole) * unit +
                                std::llround((magnitude - whole) * static_cast<double>(unit));
    const std::int64_t time = number < 0 ? -micros : micros;
    if (time < year_0) return DateError::too_early;
    if (time < year_1) return DateError::year_0;
    if (time > last) return DateError::too_late;
    result = Timestamp{chrono::microseconds{time}};
    return DateError::none;
}

/// A whole number of 64 bits, or one with a point. False: it is none.
bool read_number(std::string_view text, double& result) noexcept {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) return false;
    }
    const char* const end = text.data() + text.size();
    const auto is_whole = [end](auto read) { return read.ec == std::errc{} && read.ptr == end; };
    if (text.find('.') != std::string_view::npos) return is_whole(std::from_chars(text.data(), end, result));
    std::int64_t whole = 0;
    if (!is_whole(std::from_chars(text.data(), end, whole))) return false;
    result = static_cast<double>(whole);
    return true;
}

}  // namespace

const ScalarError* parse_timestamp(std::string_view text, Timestamp& result) noexcept {
    chrono::sys_days date;
    DateError error = parse_date(text, date);
    if (error == DateError::none && text.size() > 10) {
        chrono::microseconds time{0};
        const bool separated = std::string_view{"Tt _"}.find(text[10]) != std::string_view::npos;
        if (separated && parse_time(text.substr(11), time)) {
            result = date + time;
        } else {
            error = DateError::extra;
        }
    } else {
        result = date;
    }
    double number = 0;
    if (error != DateError::none && read_number(text, number)) {
        error = from_number(number, result);
    } else if (error == DateError::none && text.starts_with("0000")) {
        error = DateError::year_0;
    }
    return error == DateError::none ? nullptr : error_of(error);
}

const ScalarError* timestamp_of(double number, Timestamp& result) noexcept {
    static const ScalarError too_early{
        "datetime_parsing",
        "Input should be a valid datetime, dates before 0000 are not supported as unix timestamps", "error",
        "dates before 0000 are not supported as unix timestamps"};
    static const ScalarError too_late{
        "datetime_parsing",
        "Input should be a valid datetime, dates after 9999 are not supported as unix timestamps", "error",
        "dates after 9999 are not supported as unix timestamps"};
    switch (const DateError error = from_number(number, result)) {
        case DateError::none:
            return nullptr;
        case DateError::too_early:
            return &too_early;
        case DateError::too_late:
            return &too_late;
        default:
            return error_of(error);
    }
}

std::string_view write_timestamp(Timestamp time, std::span<char, timestamp_size> buffer) noexcept {
    const auto days = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date{days};
    const chrono::hh_mm_ss clock{time - days};
    char* end = buffer.data();
    const auto append = [&](std::int64_t number, std::ptrdiff_t width) {
        std::array<char, 20> digits;
        const char* const last = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        for (std::ptrdiff_t i = last - digits.data(); i < width; ++i) *end++ = '0';
        for (const char* digit = digits.data(); digit != last; ++digit) *end++ = *digit;
    };
    const int year = static_cast<int>(date.year());
    if (year < 0) *end++ = '-';
    append(year < 0 ? -year : year, 4);
    *end++ = '-';
    append(static_cast<unsigned>(date.month()), 2);
    *end++ = '-';
    append(static_cast<unsigned>(date.day()), 2);
    *end++ = 'T';
    append(clock.hours().count(), 2);
    *end++ = ':';
    append(clock.minutes().count(), 2);
    *end++ = ':';
    append(clock.seconds().count(), 2);
    if (clock.subseconds().count() != 0) {
        *end++ = '.';
        append(clock.subseconds().count(), 6);
    }
    *end++ = 'Z';
    return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

}  // namespace zigmund::http::inline v0::detail
