#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace report {

Progress::Progress(std::size_t rows, std::size_t repetitions)
    : total_{rows * repetitions}, shown_{::isatty(STDERR_FILENO) == 1} {}

void Progress::begin(const std::string& table, const std::string& row, std::int64_t iterations) {
    if (!shown_) return;
    Row& its = rows_[row];
    if (its.iterations != iterations) {
        begun_ -= its.begun;
        its = {iterations, 0};
    }
    ++its.begun;
    ++begun_;
    const auto now = std::chrono::steady_clock::now();
    if (now - printed_ < std::chrono::milliseconds{200}) return;
    printed_ = now;
    const std::chrono::duration<double> elapsed = now - start_;
    const std::size_t done = std::min(begun_ - 1, total_);
    const double rest =
        done == 0 ? 0 : elapsed.count() / static_cast<double>(done) * static_cast<double>(total_ - done);
    std::fprintf(stderr, "\r\033[K%zu of %zu, %.0f s to go: %.60s", done, total_, rest, table.c_str());
}

void Progress::end() const {
    if (shown_) std::fprintf(stderr, "\r\033[K");
}

}  // namespace report
