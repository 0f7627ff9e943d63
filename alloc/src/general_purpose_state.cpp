#include "general_purpose_state.hpp"

#include "process_books.hpp"

namespace zigmund::alloc::inline v0 {

using namespace detail;

namespace {

unsigned raw_depth(const GeneralPurposeOptions& options) noexcept {
    if (options.tier == Tier::counted || options.stack_frames == 0) return 0;
    return std::min(options.stack_frames, 32U) + plumbing_frames;
}

bool holds_back(const GeneralPurposeOptions& options) noexcept {
    // A checker's malloc holds freed memory back itself, and stops at reads of it as well.
    return (options.tier == Tier::traced || options.tier == Tier::guarded) && options.quarantine_bytes != 0 &&
           options.quarantine_blocks != 0 && !memory_checker::watches();
}

constinit std::atomic<std::uint64_t> next_number = 1;

}  // namespace

GeneralPurposeAllocator::State::State(const GeneralPurposeOptions& given,
                                      const Resource& used_through) noexcept
    : front{used_through},
      number{next_number.fetch_add(1, std::memory_order_relaxed)},
      options{given},
      holds_up_to{holds_back(given) ? given.quarantine_bytes : 0},
      depth{raw_depth(given)},
      traced{given.tier != Tier::counted},
      guards{given.tier == Tier::guarded || given.tier == Tier::sampled},
      samples{given.tier == Tier::sampled},
      limited{given.requested_memory_limit != SIZE_MAX},
      birth{now_seconds()},
      counters{holds_up_to, std::min(given.quarantine_blocks, Quarantine::capacity - 1)} {
    const std::string_view text = given.name.substr(0, name_buffer.size());
    text.copy(name_buffer.data(), text.size());
    options.name = {name_buffer.data(), text.size()};
    if (&options.backing.resource() == heap_calls.resource) {
        take = heap_calls.allocate;
        give = heap_calls.deallocate;
    }
}

bool GeneralPurposeAllocator::State::open() noexcept {
    keep_books_over_fork();
    if (!map.open() || !history.open() || counters.shard(shared_thread) == nullptr) return false;
    if (guards) {
        if (!guard_pages.open(options.guard_side, options.fenced_blocks, samples)) return false;
        catch_stopped_accesses();
    }
    const SpinGuard guard{all_states_lock};
    next = static_cast<State*>(all_states);
    self = reinterpret_cast<State**>(&all_states);
    if (next != nullptr) next->self = &next;
    all_states = this;
    return true;
}

GeneralPurposeAllocator::State::~State() {
    if (self == nullptr) return;
    const SpinGuard guard{all_states_lock};
    *self = next;
    if (next != nullptr) next->self = self;
}

// ---- over fork() ----

void GeneralPurposeAllocator::State::lock_all() noexcept {
    for (auto* state = static_cast<State*>(all_states); state != nullptr; state = state->next) {
        state->counters.shard(shared_thread)->lock.lock();
        state->guard_pages.lock().lock();
    }
}

void GeneralPurposeAllocator::State::unlock_all() noexcept {
    for (auto* state = static_cast<State*>(all_states); state != nullptr; state = state->next) {
        state->guard_pages.lock().unlock();
        state->counters.shard(shared_thread)->lock.unlock();
    }
}

struct OverFork {
    static void lock() noexcept { GeneralPurposeAllocator::State::lock_all(); }
    static void unlock() noexcept { GeneralPurposeAllocator::State::unlock_all(); }
};

void detail::lock_states() noexcept { OverFork::lock(); }
void detail::unlock_states() noexcept { OverFork::unlock(); }

}  // namespace zigmund::alloc::inline v0
