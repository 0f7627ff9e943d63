#include "results.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace report {
namespace {

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (c == '\n') {
            result += "\\n";
        } else {
            result += c;
        }
    }
    return result + '"';
}

// The number after a comma and before the next one is short, whatever is measured.
void print_cell(double value) {
    const int decimals = value < 100 ? 2 : value < 10'000 ? 1 : 0;
    std::printf(" %10.*f", decimals, value);
}

}  // namespace

std::string full_name(const Table& table, const Row& row) { return table.title() + "/" + row.name; }

std::string compiler() {
#if defined(__clang__)
    const std::string version = "clang " __clang_version__;
#else
    const std::string version = "gcc " __VERSION__;
#endif
    return version.substr(0, version.find(' ', version.find(' ') + 1));
}

void Results::ReportRuns(const std::vector<Run>& runs) {
    for (const Run& run : runs) {
        if (run.run_type != Run::RT_Iteration) continue;
        Measured& measured = measured_[run.run_name.function_name];
        if (run.error_occurred) {
            measured.error =
                run.error_message == not_installed ? run.error_message : "FAILED: " + run.error_message;
            continue;
        }
        measured.samples.push_back(run.run_name.time_type == "real_time" ? run.GetAdjustedRealTime()
                                                                         : run.GetAdjustedCPUTime());
        if (const auto memory = run.counters.find(memory_counter); memory != run.counters.end())
            measured.memory_bytes = memory->second.value;
    }
}

const Results::Measured* Results::find(const Table& table, const Row& row) const {
    const auto found = measured_.find(full_name(table, row));
    return found == measured_.end() ? nullptr : &found->second;
}

const Row* Results::find_row(const Table& table, const std::string& name) const {
    const auto found = std::ranges::find(table.rows(), name, &Row::name);
    return found == table.rows().end() ? nullptr : &*found;
}

std::optional<Summary> Results::summary(const Table& table, const Row& row) const {
    const Measured* const measured = find(table, row);
    if (measured == nullptr || measured->samples.empty()) return std::nullopt;
    std::vector<double> sorted = measured->samples;
    std::ranges::sort(sorted);
    const std::size_t half = sorted.size() / 2;
    const double median = sorted.size() % 2 != 0 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    const double spread = (sorted[sorted.size() * 3 / 4] - sorted[sorted.size() / 4]) / 2;
    return Summary{median / table.operations(), spread / table.operations(),
                   sorted.front() / table.operations()};
}

std::optional<double> Results::ratio(const Table& table, const Row& row) const {
    const auto base = std::ranges::find(table.rows(), row.x, &Row::x);  // a plain row has x 0
    const auto its = summary(table, row);
    const auto other = summary(table, *base);
    if (!its || !other) return std::nullopt;
    return its->median / other->median;
}

std::optional<double> Results::ratio(const Table& table, const Goal& goal) const {
    const Row* const row = find_row(table, goal.row);
    const Row* const base = find_row(table, goal.base);
    if (row == nullptr || base == nullptr) return std::nullopt;
    const auto its = summary(table, *row);
    const auto other = summary(table, *base);
    if (!its || !other) return std::nullopt;
    return table.by_wall_clock() ? its->fastest / other->fastest : its->median / other->median;
}

bool Results::is_empty(const Table& table) const {
    return std::ranges::none_of(table.rows(),
                                [&](const Row& row) { return summary(table, row).has_value(); });
}

void Results::print_rows(const Table& table) const {
    std::printf("  %-44s %12s %8s %8s\n", "", "median ns", "spread", "ratio");
    for (const Row& row : table.rows()) {
        const auto its = summary(table, row);
        if (!its) {
            const Measured* const measured = find(table, row);
            std::printf("  %-44s %s\n", row.name.c_str(),
                        measured == nullptr ? "not measured" : measured->error.c_str());
            continue;
        }
        std::printf("  %-44s %12.2f %7.1f%% %8.2f", row.name.c_str(), its->median,
                    100 * its->spread / its->median, ratio(table, row).value_or(NAN));
        if (const auto memory = find(table, row)->memory_bytes) std::printf(" %10.1f KiB", *memory / 1024);
        std::printf("\n");
    }
}

void Results::print_curves(const Table& table) const {
    std::vector<double> xs;
    std::vector<std::string> names;
    for (const Row& row : table.rows()) {
        if (std::ranges::find(xs, row.x) == xs.end()) xs.push_back(row.x);
        if (std::ranges::find(names, row.series) == names.end()) names.push_back(row.series);
    }
    std::printf("  %-44s", ("median ns; " + table.x_label() + ":").c_str());
    for (const double x : xs) std::printf(" %10.0f", x);
    std::printf("\n");
    for (const std::string& name : names) {
        std::printf("  %-44s", name.c_str());
        std::string error;
        for (const Row& row : table.rows()) {
            if (row.series != name) continue;
            if (const auto its = summary(table, row))
                print_cell(its->median);
            else if (const Measured* const measured = find(table, row))
                error = measured->error;
            else
                error = "not measured";
        }
        std::printf("%s%s\n", error.empty() ? "" : " ", error.c_str());
    }
}

void Results::print_goals(const Table& table) const {
    for (const Goal& goal : table.goals()) {
        std::printf("  goal: %s at most %.2f x %s: ", goal.row.c_str(), goal.at_most, goal.base.c_str());
        if (const auto value = ratio(table, goal))
            std::printf("%.2f%s, %s\n", *value, table.by_wall_clock() ? " in the fastest runs" : "",
                        *value <= goal.at_most ? "met" : "MISSED");
        else
            std::printf("not compared, one of them was not measured\n");
    }
}

void Results::print(const Table& table) const {
    if (is_empty(table)) return;
    std::printf("\n%s\n", table.title().c_str());
    if (table.x_label().empty())
        print_rows(table);
    else
        print_curves(table);
    print_goals(table);
}

void Results::write_row(std::FILE* file, const Table& table, const Row& row) const {
    std::fprintf(file, "{\"name\": %s", quoted(row.name).c_str());
    if (!row.series.empty())
        std::fprintf(file, ", \"series\": %s, \"x\": %.10g", quoted(row.series).c_str(), row.x);
    const Measured* const measured = find(table, row);
    if (const auto its = summary(table, row)) {
        std::fprintf(file, ", \"median\": %.6g, \"spread\": %.6g", its->median, its->spread);
        if (const auto value = ratio(table, row)) std::fprintf(file, ", \"ratio\": %.6g", *value);
        if (measured->memory_bytes) std::fprintf(file, ", \"memory_bytes\": %.0f", *measured->memory_bytes);
        std::fprintf(file, ", \"samples\": [");
        for (const char* comma = ""; const double sample : measured->samples)
            std::fprintf(file, "%s%.6g", std::exchange(comma, ", "), sample / table.operations());
        std::fprintf(file, "]");
    } else {
        std::fprintf(file, ", \"left_out\": %s",
                     quoted(measured == nullptr ? "not measured" : measured->error).c_str());
    }
    std::fprintf(file, "}");
}

void Results::write_json(std::FILE* file, const std::string& program,
                         const std::vector<Table*>& tables) const {
    std::fprintf(file, "{\n \"program\": %s,\n \"compiler\": %s,\n \"tables\": [", quoted(program).c_str(),
                 quoted(compiler()).c_str());
    const char* next_table = "\n";
    for (const Table* table : tables) {
        if (is_empty(*table)) continue;
        std::fprintf(file, "%s  {\"title\": %s,\n   \"about\": %s,\n   \"unit\": \"ns\", \"clock\": \"%s\"",
                     std::exchange(next_table, ",\n"), quoted(table->title()).c_str(),
                     quoted(table->text()).c_str(), table->by_wall_clock() ? "wall" : "processor");
        if (!table->x_label().empty()) std::fprintf(file, ", \"axis\": %s", quoted(table->x_label()).c_str());
        std::fprintf(file, ",\n   \"rows\": [");
        for (const char* comma = "\n    "; const Row& row : table->rows()) {
            std::fprintf(file, "%s", std::exchange(comma, ",\n    "));
            write_row(file, *table, row);
        }
        std::fprintf(file, "],\n   \"goals\": [");
        for (const char* comma = "\n    "; const Goal& goal : table->goals()) {
            std::fprintf(file, "%s{\"row\": %s, \"at_most\": %.6g, \"base\": %s",
                         std::exchange(comma, ",\n    "), quoted(goal.row).c_str(), goal.at_most,
                         quoted(goal.base).c_str());
            if (const auto value = ratio(*table, goal))
                std::fprintf(file, ", \"ratio\": %.6g, \"met\": %s", *value,
                             *value <= goal.at_most ? "true" : "false");
            std::fprintf(file, "}");
        }
        std::fprintf(file, "]}");
    }
    std::fprintf(file, "]\n}\n");
}

}  // namespace report
