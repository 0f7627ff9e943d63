// On a terminal, one line on standard error while the rows run: which table is on, how many repetitions of all
// are done, and how long the rest takes at this pace. On anything else, nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace report {

class Progress {
  public:
    /// Each of `rows` is run `repetitions` times.
    Progress(std::size_t rows, std::size_t repetitions);

    /// A row begins to run that many iterations. A row that looks for how many it needs begins again and again,
    /// each time with more; the last of these runs counts as a repetition.
    void begin(const std::string& table, const std::string& row, std::int64_t iterations);
    /// Leaves the line empty.
    void end() const;

  private:
    struct Row {
        std::int64_t iterations = 0;
        std::size_t begun = 0;
    };

    std::size_t total_;
    std::size_t begun_ = 0;
    std::map<std::string, Row> rows_;
    bool shown_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point printed_ = start_;
};

}  // namespace report
