// The samples of all rows as Google Benchmark reports them, and the two forms in which they are given out:
// printed tables, and JSON.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "report.hpp"

namespace report {

/// The name under which Google Benchmark knows a row.
[[nodiscard]] std::string full_name(const Table& table, const Row& row);

/// The median of the repetitions and half the distance of their quartiles: half of the repetitions lie within that
/// much of the median. And the fastest of them. In nanoseconds an operation.
struct Summary {
    double median;
    double spread;
    double fastest;
};

class Results final : public benchmark::BenchmarkReporter {
  public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override;

    void print(const Table& table) const;
    /// One JSON document: the program, its compiler, and each table with the samples of its rows.
    void write_json(std::FILE* file, const std::string& program, const std::vector<Table*>& tables) const;

  private:
    struct Measured {
        std::vector<double> samples;  ///< ns an iteration, in the order of the repetitions
        std::optional<double> memory_bytes;
        std::string error;
    };

    [[nodiscard]] const Measured* find(const Table& table, const Row& row) const;
    [[nodiscard]] const Row* find_row(const Table& table, const std::string& name) const;
    [[nodiscard]] std::optional<Summary> summary(const Table& table, const Row& row) const;
    /// To the row that it is compared with.
    [[nodiscard]] std::optional<double> ratio(const Table& table, const Row& row) const;
    /// Of the medians; of the fastest runs where threads are timed by the clock on the wall: a run takes as long as
    /// the slowest of its threads, and whatever else wants one of their processors only ever adds to that.
    [[nodiscard]] std::optional<double> ratio(const Table& table, const Goal& goal) const;
    [[nodiscard]] bool is_empty(const Table& table) const;
    void print_rows(const Table& table) const;
    void print_curves(const Table& table) const;
    void print_goals(const Table& table) const;
    void write_row(std::FILE* file, const Table& table, const Row& row) const;

    std::map<std::string, Measured> measured_;
};

/// "gcc 12.2.0" or "clang 19.1.7".
[[nodiscard]] std::string compiler();

}  // namespace report
