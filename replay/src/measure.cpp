#include "measure.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>

#include "machine.hpp"
#include "text.hpp"

namespace zigmund::replay {
namespace {

/// What a replay's process tells.
struct Answer {
    double nanoseconds;
    std::uint64_t resident;
    std::uint64_t refused;
    std::array<char, 512> left_out;
};

/// By the page tables: what statm tells is some hundred pages off on a machine of many processors. Uses no
/// memory of the one that is measured.
std::uint64_t resident_bytes() noexcept {
    const int file = ::open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    std::array<char, 1024> text{};
    const ssize_t size = ::read(file, text.data(), text.size() - 1);
    ::close(file);
    const char* const at = size > 0 ? std::strstr(text.data(), "\nRss:") : nullptr;
    return at == nullptr ? 0 : std::strtoull(at + 5, nullptr, 10) * 1024;
}

double processor_nanoseconds() noexcept {
    timespec now{};
    (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

class Timer final : public Probe {
  public:
    void begin() override { begin_ = processor_nanoseconds(); }
    void end() override { elapsed_ = processor_nanoseconds() - begin_; }
    [[nodiscard]] double nanoseconds() const noexcept { return elapsed_; }

  private:
    double begin_ = 0;
    double elapsed_ = 0;
};

/// Looks at the resident set some two hundred times, and when the most bytes are live.
class Scale final : public Probe {
  public:
    explicit Scale(const Trace& trace)
        : step_{std::max<std::uint64_t>(trace.operations().size() / 200, 1)},
          peak_{trace.summary().peak_at + 1} {
        look = [](Probe& probe, std::uint64_t i) {
            auto& scale = static_cast<Scale&>(probe);
            if (i % scale.step_ == 0 || i == scale.peak_) scale.weigh();
        };
    }
    void begin() override { before_ = resident_bytes(); }
    void end() override { weigh(); }
    [[nodiscard]] std::uint64_t growth() const noexcept { return most_ > before_ ? most_ - before_ : 0; }

  private:
    void weigh() { most_ = std::max(most_, resident_bytes()); }

    std::uint64_t step_;
    std::uint64_t peak_;
    std::uint64_t before_ = 0;
    std::uint64_t most_ = 0;
};

/// On a terminal, one line on standard error: how many replays are done, and how long the rest takes.
class Progress {
  public:
    Progress(std::size_t total, bool shown) : total_{total}, shown_{shown} {}
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress() {
        if (shown_) std::fprintf(stderr, "\r\033[K");
    }

    void begin(std::string_view what) {
        if (!shown_) return;
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
        const auto rest = static_cast<double>(total_ - done_);
        const double to_go = done_ == 0 ? 0 : elapsed.count() / static_cast<double>(done_) * rest;
        std::fprintf(stderr, "\r\033[K%zu of %zu, %.0f s to go: %.*s", done_, total_, to_go,
                     static_cast<int>(what.size()), what.data());
        ++done_;
    }

  private:
    std::size_t total_;
    std::size_t done_ = 0;
    bool shown_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// In the replay's own process.
Answer replay_here(const Trace& trace, const Phases& phases, const Kind& kind, Touch how, bool timed) {
    Answer answer{};
    const std::size_t bytes = std::max<std::size_t>(trace.slots(), 1) * sizeof(Block);
    void* const table =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (table == MAP_FAILED) throw std::bad_alloc{};
    const std::span blocks{static_cast<Block*>(table), trace.slots()};
    (void)::malloc_trim(0);  // what was freed before the fork
    if (timed) {
        Timer timer;
        answer.refused = kind.run({trace, phases, blocks, how, timer});
        answer.nanoseconds = timer.nanoseconds();
    } else {
        Scale scale{trace};
        answer.refused = kind.run({trace, phases, blocks, how, scale});
        answer.resident = scale.growth();
    }
    return answer;
}

Answer failed(std::string_view why) {
    Answer answer{};
    cut_text(why, answer.left_out.size() - 1).copy(answer.left_out.data(), answer.left_out.size() - 1);
    return answer;
}

Answer replay_in_child(const Trace& trace, const Phases& phases, const Kind& kind, Touch how, bool timed) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(std::strerror(errno));
    const pid_t child = ::fork();
    if (child < 0) {
        const int error = errno;
        ::close(ends[0]);
        ::close(ends[1]);
        return failed(std::strerror(error));
    }
    if (child == 0) {
        Answer answer{};
        try {
            answer = replay_here(trace, phases, kind, how, timed);
        } catch (const std::exception& error) {
            answer = failed(error.what());
        }
        (void)!::write(ends[1], &answer, sizeof answer);
        ::_exit(0);
    }
    ::close(ends[1]);
    Answer answer{};
    const bool told = ::read(ends[0], &answer, sizeof answer) == static_cast<ssize_t>(sizeof answer);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (told) return answer;
    return failed(WIFSIGNALED(status) ? "killed by signal " + std::to_string(WTERMSIG(status))
                                      : "ended with status " + std::to_string(WEXITSTATUS(status)));
}

}  // namespace

Spread spread_of(std::vector<double> samples) {
    if (samples.empty()) return {};
    std::ranges::sort(samples);
    const auto at = [&samples](double share) {
        const double place = share * static_cast<double>(samples.size() - 1);
        const auto below = static_cast<std::size_t>(place);
        const std::size_t above = std::min(below + 1, samples.size() - 1);
        const double part = place - static_cast<double>(below);
        return samples[below] * (1 - part) + samples[above] * part;
    };
    return {at(0.5), (at(0.75) - at(0.25)) / 2};
}

std::vector<Measured> measure(const Trace& trace, const Phases& phases, const Settings& settings) {
    std::vector<Measured> all;
    for (const Kind* const kind : settings.kinds)
        all.push_back({.kind = kind, .left_out = {}, .samples = {}});
    Progress progress{all.size() * (settings.rounds + 1), settings.show_progress};
    const auto replay = [&](Measured& one, bool timed) {
        progress.begin(one.kind->about);
        if (!one.left_out.empty()) return;
        const Answer answer = replay_in_child(trace, phases, *one.kind, settings.touch, timed);
        one.left_out = answer.left_out.data();
        one.refused = answer.refused;
        if (timed) {
            one.samples.push_back(answer.nanoseconds / static_cast<double>(trace.operations().size()));
        } else {
            one.resident = answer.resident;
        }
    };
    const std::uint64_t there = available_bytes();
    for (Measured& one : all) {
        if (one.kind->keeps_all && settings.touch != Touch::none && there != 0 &&
            trace.summary().bytes > there / 2)
            one.left_out = "would need " + bytes_text(trace.summary().bytes) + ", as it frees nothing";
        if (one.kind->name == "arena-reset" && phases.resets.empty())
            one.left_out = "no point to reset it at";
        replay(one, false);
    }
    for (unsigned round = 0; round < settings.rounds; ++round)
        for (std::size_t i = 0; i < all.size(); ++i) replay(all[(i + round) % all.size()], true);
    return all;
}

}  // namespace zigmund::replay
