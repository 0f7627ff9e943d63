// Options: how a whole program is watched, from the one environment variable ZIGMUND_ALLOC.
//
//     ZIGMUND_ALLOC='tier=traced:output=leaks.%p.txt:exit_code=23'
//
// Words KEY=VALUE with a colon between them; a backslash before a colon or a backslash makes it a part of the
// value. What zigmund-leaks is told becomes such a text. Never: allocates.
#pragma once

#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zigmund::alloc::inline v0::interpose {

/// The variable's name.
inline constexpr const char* variable = "ZIGMUND_ALLOC";

/// What happens after an error was reported.
enum class AfterError : std::uint8_t {
    exit,   ///< the process ends at once, with the exit code
    abort,  ///< it aborts: a core dump, a debugger's stop
    go_on,  ///< the faulty call does what is safe
};

/// Text of an option, terminated by a zero.
class OptionText {
  public:
    [[nodiscard]] bool set(std::string_view text) noexcept {
        if (text.size() >= text_.size()) return false;
        text.copy(text_.data(), text.size());
        text_[size_ = text.size()] = 0;
        return true;
    }
    [[nodiscard]] const char* c_str() const noexcept { return text_.data(); }
    [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  private:
    std::array<char, 4096> text_{};
    std::size_t size_ = 0;
};

struct Options {
    Tier tier = Tier::traced;                  ///< tier=off|sampled|counted|traced|guarded
    bool tier_is_named = false;                ///< the text says tier=
    ReportFormat format = ReportFormat::text;  ///< format=text|json|folded|pprof; errors are text, or json
    unsigned lines = 24;                       ///< lines=N, of a leak report as text; 0: as many as it takes
    OptionText output;        ///< output=FILE; %p is the process's number; empty: standard error
    OptionText suppressions;  ///< suppressions=FILE
    int exit_code = 0;        ///< exit_code=0..255, of an error or a leak; 0: as the program says
    AfterError after_error = AfterError::exit;  ///< on_error=exit|abort|continue
    bool children = false;           ///< children=yes|no: programs that it starts are watched as well
    bool reachable = false;          ///< reachable=yes|no: memory that is still reachable is listed
    unsigned frames = 8;             ///< frames=0..32, of a stack
    std::size_t interval = 100'000;  ///< interval=N, tier sampled: one block in so many
    std::uint64_t seed = 1;          ///< seed=N, tier sampled
    OptionText trace;  ///< trace=FILE: what is recorded, tier off unless one is named; %p as in output
    bool trace_sites = false;           ///< trace_sites=yes|no: with the stacks of allocations
    unsigned trace_limit = 1024;        ///< trace_limit=N: greatest size of the file, in MiB
    GuardSide side = GuardSide::after;  ///< side=after|before, tiers guarded and sampled: of the guard page
};

/// Why a text is not understood: `unknown tier 'fast' (there are off, sampled, counted, traced, guarded)`.
struct OptionError {
    std::array<char, 256> text{};
};

/// True: `options` is as `text` says, with the defaults for what it does not say. False: `error` tells why.
/// The errors, with what was written in place of X:
///
///     'X' is not KEY=VALUE
///     unknown option 'X' (there are tier, format, lines, output, suppressions, exit_code, on_error,
///     children, reachable, frames, interval, seed, side, trace, trace_sites, trace_limit)
///     unknown tier 'X' (there are off, sampled, counted, traced, guarded)
///     unknown format 'X' (there are text, json, folded, pprof) lines 'X' is not a number
///     from 0 to 1000000 exit_code 'X' is not a number from 0 to 255 frames 'X' is not a number from 0 to 32
///     interval 'X' is not a number from 1 to 18446744073709551615
///     seed 'X' is not a number from 0 to 18446744073709551615
///     children 'X' is neither yes nor no
///     reachable 'X' is neither yes nor no
///     unknown on_error 'X' (there are exit, abort, continue)
///     unknown side 'X' (there are after, before)
///     output 'X' is too long
///     suppressions 'X' is too long
///     trace 'X' is too long
///     trace '' is no name of a file
///     trace_sites=yes needs trace=FILE
///     trace 'X' has no %p, which it needs with children=yes
///     trace_sites 'X' is neither yes nor no
///     trace_limit 'X' is not a number from 1 to 1048576
[[nodiscard]] bool parse_options(std::string_view text, Options& options, OptionError& error) noexcept;

/// The two parts of it: what each word says, then what they mean together.
[[nodiscard]] bool parse_each_option(std::string_view text, Options& options, OptionError& error) noexcept;
[[nodiscard]] bool join_options(Options& options, OptionError& error) noexcept;

}  // namespace zigmund::alloc::inline v0::interpose
