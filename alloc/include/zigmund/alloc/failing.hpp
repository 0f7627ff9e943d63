// Failing: an upstream that refuses when it was told to.
//
//     Failing failing{heap(), {.at = 3}};             // the fourth allocation finds no memory
//     EXPECT_THROW(load(failing.allocator()), std::bad_alloc);
//     failing.failure()->size;                        // which one that was, and failing.failure_stack()
//
// For code that must survive running out of memory. To try each allocation of a function in turn, see
// <zigmund/alloc/testing/allocation_failures.hpp>.
//
// Threads: one at a time; for several, put a Locked on top. Cost: a few tests a call; the call stack is taken
// when a failure is induced. Never: allocates, keeps memory, fails on its own accord.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>

namespace zigmund::alloc::inline v0 {

/// The verbs that Failing counts, and may refuse.
enum class FailingVerb : std::uint8_t {
    allocate,  ///< a new block
    resize,    ///< another size in place
    remap,     ///< another size, elsewhere if need be
};

/// Which calls fail. Several conditions add up: a call fails if any of them holds.
struct FailingOptions {
    /// The index of no call.
    static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

    /// Only calls of this verb are counted, from 0, and may fail; all others pass.
    FailingVerb verb = FailingVerb::allocate;
    /// The call with this index fails.
    std::size_t at = never;
    /// And this one: for what happens on the way back from the first.
    std::size_t and_at = never;
    /// Every call after `at` fails as well.
    bool and_later = false;
    /// The calls that would take the bytes ever granted above this fail. A grown block counts what it grew
    /// by; nothing is given back.
    std::size_t byte_budget = never;
    /// One call in so many fails, at random; 0: none. The same seed picks the same ones.
    std::size_t one_in = 0;
    std::uint64_t seed = 1;
};

/// A call that Failing refused.
struct InducedFailure {
    FailingVerb verb;     ///< what was called
    std::size_t index;    ///< among the calls of its verb, from 0
    std::size_t size;     ///< asked for
    std::size_t align;    ///< asked for
    std::size_t granted;  ///< bytes that had been granted before it, as the budget counts them

    friend bool operator==(const InducedFailure&, const InducedFailure&) = default;
};

class ZIGMUND_EXPORT Failing final : public Resource {
  public:
    /// Passes to `upstream`, which must outlive it, what does not fail.
    explicit Failing(Allocator upstream, FailingOptions options = {}) noexcept
        : upstream_{upstream}, options_{options}, random_{options.seed} {}

    /// The value to pass around. It must not outlive this.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

    /// Calls of the chosen verb so far, those that failed included.
    [[nodiscard]] std::size_t calls() const noexcept { return calls_; }
    /// Calls that were refused here; what the upstream refused is not among them.
    [[nodiscard]] std::size_t failures() const noexcept { return failures_; }
    /// Bytes ever granted, as the budget counts them.
    [[nodiscard]] std::size_t granted_bytes() const noexcept { return granted_; }

    /// The first call that was refused here.
    [[nodiscard]] std::optional<InducedFailure> failure() const noexcept {
        return failures_ == 0 ? std::nullopt : std::optional{first_};
    }
    /// Where that was: lines such as `    #0 load(char const*) at cache.cpp:41`, innermost first, at most
    /// `frames` of them and of 32, those of the allocators left out. Empty: nothing failed. Takes the time
    /// of naming code addresses.
    [[nodiscard]] std::string failure_stack(unsigned frames = 16) const;

  private:
    static constexpr unsigned most_frames = 32;

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void* do_allocate(std::size_t size, std::size_t align) override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;

    bool fails(FailingVerb verb, std::size_t grows_by, std::size_t size, std::size_t align,
               const void* frame) noexcept;
    bool one_is_due() noexcept;
    void* allocate_from(const void* frame, std::size_t size, std::size_t align) noexcept;
    void grant(std::size_t bytes) noexcept { granted_ += bytes; }

    Allocator upstream_;
    FailingOptions options_;
    std::uint64_t random_;
    std::size_t calls_ = 0;
    std::size_t failures_ = 0;
    std::size_t granted_ = 0;
    InducedFailure first_{};
    // By value: the object may be read by another process than the one that failed.
    std::array<std::uintptr_t, most_frames> stack_{};
    std::size_t stack_size_ = 0;
};

}  // namespace zigmund::alloc::inline v0
