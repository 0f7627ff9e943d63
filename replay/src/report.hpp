// What zigmund-bench prints of a trace and its replays, and writes as JSON.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "measure.hpp"
#include "phases.hpp"
#include "trace.hpp"

namespace zigmund::replay {

/// All lines of them end with a newline.
[[nodiscard]] std::string describe(const Trace& trace, const Settings& settings);
[[nodiscard]] std::string describe(const Phases& phases, const Trace& trace);
[[nodiscard]] std::string table(const std::vector<Measured>& all, const Trace& trace);

/// How a memory compares with malloc, round by round.
struct Comparison {
    double ratio;  ///< median of the rounds' ratios of times
    /// There are five rounds or more, and of three quarters of them or more the ratios lie on the same side of 1,
    /// 2 % or more away from it.
    bool certain;
    double saved_nanoseconds;  ///< in the whole trace; below 0: it takes longer
};
/// Nothing of a memory without figures. The first of `all` is malloc.
[[nodiscard]] std::optional<Comparison> compare(const Measured& one, const std::vector<Measured>& all,
                                                const Trace& trace);

/// The answer, in sentences.
[[nodiscard]] std::string verdict(const std::vector<Measured>& all, const Phases& phases, const Trace& trace);

[[nodiscard]] std::string json(const std::vector<Measured>& all, const Phases& phases, const Trace& trace,
                               const Settings& settings);

}  // namespace zigmund::replay
