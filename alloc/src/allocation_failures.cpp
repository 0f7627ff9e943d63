#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/testing/allocation_failures.hpp>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "exceptions.hpp"
#include "memory_log.hpp"
#include "text.hpp"

namespace zigmund::alloc::inline v0::testing {
namespace {

using alloc::detail::text;

[[noreturn]] void throw_system_error(const char* what) {
    alloc::detail::raise(std::system_error{errno, std::generic_category(), what});
}

// What a call of the function leaves behind, in memory that both processes see: also when it did not end.
struct Record {
    std::optional<Failing> failing;
    bool finished = false;
    bool succeeded = false;
    std::size_t leaked_bytes = 0;
    std::size_t leaked_blocks = 0;
    bool misused = false;
    std::array<char, 1024> complaint{};
    std::size_t complaint_size = 0;
    int status = 0;  // of the process, as waitpid says it

    [[nodiscard]] std::size_t calls() const { return failing ? failing->calls() : 0; }
    [[nodiscard]] bool induced() const { return failing && failing->failures() != 0; }
    [[nodiscard]] std::string_view complained() const { return {complaint.data(), complaint_size}; }
    void take(const FailureJudgement& judgement) {
        succeeded = judgement.succeeded;
        complaint_size = std::min(judgement.complaint.size(), complaint.size());
        std::copy_n(judgement.complaint.begin(), complaint_size, complaint.begin());
    }
    [[nodiscard]] bool terminated() const { return !finished || misused; }
};

class SharedRecord {
  public:
    SharedRecord()
        : memory_{
              ::mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)} {
        if (memory_ == MAP_FAILED) throw_system_error("mmap");
        record_ = new (memory_) Record{};
    }
    SharedRecord(const SharedRecord&) = delete;
    SharedRecord& operator=(const SharedRecord&) = delete;
    ~SharedRecord() {
        std::destroy_at(record_);
        ::munmap(memory_, sizeof(Record));
    }
    Record& operator*() const noexcept { return *record_; }
    Record* operator->() const noexcept { return record_; }

  private:
    void* memory_;
    Record* record_ = nullptr;
};

// One call of the function and what became of it.
struct Call {
    SharedRecord record;
    alloc::detail::MemoryLog log;
};

using Function = std::function<FailureJudgement(Allocator)>;

/// The error is in the log already; the function is judged by it, not ended.
struct MisuseNote {
    Record* record;
    int descriptor;

    static void take(const MemoryError& error, void* context) {
        if (error.kind == MemoryErrorKind::size_overflow) return;  // a refusal
        const auto* const note = static_cast<MisuseNote*>(context);
        note->record->misused = true;
        [[maybe_unused]] const ssize_t written =
            ::write(note->descriptor, error.message.data(), error.message.size());
    }
};

void run(const Function& function, const FailureOptions& options, const FailingOptions& plan, Call& call) {
    Record& record = *call.record;
    MisuseNote note{&record, call.log.descriptor()};
    GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                 .backing = options.upstream,
                                 .name = "failure check",
                                 .report_descriptor = call.log.descriptor(),
                                 .on_error = MisuseNote::take,
                                 .on_error_context = &note}};
    record.failing.emplace(gpa.allocator(), plan);
#if defined(__cpp_exceptions)
    try {
        record.take(function(*record.failing));
    } catch (...) {
        record.succeeded = false;
    }
#else
    record.take(function(*record.failing));
#endif
    record.leaked_bytes = gpa.live_bytes();
    record.leaked_blocks = gpa.live_blocks();
    (void)gpa.deinit();
    record.finished = true;
}

void run_isolated(const Function& function, const FailureOptions& options, const FailingOptions& plan,
                  Call& call) {
    std::fflush(nullptr);  // what is in the buffers would be written by both
    const pid_t child = ::fork();
    if (child < 0) throw_system_error("fork");
    if (child == 0) {
        const ::rlimit no_core{0, 0};
        (void)::setrlimit(RLIMIT_CORE, &no_core);
        (void)::dup2(call.log.descriptor(), STDERR_FILENO);
        run(function, options, plan, call);
        ::_exit(0);
    }
    while (::waitpid(child, &call.record->status, 0) < 0 && errno == EINTR) {
    }
}

std::string_view name_of(FailingVerb verb) {
    switch (verb) {
        case FailingVerb::allocate:
            return "allocation";
        case FailingVerb::resize:
            return "resize";
        case FailingVerb::remap:
            return "remap";
    }
    return "call";
}

std::string end_of(int status) {
    if (WIFSIGNALED(status)) {
        return text("the process got signal ", WTERMSIG(status), " (", ::strsignal(WTERMSIG(status)), ")");
    }
    return text("the process exited with status ", WEXITSTATUS(status));
}

class Sweep {
  public:
    Sweep(const Function& function, const FailureOptions& options) : function_{function}, options_{options} {}

    FailureResult run_all() && {
        if (!undisturbed_calls_are_sound()) return std::move(result_);
        switch (options_.mode) {
            case FailureMode::one_shot:
            case FailureMode::persistent:
                each_in_turn();
                break;
            case FailureMode::pairs:
                each_pair();
                break;
            case FailureMode::byte_budget:
                each_budget();
                break;
            case FailureMode::random:
                each_seed();
                break;
        }
        return std::move(result_);
    }

  private:
    std::unique_ptr<Call> call(const FailingOptions& plan) {
        auto call = std::make_unique<Call>();
        ++result_.calls;
        if (options_.isolate) {
            run_isolated(function_, options_, plan, *call);
        } else {
            run(function_, options_, plan, *call);
        }
        return call;
    }

    bool undisturbed_calls_are_sound() {
        const auto first = call({.verb = options_.verb});
        const Record& record = *first->record;
        result_.allocations = record.calls();
        if (record.terminated()) {
            add(FailureVerdict::broken, 0, text("nothing failed, and ", death_of(record)), *first);
        } else if (!record.succeeded) {
            add(FailureVerdict::broken, 0, "nothing failed, and the function reported failure", *first);
        } else if (record.leaked_blocks != 0) {
            add(FailureVerdict::broken, 0, text("nothing failed, and ", leak_of(record)), *first);
        } else if (!record.complained().empty()) {
            add(FailureVerdict::broken, 0, text("nothing failed, and ", record.complained()), *first);
        }
        if (!result_.ok()) return false;

        const auto second = call({.verb = options_.verb});
        if (!second->record->complained().empty()) {
            add(FailureVerdict::broken, 0,
                text("nothing failed, it was called again, and ", second->record->complained()), *second);
            return false;
        }
        if (second->record->calls() == result_.allocations) return true;
        add(FailureVerdict::nondeterministic, 0,
            text("it made ", result_.allocations, " ", name_of(options_.verb), "s, and ",
                 second->record->calls(), " when it was called again"),
            *second);
        return false;
    }

    void each_in_turn() {
        const bool and_later = options_.mode == FailureMode::persistent;
        for (std::size_t at = options_.first; at < result_.allocations && !enough(); ++at) {
            const auto one = call({.verb = options_.verb, .at = at, .and_later = and_later});
            if (!one->record->induced()) {
                not_reached(at, *one);
                return;
            }
            judge(at, text(number(at), and_later ? ", and all after it, failed" : " failed"), *one);
        }
    }

    void each_pair() {
        for (std::size_t at = options_.first; at < result_.allocations && !enough(); ++at) {
            for (std::size_t and_at = at + 1; !enough(); ++and_at) {
                const auto one = call({.verb = options_.verb, .at = at, .and_at = and_at});
                if (!one->record->induced()) {
                    not_reached(at, *one);
                    return;
                }
                const bool both = one->record->calls() > and_at;
                judge(at, both ? text(number(at), " and [", and_at, "] failed") : text(number(at), " failed"),
                      *one);
                if (!both) break;
            }
        }
    }

    void each_budget() {
        std::size_t budget = 0;
        for (std::size_t round = 0; !enough(); ++round) {
            const auto one = call({.verb = options_.verb, .byte_budget = budget});
            if (!one->record->induced()) return;
            const InducedFailure failure = *one->record->failing->failure();
            if (round >= options_.first) {
                judge(round, text("with a budget of ", budget, " bytes ", number(failure.index), " failed"),
                      *one);
            }
            budget = std::max(failure.granted + failure.size, budget + 1);
        }
    }

    void each_seed() {
        for (std::size_t round = options_.first; round < options_.rounds && !enough(); ++round) {
            const std::uint64_t seed = options_.seed + round;
            const auto one = call({.verb = options_.verb, .one_in = options_.one_in, .seed = seed});
            if (!one->record->induced()) continue;
            judge(round,
                  text("with seed ", seed, " ", number(one->record->failing->failure()->index),
                       " failed first"),
                  *one);
        }
    }

    /// `what`: which one failed.
    void judge(std::size_t index, const std::string& what, const Call& call) {
        const Record& record = *call.record;
        const InducedFailure failure = *record.failing->failure();
        const std::string before =
            text(what, " (", failure.size, " bytes, alignment ", failure.align, "), and ");
        if (record.terminated()) {
            add(FailureVerdict::terminated, index, before + death_of(record), call);
            return;
        }
        const bool may_succeed = options_.may_swallow || options_.verb != FailingVerb::allocate;
        if (record.succeeded && !may_succeed) {
            add(FailureVerdict::swallowed, index, before + "the function reported success", call);
        }
        if (!record.succeeded && options_.verb != FailingVerb::allocate) {
            add(FailureVerdict::gave_up, index, before + "the function reported failure", call);
        }
        if (!record.complained().empty()) {
            add(FailureVerdict::wrong, index, text(before, record.complained()), call);
        }
        if (record.leaked_blocks != 0) {
            add(FailureVerdict::leaked, index, before + leak_of(record), call);
        }
    }

    void not_reached(std::size_t index, const Call& call) {
        add(FailureVerdict::nondeterministic, index,
            text("it made ", result_.allocations, " ", name_of(options_.verb), "s, and ",
                 call.record->calls(), " when ", number(index), " was to fail"),
            call);
    }

    void add(FailureVerdict verdict, std::size_t index, const std::string& what, const Call& call) {
        std::string message = text("zigmund: ", to_string(verdict), ": ", what, "\n");
        if (call.record->induced()) {
            message += "  it failed at\n";
            message += call.record->failing->failure_stack(8);
        }
        message += call.log.text();
        if (message.back() != '\n') message += '\n';
        message += text("  to begin here: {.first = ", index, "}\n");
        result_.findings.push_back({verdict, index, std::move(message)});
    }

    [[nodiscard]] std::string number(std::size_t index) const {
        return text(name_of(options_.verb), " [", index, "] of ", result_.allocations);
    }

    static std::string death_of(const Record& record) {
        return record.finished ? "memory was misused" : end_of(record.status);
    }

    static std::string leak_of(const Record& record) {
        return text(record.leaked_bytes, " bytes in ", record.leaked_blocks,
                    record.leaked_blocks == 1 ? " block were" : " blocks were", " never freed");
    }

    [[nodiscard]] bool enough() const { return result_.findings.size() >= options_.most_findings; }

    const Function& function_;
    const FailureOptions& options_;
    FailureResult result_;
};

}  // namespace

std::string_view to_string(FailureVerdict verdict) noexcept {
    switch (verdict) {
        case FailureVerdict::leaked:
            return "leaked";
        case FailureVerdict::swallowed:
            return "swallowed";
        case FailureVerdict::gave_up:
            return "gave up";
        case FailureVerdict::nondeterministic:
            return "nondeterministic";
        case FailureVerdict::terminated:
            return "terminated";
        case FailureVerdict::wrong:
            return "wrong";
        case FailureVerdict::broken:
            return "broken";
    }
    return "unknown";
}

std::string FailureResult::text() const {
    std::string all;
    for (const FailureFinding& finding : findings) all += finding.text;
    return all;
}

namespace detail {

FailureResult check_all_failures(const std::function<FailureJudgement(Allocator)>& function,
                                 const FailureOptions& options) {
    return Sweep{function, options}.run_all();
}

}  // namespace detail
}  // namespace zigmund::alloc::inline v0::testing
