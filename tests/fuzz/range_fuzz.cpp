// Range fields against a file that is small enough to note each of its bytes.
#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "byte_ranges.hpp"
#include "fuzz.hpp"

namespace {

using zigmund::fuzz::check;
using zigmund::http::ByteRange;
using zigmund::http::ByteRanges;
using Kind = ByteRanges::Kind;

/// Digits, as a number that does not grow beyond what the file could have.
std::optional<std::size_t> number(std::string_view text) {
    if (text.empty()) return std::nullopt;
    std::size_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = std::min<std::size_t>(value * 10 + static_cast<std::size_t>(c - '0'), 1'000'000'000);
    }
    return value;
}

struct Wanted {
    Kind kind = Kind::unsatisfiable;
    std::vector<bool> bytes;
};

Wanted reference(std::string field, std::size_t size) {
    Wanted wanted{.bytes = std::vector<bool>(size)};
    std::string unit = field.substr(0, 6);
    for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (unit != "bytes=") {
        wanted.kind = field.find('=') == std::string::npos ? Kind::malformed : Kind::whole;
        return wanted;
    }
    field = field.substr(6) + ",";
    std::size_t count = 0;
    for (std::size_t comma = 0; (comma = field.find(',')) != std::string::npos; field.erase(0, comma + 1)) {
        std::string part = field.substr(0, comma);
        while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.erase(0, 1);
        while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) part.pop_back();
        const std::size_t dash = part.find('-');
        wanted.kind = Kind::malformed;
        if (dash == std::string::npos) return wanted;
        const std::string from = part.substr(0, dash);
        const std::string to = part.substr(dash + 1);
        const auto first = number(from);
        const auto last = number(to);
        if ((!first && !from.empty()) || (!last && !to.empty()) || (!first && !last)) return wanted;
        // Numbers beyond the bound of number() are compared by their length and digits; those beyond 64 bits are one.
        const auto digits = [](std::string text) {
            text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
            return std::pair{text.size(), text};
        };
        const std::pair<std::size_t, std::string> most{20, "18446744073709551615"};
        const bool huge = digits(from) >= most && digits(to) >= most;
        if (first && last && !huge && digits(from) > digits(to)) return wanted;
        if (++count > ByteRanges::max_ranges) {
            wanted.kind = Kind::whole;
            return wanted;
        }
        for (std::size_t i = 0; i < size; ++i)
            if (first ? i >= *first && (!last || i <= *last) : size - i <= *last) wanted.bytes[i] = true;
    }
    wanted.kind = std::ranges::count(wanted.bytes, true) != 0 ? Kind::parts : Kind::unsatisfiable;
    return wanted;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    zigmund::fuzz::Input input{data, size};
    const std::size_t file = input.byte() % 80;
    const std::string field{input.text()};
    const Wanted wanted = reference(field, file);
    ByteRanges ranges;
    const Kind kind = ranges.parse(field, file);
    check(kind == wanted.kind, "the kind is the reference's");
    if (kind != Kind::parts) return 0;
    std::vector<bool> bytes(file);
    std::uint64_t next = 0;
    for (const ByteRange& range : ranges.ranges()) {
        check(range.first <= range.last && range.last < file, "a range lies in the file");
        check(range.first >= next, "ranges are in order and do not touch");
        next = range.last + 2;
        for (std::uint64_t i = range.first; i <= range.last; ++i) bytes[i] = true;
    }
    check(bytes == wanted.bytes, "the bytes are those that were asked for");
    return 0;
}
