// Tables of measurements, and of the goals that they are held to.
//
// A file `*_bench.cpp` defines tables at namespace scope; the program around it runs all their rows,
// repetition by repetition in random order, so that what disturbs the machine disturbs every row, and prints
// medians, their ratio to the first row, and for each goal whether it is met:
//
//     const report::Table table = report::Table{"what is done", operations}
//         .about("What that measures, and what is to be learnt from it.")
//         .row("raw bump", raw_bump)                   // void(benchmark::State&)
//         .row("Arena", arena)
//         .goal("Arena", 1.05, "raw bump");            // Arena takes at most 1.05 x the raw bump's time
//
// A table may be a family of curves instead, of one point for each value of its axis:
//
//     for (std::size_t size : sizes) std::move(table).point("Arena", size, arena_of(size));
//
// A goal that is missed is printed in capitals; it does not fail the run, because a shared machine's clock
// is no judge. A goal whose base is not installed here is printed as not compared.
//
// `--json FILE` writes all samples to a file as well; every other word of the command line is for Google
// Benchmark. BENCHMARK_REPETITIONS (15) and BENCHMARK_MIN_TIME (0.02 s) in the environment make a run shorter
// or longer.
#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace report {

using Run = std::function<void(benchmark::State&)>;

struct Row {
    std::string name;
    Run run;
    std::string series;  ///< of a point: its curve; else empty
    double x = 0;        ///< of a point
};

struct Goal {
    std::string row;
    double at_most;  ///< times the base's time
    std::string base;
};

class Table {
  public:
    /// Times are printed for one of the `operations` that an iteration of each row does.
    explicit Table(std::string title, double operations = 1);
    ~Table();
    Table(Table&& other) noexcept;
    Table& operator=(Table&&) = delete;

    /// What is measured and what is to be learnt from it: for the report, in sentences.
    Table&& about(std::string text) &&;
    /// The first row is the one that the others are compared with.
    Table&& row(std::string name, Run run) &&;
    /// The row "series, x". The first series is the one that the others are compared with, at the same x.
    Table&& point(const std::string& series, double x, Run run) &&;
    /// What the x of its points are.
    Table&& axis(std::string label) &&;
    Table&& goal(std::string row, double at_most, std::string base) &&;
    /// Its rows are timed by the clock on the wall instead of the calling thread's: they start threads. Its goals are
    /// held to the fastest runs instead of the medians.
    Table&& wall_clock() &&;

    [[nodiscard]] const std::string& title() const { return title_; }
    [[nodiscard]] const std::string& text() const { return about_; }
    [[nodiscard]] const std::string& x_label() const { return axis_; }
    [[nodiscard]] double operations() const { return operations_; }
    [[nodiscard]] bool by_wall_clock() const { return wall_clock_; }
    [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
    [[nodiscard]] const std::vector<Goal>& goals() const { return goals_; }

  private:
    std::string title_;
    std::string about_;
    std::string axis_;
    double operations_;
    bool wall_clock_ = false;
    std::vector<Row> rows_;
    std::vector<Goal> goals_;
};

/// What a row says instead of a time when what it measures is not there.
inline constexpr std::string_view not_installed = "not installed (make bench-peers)";

/// The row of a peer that is not installed.
void absent(benchmark::State& state);

/// The counter in which a row tells the bytes that its memory took, if it knows.
inline constexpr const char* memory_counter = "memory_bytes";

}  // namespace report
