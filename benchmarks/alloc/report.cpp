#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

namespace report {
namespace {

// The tables of the program, in the order of their definition.
std::vector<Table*>& tables() {
    static std::vector<Table*> all;
    return all;
}

std::string full_name(const Table& table, const Row& row) { return table.title() + "/" + row.name; }

class Collector final : public benchmark::BenchmarkReporter {
  public:
    bool ReportContext(const Context&) override { return true; }

    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.run_type != Run::RT_Iteration) continue;
            if (run.error_occurred)
                errors_[run.run_name.function_name] = "FAILED: " + run.error_message;
            else
                times_[run.run_name.function_name].push_back(run.run_name.time_type == "real_time"
                                                                 ? run.GetAdjustedRealTime()
                                                                 : run.GetAdjustedCPUTime());
        }
    }

    void print(const Table& table) {
        if (table.rows().empty() || times(table, table.rows().front().name).empty()) return;
        const double base = median(table, table.rows().front().name);
        std::printf("\n%s\n  %-44s %12s %8s %8s\n", table.title().c_str(), "", "median ns", "spread",
                    "ratio");
        for (const Row& row : table.rows()) {
            std::vector<double>& sorted = times(table, row.name);
            if (sorted.empty()) {
                const auto reason = errors_.find(full_name(table, row));
                std::printf("  %-44s %s\n", row.name.c_str(),
                            reason == errors_.end() ? "not measured" : reason->second.c_str());
                continue;
            }
            std::sort(sorted.begin(), sorted.end());
            const double middle = median(table, row.name);
            // Half of the repetitions lie within this much of the median.
            const double spread = (sorted[sorted.size() * 3 / 4] - sorted[sorted.size() / 4]) / 2;
            std::printf("  %-44s %12.2f %7.1f%% %8.2f\n", row.name.c_str(), middle / table.operations(),
                        100 * spread / middle, middle / base);
        }
        for (const Goal& goal : table.goals()) {
            std::printf("  goal: %s at most %.2f x %s: ", goal.row.c_str(), goal.at_most, goal.base.c_str());
            if (times(table, goal.row).empty() || times(table, goal.base).empty()) {
                std::printf("not compared, one of them was not measured\n");
                continue;
            }
            const double ratio = median(table, goal.row) / median(table, goal.base);
            std::printf("%.2f, %s\n", ratio, ratio <= goal.at_most ? "met" : "MISSED");
        }
    }

  private:
    std::vector<double>& times(const Table& table, const std::string& row) {
        return times_[full_name(table, {row, nullptr})];
    }

    double median(const Table& table, const std::string& row) {
        std::vector<double> sorted = times(table, row);
        std::sort(sorted.begin(), sorted.end());
        const std::size_t half = sorted.size() / 2;
        return sorted.size() % 2 != 0 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    std::map<std::string, std::vector<double>> times_;
    std::map<std::string, std::string> errors_;
};

}  // namespace

Table::Table(std::string title, double operations) : title_{std::move(title)}, operations_{operations} {
    tables().push_back(this);
}

Table::Table(Table&& other) noexcept
    : title_{std::move(other.title_)},
      operations_{other.operations_},
      wall_clock_{other.wall_clock_},
      rows_{std::move(other.rows_)},
      goals_{std::move(other.goals_)} {
    std::replace(tables().begin(), tables().end(), &other, this);
}

Table::~Table() { std::erase(tables(), this); }

Table&& Table::row(std::string name, void (*run)(benchmark::State&)) && {
    rows_.push_back({std::move(name), run});
    return std::move(*this);
}

Table&& Table::goal(std::string row, double at_most, std::string base) && {
    goals_.push_back({std::move(row), at_most, std::move(base)});
    return std::move(*this);
}

Table&& Table::wall_clock() && {
    wall_clock_ = true;
    return std::move(*this);
}

}  // namespace report

int main(int argc, char** argv) {
    // What the command line says comes later, and wins.
    std::vector<std::string> arguments{argv[0], "--benchmark_repetitions=15", "--benchmark_min_time=0.02",
                                       "--benchmark_enable_random_interleaving=true"};
    arguments.insert(arguments.end(), argv + 1, argv + argc);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, pointers.data());
    if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 1;

    for (const report::Table* table : report::tables()) {
        for (const report::Row& row : table->rows()) {
            auto* const registered =
                benchmark::RegisterBenchmark(report::full_name(*table, row).c_str(), row.run);
            if (table->by_wall_clock()) registered->UseRealTime();
        }
    }
    report::Collector collector;
    benchmark::RunSpecifiedBenchmarks(&collector);
#if defined(__clang__)
    std::printf("\nCompiled by clang %s\n", __clang_version__);
#else
    std::printf("\nCompiled by gcc %s\n", __VERSION__);
#endif
    for (const report::Table* table : report::tables()) collector.print(*table);
}
