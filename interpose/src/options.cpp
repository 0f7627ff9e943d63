#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace zigmund::alloc::inline v0::interpose {
namespace {

/// Puts words one after the other, cut where the room ends.
class Words {
  public:
    explicit Words(OptionError& error) noexcept : error_{error} {}
    Words& operator<<(std::string_view text) noexcept {
        size_ += text.copy(error_.text.data() + size_, error_.text.size() - 1 - size_);
        error_.text[size_] = 0;
        return *this;
    }
    /// 'text', and of a long one its beginning.
    Words& quote(std::string_view text) noexcept {
        constexpr std::size_t most = 60;
        return *this << "'" << text.substr(0, most) << (text.size() > most ? "...'" : "'");
    }

  private:
    OptionError& error_;
    std::size_t size_ = 0;
};

template <class Value>
using Choice = std::pair<std::string_view, Value>;

template <class Value, std::size_t count>
bool choose(std::string_view key, std::string_view text, const std::array<Choice<Value>, count>& choices,
            Value& value, OptionError& error) noexcept {
    for (const auto& [name, meant] : choices) {
        if (name != text) continue;
        value = meant;
        return true;
    }
    Words words{error};
    words << "unknown " << key << " ";
    words.quote(text) << " (there are ";
    for (std::size_t i = 0; i < count; ++i) words << (i == 0 ? "" : ", ") << choices[i].first;
    words << ")";
    return false;
}

template <class Number>
bool number(std::string_view key, std::string_view text, Number least, Number most, std::string_view range,
            Number& value, OptionError& error) noexcept {
    Number found{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), found);
    if (problem == std::errc{} && end == text.data() + text.size() && found >= least && found <= most) {
        value = found;
        return true;
    }
    Words words{error};
    words << key << " ";
    words.quote(text) << " is not a number from " << range;
    return false;
}

bool yes_or_no(std::string_view key, std::string_view text, bool& value, OptionError& error) noexcept {
    value = text == "yes";
    if (value || text == "no") return true;
    Words words{error};
    words << key << " ";
    words.quote(text) << " is neither yes nor no";
    return false;
}

bool file_name(std::string_view key, std::string_view text, OptionText& value, OptionError& error) noexcept {
    if (value.set(text)) return true;
    Words words{error};
    words << key << " ";
    words.quote(text) << " is too long";
    return false;
}

bool set_option(std::string_view key, std::string_view value, Options& options, OptionError& error) noexcept {
    using enum Tier;
    constexpr std::array<Choice<Tier>, 5> tiers{
        {{"off", off}, {"sampled", sampled}, {"counted", counted}, {"traced", traced}, {"guarded", guarded}}};
    constexpr std::array<Choice<AfterError>, 3> after{
        {{"exit", AfterError::exit}, {"abort", AfterError::abort}, {"continue", AfterError::go_on}}};
    constexpr std::array<Choice<GuardSide>, 2> sides{
        {{"after", GuardSide::after}, {"before", GuardSide::before}}};
    constexpr std::array<Choice<ReportFormat>, 4> formats{{{"text", ReportFormat::text},
                                                           {"json", ReportFormat::json},
                                                           {"folded", ReportFormat::folded},
                                                           {"pprof", ReportFormat::pprof}}};
    constexpr std::string_view any = "0 to 18446744073709551615";
    if (key == "tier") {
        options.tier_is_named = true;
        return choose(key, value, tiers, options.tier, error);
    }
    if (key == "format") return choose(key, value, formats, options.format, error);
    if (key == "lines") return number(key, value, 0U, 1'000'000U, "0 to 1000000", options.lines, error);
    if (key == "output") return file_name(key, value, options.output, error);
    if (key == "suppressions") return file_name(key, value, options.suppressions, error);
    if (key == "exit_code") return number(key, value, 0, 255, "0 to 255", options.exit_code, error);
    if (key == "on_error") return choose(key, value, after, options.after_error, error);
    if (key == "children") return yes_or_no(key, value, options.children, error);
    if (key == "reachable") return yes_or_no(key, value, options.reachable, error);
    if (key == "frames") return number(key, value, 0U, 32U, "0 to 32", options.frames, error);
    if (key == "interval")
        return number<std::size_t>(key, value, 1, SIZE_MAX, "1 to 18446744073709551615", options.interval,
                                   error);
    if (key == "seed") return number<std::uint64_t>(key, value, 0, UINT64_MAX, any, options.seed, error);
    if (key == "side") return choose(key, value, sides, options.side, error);
    if (key == "trace") {
        if (!value.empty()) return file_name(key, value, options.trace, error);
        Words{error} << "trace '' is no name of a file";
        return false;
    }
    if (key == "trace_sites") return yes_or_no(key, value, options.trace_sites, error);
    if (key == "trace_limit")
        return number(key, value, 1U, 1'048'576U, "1 to 1048576", options.trace_limit, error);
    Words words{error};
    words << "unknown option ";
    words.quote(key) << " (there are tier, format, lines, output, suppressions, exit_code, on_error, "
                        "children, reachable, frames, "
                        "interval, seed, side, trace, trace_sites, trace_limit)";
    return false;
}

}  // namespace

bool parse_each_option(std::string_view text, Options& options, OptionError& error) noexcept {
    std::array<char, 8192> word;
    while (!text.empty()) {
        std::size_t size = 0;
        std::size_t read = 0;
        while (read < text.size() && text[read] != ':') {
            if (text[read] == '\\' && read + 1 < text.size()) ++read;
            if (size < word.size()) word[size++] = text[read];
            ++read;
        }
        text.remove_prefix(std::min(read + 1, text.size()));
        const std::string_view entry{word.data(), size};
        if (entry.empty()) continue;
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos) {
            Words{error}.quote(entry) << " is not KEY=VALUE";
            return false;
        }
        if (!set_option(entry.substr(0, equals), entry.substr(equals + 1), options, error)) return false;
    }
    return true;
}

bool join_options(Options& options, OptionError& error) noexcept {
    if (options.trace.empty()) {
        if (!options.trace_sites) return true;
        Words{error} << "trace_sites=yes needs trace=FILE";
        return false;
    }
    if (!options.tier_is_named) options.tier = Tier::off;
    if (options.children && options.trace.view().find("%p") == std::string_view::npos) {
        Words words{error};
        words << "trace ";
        words.quote(options.trace.view()) << " has no %p, which it needs with children=yes";
        return false;
    }
    return true;
}

bool parse_options(std::string_view text, Options& options, OptionError& error) noexcept {
    return parse_each_option(text, options, error) && join_options(options, error);
}

}  // namespace zigmund::alloc::inline v0::interpose
