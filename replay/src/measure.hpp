// The measurement: each replay in a process of its own, the kinds of memory turn by turn.
//
// A process is forked for each replay, so that every memory is as fresh as in the program's own process, and
// one that crashes costs its row and not the run. First each is replayed once while its resident memory is
// looked at, which is not timed; then come the rounds, each of which replays on every kind, beginning with
// another one each time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "memories.hpp"
#include "phases.hpp"
#include "trace.hpp"

namespace zigmund::replay {

/// The middle one, and half the distance of the quartiles: half of the samples lie within that much of it.
struct Spread {
    double median = 0;
    double spread = 0;
};
[[nodiscard]] Spread spread_of(std::vector<double> samples);

struct Measured {
    const Kind* kind = nullptr;
    std::string left_out;         ///< why there are no figures; empty: there are
    std::vector<double> samples;  ///< ns of processor time an operation, by round
    std::uint64_t resident = 0;   ///< bytes that the process's resident set grew by at most
    std::uint64_t refused = 0;    ///< allocations and resizes
};

struct Settings {
    std::vector<const Kind*> kinds;  ///< malloc is the first
    unsigned rounds = 9;
    Touch touch = Touch::lines;
    bool show_progress = false;
};

/// In the order of the settings. Call it from a process with one thread.
[[nodiscard]] std::vector<Measured> measure(const Trace& trace, const Phases& phases,
                                            const Settings& settings);

}  // namespace zigmund::replay
