// check_all_allocation_failures: does a function survive running out of memory, wherever that happens?
//
//     const auto result = check_all_allocation_failures([](Allocator a) { load_catalogue(a); });
//
// It calls the function once to count its allocations, then again and again with another one failing each
// time, and judges what the function made of it. The function allocates from the allocator that it gets. It
// reports failure by an exception, or by its result: an empty std::expected, a null pointer, false, an
// std::error_code that is set (what ErrScope takes for a failure). Verdicts, with the first line of each:
//
//     leaked             zigmund: leaked: allocation [3] of 7 failed (64 bytes, alignment 8), and 24 bytes in
//                        1 block were never freed
//     swallowed          zigmund: swallowed: allocation [3] of 7 failed (64 bytes, alignment 8), and the
//                        function reported success
//     gave up            zigmund: gave up: resize [0] of 2 failed (64 bytes, alignment 8), and the function
//                        reported failure
//     nondeterministic   zigmund: nondeterministic: it made 7 allocations, and 8 when it was called again
//     terminated         zigmund: terminated: allocation [3] of 7 failed (64 bytes, alignment 8), and the
//                        process got signal 6 (Aborted)
//     wrong              zigmund: wrong: allocation [3] of 7 failed (64 bytes, alignment 8), and the cache
//     had 2
//                        entries
//     broken             zigmund: broken: nothing failed, and the function reported failure
//
// `wrong` is what the function itself says, by returning a FailureJudgement: for code whose failure can be
// looked at.
//
// After it: the stack of the allocation that failed, the stacks of what was leaked or what the process wrote
// to standard error, and the index at which to resume.
//
// Each call runs in a process of its own (fork), so that a crash is a verdict, not the end of the tests, and
// so that each begins with the same state; what the function does to the state of this process is lost.
// Threads: call it from a process with one. Time: about a millisecond a call. Leaks and misuse are found by a
// GeneralPurposeAllocator between the function and the upstream; memory from elsewhere is not watched.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/err_scope.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/failing.hpp>
#include <zigmund/alloc/heap.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace zigmund::alloc::inline v0::testing {

/// What fails in one call of the function.
enum class FailureMode : std::uint8_t {
    one_shot,     ///< one allocation: each in turn
    persistent,   ///< one and all after it: each in turn
    pairs,        ///< two: each with each that is reached after it. Quadratic
    byte_budget,  ///< all beyond a number of bytes: each number at which one more would succeed
    random,       ///< one in `one_in`, with as many seeds as `rounds`
};

/// What the function did wrong.
enum class FailureVerdict : std::uint8_t {
    leaked,            ///< it did not free everything
    swallowed,         ///< it reported success although an allocation failed
    gave_up,           ///< it reported failure although only a resize or remap was refused
    nondeterministic,  ///< it does not make the same allocations each time, so nothing can be said
    terminated,        ///< the process died or exited, or the allocator found memory misused
    wrong,             ///< it says itself that something is wrong
    broken,            ///< it fails, leaks, dies or complains even when nothing is made to fail
};

/// The verdict as messages say it, such as "gave up". Static storage.
ZIGMUND_EXPORT [[nodiscard]] std::string_view to_string(FailureVerdict verdict) noexcept;

/// What a function may return that looks at its own work.
struct FailureJudgement {
    /// What the function reports.
    bool succeeded = true;
    /// What is wrong with what it made of the failure, as the end of a sentence: "the cache had 2 entries".
    /// The first kilobyte counts. Empty: nothing is.
    std::string complaint = {};
};

/// Designated initialisers: `check_all_allocation_failures(fn, {.mode = FailureMode::pairs})`.
struct FailureOptions {
    /// How many fail at a time, and which.
    FailureMode mode = FailureMode::one_shot;
    /// What fails. A refused resize or remap is no failure of the function: it must succeed all the same.
    FailingVerb verb = FailingVerb::allocate;
    /// The index at which to begin, to resume after a finding: of the allocation; for byte_budget and
    /// random, of the round.
    std::size_t first = 0;
    /// Findings after which to stop.
    std::size_t most_findings = 5;
    /// Success is right although an allocation failed: for code that does without the memory.
    bool may_swallow = false;
    /// For FailureMode::random.
    std::size_t rounds = 100;
    std::size_t one_in = 8;
    std::uint64_t seed = 1;
    /// False: call the function in this process. For code that fork() breaks, and to debug a finding.
    bool isolate = true;
    /// Where the memory comes from.
    Allocator upstream = heap();
};

/// One thing that is wrong, at one allocation.
struct FailureFinding {
    FailureVerdict verdict;  ///< what is wrong
    std::size_t index;       ///< what to pass as `first` to begin with it
    std::string text;        ///< the whole message, lines that end with '\n'
};

/// What check_all_allocation_failures() returns.
struct ZIGMUND_EXPORT FailureResult {
    std::size_t allocations = 0;  ///< that the function makes (or resizes, or remaps) when nothing fails
    std::size_t calls = 0;        ///< of the function
    std::vector<FailureFinding> findings;  ///< in the order of the indices

    /// Nothing was found.
    [[nodiscard]] bool ok() const noexcept { return findings.empty(); }
    /// The texts of all findings. Empty: ok.
    [[nodiscard]] std::string text() const;
};

namespace detail {
ZIGMUND_EXPORT [[nodiscard]] FailureResult check_all_failures(
    const std::function<FailureJudgement(Allocator)>& function, const FailureOptions& options);
}  // namespace detail

/// See above. `function(allocator)` is called many times; its result is destroyed before the leaks are
/// counted. Throws what std::vector and std::string throw, and std::system_error when no process can be
/// made.
template <std::invocable<Allocator> Function>
[[nodiscard]] FailureResult check_all_allocation_failures(Function&& function,
                                                          const FailureOptions& options = {}) {
    return detail::check_all_failures(
        [&function](Allocator a) -> FailureJudgement {
            using Returned = std::invoke_result_t<Function&, Allocator>;
            if constexpr (std::is_void_v<Returned>) {
                function(a);
                return {};
            } else if constexpr (std::same_as<std::remove_cvref_t<Returned>, FailureJudgement>) {
                return function(a);
            } else {
                const auto result = function(a);
                return {.succeeded = !alloc::detail::is_failure(result)};
            }
        },
        options);
}

}  // namespace zigmund::alloc::inline v0::testing
