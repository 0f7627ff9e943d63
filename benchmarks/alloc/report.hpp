// Tables of measurements, and of the goals that they are held to.
//
// A file `*_bench.cpp` defines tables at namespace scope; the program around it runs all their rows,
// repetition by repetition in random order, so that what disturbs the machine disturbs every row, and prints
// medians, their ratio to the first row, and for each goal whether it is met:
//
//     const report::Table table = report::Table{"what is done", operations}
//         .row("raw bump", raw_bump)                   // void(benchmark::State&)
//         .row("Arena", arena)
//         .goal("Arena", 1.05, "raw bump");            // Arena takes at most 1.05 x the raw bump's time
//
// A goal that is missed is printed in capitals; it does not fail the run, because a shared machine's clock
// is no judge. A goal whose base is not installed here is printed as not compared.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace report {

struct Row {
    std::string name;
    void (*run)(benchmark::State&);
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

    /// The first row is the one that the others are compared with.
    Table&& row(std::string name, void (*run)(benchmark::State&)) &&;
    Table&& goal(std::string row, double at_most, std::string base) &&;
    /// Its rows are timed by the clock on the wall instead of the calling thread's: they start threads.
    Table&& wall_clock() &&;

    [[nodiscard]] const std::string& title() const { return title_; }
    [[nodiscard]] double operations() const { return operations_; }
    [[nodiscard]] bool by_wall_clock() const { return wall_clock_; }
    [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
    [[nodiscard]] const std::vector<Goal>& goals() const { return goals_; }

  private:
    std::string title_;
    double operations_;
    bool wall_clock_ = false;
    std::vector<Row> rows_;
    std::vector<Goal> goals_;
};

}  // namespace report
