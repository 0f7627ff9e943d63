#include "report.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "malloc_peers.hpp"
#include "progress.hpp"
#include "results.hpp"

namespace report {
namespace {

// The tables of the program, in the order of their definition.
std::vector<Table*>& tables() {
    static std::vector<Table*> all;
    return all;
}

}  // namespace

Table::Table(std::string title, double operations) : title_{std::move(title)}, operations_{operations} {
    tables().push_back(this);
}

Table::Table(Table&& other) noexcept
    : title_{std::move(other.title_)},
      about_{std::move(other.about_)},
      axis_{std::move(other.axis_)},
      operations_{other.operations_},
      wall_clock_{other.wall_clock_},
      rows_{std::move(other.rows_)},
      goals_{std::move(other.goals_)} {
    std::replace(tables().begin(), tables().end(), &other, this);
}

Table::~Table() { std::erase(tables(), this); }

Table&& Table::about(std::string text) && {
    about_ = std::move(text);
    return std::move(*this);
}

Table&& Table::row(std::string name, Run run) && {
    rows_.push_back({std::move(name), std::move(run), {}, 0});
    return std::move(*this);
}

Table&& Table::point(const std::string& series, double x, Run run) && {
    char number[32];
    std::snprintf(number, sizeof number, "%.10g", x);
    rows_.push_back({series + ", " + number, std::move(run), series, x});
    return std::move(*this);
}

Table&& Table::axis(std::string label) && {
    axis_ = std::move(label);
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

void absent(benchmark::State& state) { state.SkipWithError(std::string{not_installed}.c_str()); }

}  // namespace report

namespace {

// "--name=" with what the environment says under that name in capitals, or else with `otherwise`.
std::string argument(const char* name, const char* variable, const char* otherwise) {
    const char* const set = std::getenv(variable);
    return std::string{"--benchmark_"} + name + "=" + (set == nullptr ? otherwise : set);
}

// What the last --benchmark_repetitions says.
std::size_t repetitions(const std::vector<std::string>& arguments) {
    constexpr std::string_view option = "--benchmark_repetitions=";
    std::size_t number = 1;
    for (const std::string& word : arguments)
        if (word.starts_with(option)) number = std::strtoul(word.c_str() + option.size(), nullptr, 10);
    return number;
}

}  // namespace

int main(int argc, char** argv) {
    bench::reserve_thread_local_room(argv);
    // What the command line says comes later, and wins.
    std::vector<std::string> arguments{argv[0], argument("repetitions", "BENCHMARK_REPETITIONS", "15"),
                                       argument("min_time", "BENCHMARK_MIN_TIME", "0.02"),
                                       "--benchmark_enable_random_interleaving=true"};
    const char* json = nullptr;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view{argv[i]} == "--json" && i + 1 < argc)
            json = argv[++i];
        else
            arguments.emplace_back(argv[i]);
    }
    std::vector<char*> pointers;
    for (std::string& word : arguments) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, pointers.data());
    if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 1;

    std::size_t rows = 0;
    for (const report::Table* table : report::tables()) rows += table->rows().size();
    report::Progress progress{rows, repetitions(arguments)};
    for (const report::Table* const table : report::tables()) {
        for (const report::Row& row : table->rows()) {
            const std::string name = report::full_name(*table, row);
            auto* const registered = benchmark::RegisterBenchmark(
                name.c_str(), [&progress, &row, table, name](benchmark::State& state) {
                    progress.begin(table->title(), name, state.max_iterations);
                    row.run(state);
                });
            if (table->by_wall_clock()) registered->UseRealTime();
        }
    }
    report::Results results;
    benchmark::RunSpecifiedBenchmarks(&results);
    progress.end();
    std::printf("\nCompiled by %s\n", report::compiler().c_str());
    for (const report::Table* table : report::tables()) results.print(*table);

    if (json == nullptr) return 0;
    std::FILE* const file = std::fopen(json, "w");
    if (file == nullptr) {
        std::fprintf(stderr, "%s: cannot write %s: %s\n", argv[0], json, std::strerror(errno));
        return 1;
    }
    const char* const slash = std::strrchr(argv[0], '/');
    results.write_json(file, slash == nullptr ? argv[0] : slash + 1, report::tables());
    return std::fclose(file) == 0 ? 0 : 1;
}
