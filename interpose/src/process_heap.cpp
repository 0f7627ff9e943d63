#include "process_heap.hpp"

#include <zigmund/alloc/suppressions.hpp>

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "environment.hpp"
#include "own_pages.hpp"
#include "recorder.hpp"
#include "report_output.hpp"
#include "report_turn.hpp"
#include "stopped_threads.hpp"
#include "thread_cache.hpp"

// Of the linker: where this library begins and ends.
extern "C" [[gnu::visibility("hidden")]] const char __ehdr_start;  // NOLINT(bugprone-reserved-identifier)
extern "C" [[gnu::visibility("hidden")]] const char _end;          // NOLINT(bugprone-reserved-identifier)

namespace zigmund::alloc::inline v0::interpose {

constinit thread_local bool Aside::inside_ = false;
constinit thread_local bool Aside::stop_put_off_ = false;

void Aside::stand_still() noexcept {
    stop_put_off_ = false;
    stand_still_if_asked();
}

namespace {

enum class Phase : std::uint8_t { closed, opening, open };

/// An object that is never destroyed: the program frees memory to its very end.
template <class T>
union Everlasting {
    constexpr Everlasting() noexcept : none{} {}
    constexpr explicit Everlasting(std::in_place_t) noexcept : object{} {}
    ~Everlasting() {}
    char none;
    T object;
};

constinit Everlasting<SpanHeap> tracked_storage{std::in_place};
constinit Everlasting<SpanHeap> beside_storage{std::in_place};
constinit SpanHeap& tracked = tracked_storage.object;
constinit SpanHeap& beside = beside_storage.object;
constinit Everlasting<GeneralPurposeAllocator> storage;
constinit Options chosen;
constinit Phase phase = Phase::closed;
constinit GeneralPurposeAllocator* gpa = nullptr;
constinit bool only_served = false;  // the tier is off, and nothing is recorded
constinit std::atomic<std::size_t> error_count = 0;
constinit bool only_told = false;
constinit std::array<char, 256> name{};

constinit Everlasting<Suppressions> known;

void on_error(const MemoryError& error, void* /*context*/) {
    if (error.kind == MemoryErrorKind::size_overflow) return;  // malloc says so itself
    error_count.fetch_add(1, std::memory_order_relaxed);
    const detail::ReportTurn turn;  // who ends the process here never gives it back
    write_report(error.json.empty() ? error.message : error.json);
    if (only_told) return;
    if (chosen.after_error == AfterError::exit) end_process(chosen.exit_code != 0 ? chosen.exit_code : 1);
    if (chosen.after_error == AfterError::abort) std::abort();
}

void find_name() noexcept {
    std::array<char, 4096> path;
    const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
    std::string_view file =
        size > 0 ? std::string_view{path.data(), static_cast<std::size_t>(size)} : "program";
    file.remove_prefix(file.rfind('/') + 1);
    file.copy(name.data(), name.size() - 1);
}

void lock_heaps() noexcept {
    tracked.lock_all();
    beside.lock_all();
    lock_own_pages();
}

void unlock_heaps() noexcept {
    unlock_own_pages();
    beside.unlock_all();
    tracked.unlock_all();
}

/// `zigmund: leaks.txt:3: not a suppression: write leak:PATTERN`
void read_suppressions() noexcept {
    auto read = Suppressions::read(chosen.suppressions.c_str());
    if (read) {
        known.object = std::move(*read);
        return;
    }
    std::array<char, 4200> where{};
    const std::string_view file = chosen.suppressions.view();
    std::size_t size = file.copy(where.data(), where.size() - 32);
    if (read.error().line != 0) {
        where[size++] = ':';
        (void)std::to_chars(where.data() + size, where.data() + where.size() - 1, read.error().line);
    }
    fail(where.data(), read.error().reason);
}

/// The first call of the process; no other thread exists yet.
[[gnu::cold, gnu::noinline]] void open() noexcept {
    phase = Phase::opening;
    const Aside aside;
    if (!beside.open(std::size_t{4} << 30) || !tracked.open(std::size_t{256} << 30))
        fail("no address space for a heap");
    find_name();
    OptionError error;
    if (!parse_options(environment_variable(variable), chosen, error))
        fail("ZIGMUND_ALLOC", error.text.data());
    // Before the allocator's own: these locks are the inner ones, and handlers run last in, first out.
    (void)::pthread_atfork(lock_heaps, unlock_heaps, unlock_heaps);
    new (&known.object) Suppressions;
    if (!chosen.suppressions.empty()) read_suppressions();
    if (chosen.tier != Tier::off) {
        gpa = new (&storage.object) GeneralPurposeAllocator{{.tier = chosen.tier,
                                                             .backing = tracked,
                                                             .name = program_name(),
                                                             .stack_frames = chosen.frames,
                                                             .report_lines = chosen.lines,
                                                             .guard_side = chosen.side,
                                                             .sample_interval = chosen.interval,
                                                             .seed = chosen.seed,
                                                             .report_format = chosen.format,
                                                             .suppressions = known.object.patterns(),
                                                             .on_error = on_error}};
    }
    open_recorder();
    only_served = gpa == nullptr && !recording();
    phase = Phase::open;
}

bool samples() noexcept { return chosen.tier == Tier::sampled; }

[[gnu::cold, gnu::noinline]] void* allocate_aside(std::size_t size, std::size_t align) noexcept {
    if (phase == Phase::closed) open();
    return beside.try_allocate(size, align);
}

/// Keeps errno over what may ask the kernel for something.
class KeepErrno {
  public:
    KeepErrno() noexcept = default;
    KeepErrno(const KeepErrno&) = delete;
    KeepErrno& operator=(const KeepErrno&) = delete;
    ~KeepErrno() { errno = value_; }

  private:
    int value_ = errno;
};

}  // namespace

void open_process_heap() noexcept {
    if (phase == Phase::closed) open();
}

namespace {

/// A block of the tracker's, or of the heap below it.
void* obtain(std::size_t size, std::size_t align, Family family, const void* frame) noexcept {
    if (gpa == nullptr) [[unlikely]]
        return tracked.try_allocate(size, align);
    const Aside aside;
    return UnsizedAccess::allocate(*gpa, size, align, family, frame);
}

/// Gives back what is not of the heap beside.
void give_back(void* p, const UnsizedAccess::Claimed& claimed, const void* frame) noexcept {
    if (gpa == nullptr) [[unlikely]] {
        if (tracked.usable_size(p) != 0) tracked.deallocate(p, 0);
        return;
    }
    const Aside aside;
    if (samples() && UnsizedAccess::find(*gpa, p).address == nullptr && !UnsizedAccess::is_guarded(*gpa, p)) {
        if (tracked.usable_size(p) != 0) return tracked.deallocate(p, 0);
        return UnsizedAccess::report_unknown(*gpa, p, "free", frame);
    }
    UnsizedAccess::free(*gpa, p, claimed, frame);
}

/// A block that the trace has, or would have. Freed ones may look like it.
bool is_traceable(void* p) noexcept {
    if (beside.contains(p)) return false;
    if (gpa != nullptr && UnsizedAccess::find(*gpa, p).address != nullptr) return true;
    return (gpa == nullptr || samples()) && tracked.usable_size(p) != 0;
}

/// A call of this library's own: the C++ library in it has a pool for exceptions.
bool is_own_call(const void* frame) noexcept {
    const std::uintptr_t caller = static_cast<const std::uintptr_t*>(frame)[1];
    return caller >= reinterpret_cast<std::uintptr_t>(&__ehdr_start) &&
           caller < reinterpret_cast<std::uintptr_t>(&_end);
}

[[gnu::cold, gnu::noinline]] void* allocate_recorded(std::size_t size, std::size_t align, Family family,
                                                     const void* frame) noexcept {
    const Aside aside;
    if (is_own_call(frame)) return allocate_aside(size, align);
    void* const p = obtain(size, align, family, frame);
    if (p != nullptr) record_allocation(p, size, align, frame);
    return p;
}

void record_release(void* p) noexcept {
    const Aside aside;
    if (is_traceable(p)) record_free(p);
}

/// A block that realloc() left where it is.
void record_resized(void* p, std::size_t size) noexcept {
    if (!recording()) [[likely]]
        return;
    const Aside aside;
    record_resize(p, size);
}

/// What realloc() moves a block to; the trace has both ends of the move in one.
void* allocate_to_move(std::size_t size, const void* frame) noexcept {
    if (size > PTRDIFF_MAX) [[unlikely]]
        return nullptr;
    if (phase == Phase::opening || Aside::active()) [[unlikely]]
        return allocate_aside(size, default_align);
    const KeepErrno keep;
    return obtain(size, default_align, Family::malloc, frame);
}

/// Before the old block is given back.
void record_moved(void* from, void* to, std::size_t size, const void* frame) noexcept {
    if (!recording()) [[likely]]
        return;
    const Aside aside;
    const bool had = is_traceable(from);
    const bool has = !beside.contains(to);
    if (had && has) return record_move(from, to, size, frame);
    if (had) return record_free(from);
    if (has) record_allocation(to, size, default_align, frame);
}

}  // namespace

void* allocate(std::size_t size, std::size_t align, Family family, const void* frame) noexcept {
    if (only_served && align <= default_align)
        if (void* const p = ThreadCache::mine().allocate(tracked, size); p != nullptr) [[likely]]
            return p;
    if (size > PTRDIFF_MAX) [[unlikely]]
        return nullptr;
    if (phase == Phase::closed) [[unlikely]]
        open();
    if (phase == Phase::opening || Aside::active()) [[unlikely]]
        return allocate_aside(size, align);
    const KeepErrno keep;
    if (recording()) [[unlikely]]
        return allocate_recorded(size, align, family, frame);
    return obtain(size, align, family, frame);
}

void release(void* p, const UnsizedAccess::Claimed& claimed, const void* frame) noexcept {
    if (p == nullptr) return;
    if (only_served && ThreadCache::mine().deallocate(tracked, p)) [[likely]]
        return;
    const KeepErrno keep;
    if (beside.contains(p)) [[unlikely]] {
        const Aside aside;  // a handler that ends the process here must not ask that heap for memory
        return beside.deallocate(p, 0);
    }
    open_process_heap();
    if (recording()) [[unlikely]]
        record_release(p);
    give_back(p, claimed, frame);
}

std::size_t usable_size(void* p) noexcept {
    if (p == nullptr) return 0;
    if (beside.contains(p)) [[unlikely]]
        return beside.usable_size(p);
    if (gpa != nullptr) {
        if (const auto block = UnsizedAccess::find(*gpa, p); block.address != nullptr) return block.size;
        if (!samples()) return 0;
    }
    return tracked.usable_size(p);
}

bool is_zeroed(const void* p, std::size_t size) noexcept {
    constexpr std::size_t least = 256 << 10;  // below it a span may hold several blocks
    return size >= least && tracked.contains(p) && tracked.is_zeroed(p);
}

namespace {

/// realloc() of a live block that the tracker knows. Errors are told once; the content is kept in any case.
void* reallocate_tracked(void* p, std::size_t size, const void* frame) noexcept {
    UnsizedAccess::Settled found;
    {
        const KeepErrno keep;
        const Aside aside;
        found = UnsizedAccess::settle(*gpa, p, frame);
        if (found.block.address == nullptr) return nullptr;
        if (found.is_whole && size <= PTRDIFF_MAX && UnsizedAccess::resize(*gpa, found.block, size, frame)) {
            record_resized(p, size);
            return p;
        }
    }
    void* const moved = allocate_to_move(size, frame);
    if (moved == nullptr) return nullptr;
    // Of a block of which nobody knows for sure how large it is, all that it may have.
    std::memcpy(moved, p, std::min(size, found.has_place ? found.block.size : tracked.room_from(p)));
    record_moved(p, moved, size, frame);
    const KeepErrno keep;
    if (found.has_place) {
        give_back(p, {.family = Family::malloc}, frame);
    } else {
        const Aside aside;
        UnsizedAccess::abandon(*gpa, found.block, frame);
    }
    return moved;
}

}  // namespace

void* reallocate(void* p, std::size_t size, const void* frame) noexcept {
    if (p == nullptr) return allocate(size, default_align, Family::malloc, frame);
    open_process_heap();
    if (gpa != nullptr && !beside.contains(p)) {
        if (UnsizedAccess::find(*gpa, p).address != nullptr) return reallocate_tracked(p, size, frame);
        if (!samples() || tracked.usable_size(p) == 0) {
            const KeepErrno keep;
            const Aside aside;
            UnsizedAccess::report_unknown(*gpa, p, "realloc", frame);
            return nullptr;
        }
    }
    const std::size_t old_size = usable_size(p);
    if (old_size == 0) return nullptr;
    if (gpa == nullptr && size <= old_size && size >= old_size / 2) {
        if (!beside.contains(p)) record_resized(p, size);
        return p;
    }
    void* const moved = allocate_to_move(size, frame);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, p, std::min(size, old_size));
    record_moved(p, moved, size, frame);
    const KeepErrno keep;
    if (beside.contains(p)) {
        const Aside aside;
        beside.deallocate(p, 0);
    } else {
        give_back(p, {.family = Family::malloc}, frame);
    }
    return moved;
}

void end_thread() noexcept {
    if (only_served) ThreadCache::mine().empty(tracked);
}

const Options& options() noexcept { return chosen; }
GeneralPurposeAllocator* tracker() noexcept { return gpa; }
const SpanHeap& tracked_memory() noexcept { return tracked; }
const SpanHeap& untracked_memory() noexcept { return beside; }
std::size_t errors() noexcept { return error_count.load(std::memory_order_relaxed); }
void tell_errors_only() noexcept { only_told = true; }
std::string_view program_name() noexcept { return name.data(); }

}  // namespace zigmund::alloc::inline v0::interpose
