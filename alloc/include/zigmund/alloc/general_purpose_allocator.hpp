// GeneralPurposeAllocator: long-lived memory, every block of it accounted for.
//
//     zigmund::alloc::GeneralPurposeAllocator gpa{{.name = "application"}};
//     run(gpa.allocator());
//     return gpa.deinit() == zigmund::alloc::LeakCheck::ok ? 0 : 1;
//
// Each block comes from the backing with 32 bytes before it and at least 8 behind it that nobody may write,
// and is entered, by its address, into a map beside the memory. Whatever is wrong with a pointer that comes
// back is told from that map, without touching what it points at. How much is tracked is the tier's choice.
// Who names no tier gets `traced` in a debug build and `off`, the backing itself, with NDEBUG: a program that
// wants its leaks named in release, as the one above does, adds `.tier = Tier::traced`.
//
// Threads: any, at the same time, as far as the backing allows; a block may be freed by another thread than
// the one that made it. Counters that are read while other threads allocate lag behind by what those are
// doing. A child of fork() goes on with a copy. Cost: see Tier; the books take no lock that threads share,
// and of memory at most 64 bytes a block: 48 around it, and 16 in a map. Never: moves a block, keeps a page
// table in motion, uses the backing for its own books, touches the memory behind a pointer that it does not
// know.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/report_format.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace zigmund::alloc::inline v0 {

/// What deinit() found.
enum class LeakCheck : std::uint8_t { ok, leak };

/// How much is tracked. What each costs, `make bench` prints.
enum class Tier : std::uint8_t {
    off,      ///< nothing: allocator() is the backing itself, all counters stay 0, no other option counts
    sampled,  ///< one block in sample_interval as if guarded, the others are the backing's own; the
              ///< counters and the leak report know the sampled ones
    counted,  ///< live, peak, total; leaks without stacks; canaries; sizes and alignments
    traced,   ///< and stacks, ages, and freed memory held back to catch late writes
    guarded,  ///< every block on pages of its own next to a guard page, freed pages fenced: any access
              ///< outside or after free stops at that instruction, and the block's whole story is told. From
              ///< the 1,000,000th live block on (before Linux 6.13: the 28,000th), and above 2 GiB or a
              ///< page's alignment, as traced
};

/// That of options that name none. Not inline: files compiled with and without NDEBUG may meet in one
/// program, and each has its own.
#if defined(NDEBUG)
constexpr Tier default_tier = Tier::off;
#else
constexpr Tier default_tier = Tier::traced;
#endif

/// Where the guard page of a guarded or sampled block lies.
enum class GuardSide : std::uint8_t { after, before };

/// What a program did wrong with its memory.
enum class MemoryErrorKind : std::uint8_t {
    double_free,         ///< the block was given back before
    use_after_free,      ///< bytes of a block were written after it was given back
    foreign_pointer,     ///< no block of this allocator begins there, and none contains it
    wrong_allocator,     ///< a block of another GeneralPurposeAllocator, which is named
    interior_pointer,    ///< points into a block, not at its beginning
    size_mismatch,       ///< given back, resized or remapped with another size than it has
    alignment_mismatch,  ///< the same with another alignment
    family_mismatch,     ///< given back by other means than it was made: new[] and free, malloc and delete
    buffer_overflow,     ///< bytes behind the block were written
    buffer_underflow,    ///< bytes before the block were written
    use_after_deinit,    ///< the allocator was used after its deinit()
    size_overflow,       ///< more was asked for than an address space holds; told to on_error only
};

/// The kind as the report's first line says it, such as "double free". Static storage.
ZIGMUND_EXPORT [[nodiscard]] std::string_view to_string(MemoryErrorKind kind) noexcept;

/// One diagnosis, as a handler gets it.
struct MemoryError {
    MemoryErrorKind kind;      ///< what was done
    const void* address;       ///< the pointer that was passed in; do not follow it
    std::size_t size;          ///< of the block that it concerns; 0: not known
    std::string_view message;  ///< the whole report, lines that end with '\n'; lives during the call
    std::string_view json;     ///< the same as a line of JSON, with ReportFormat::json; otherwise empty
};

/// Designated initialisers: `GeneralPurposeAllocator gpa{{.name = "cache"}};`
struct GeneralPurposeOptions {
    /// How much is tracked. By default `off` with NDEBUG, `traced` without.
    Tier tier = default_tier;
    /// Where the memory comes from. It must outlive the allocator.
    Allocator backing = heap();
    /// Begins each message: `zigmund: NAME: ...`. Copied; the first 47 bytes count.
    std::string_view name = "gpa";
    /// Frames that a report shows of a stack, 0 to 32; 0: stacks are not taken.
    unsigned stack_frames = 8;
    /// Lines that a report of blocks takes at most as text, at least 8; what it leaves out is counted in the
    /// last. 0: as many as it takes.
    unsigned report_lines = 24;
    /// Live bytes, as users ask for them, beyond which an allocation fails. Exact, also between threads,
    /// which then share one counter.
    std::size_t requested_memory_limit = SIZE_MAX;
    /// traced: freed memory that each thread holds back, filled with a pattern that is checked before it goes
    /// on to the backing, and in how many blocks (at most 4096). A block larger than that many bytes is
    /// not held. 0: none is.
    std::size_t quarantine_bytes = std::size_t{1} << 20;
    std::size_t quarantine_blocks = 512;
    /// guarded, sampled: freed blocks whose pages stay fenced.
    std::size_t fenced_blocks = 1024;
    /// guarded, sampled: which step out of a block stops at once. The other is found when the block is freed.
    GuardSide guard_side = GuardSide::after;
    /// sampled: one block in so many on average, chosen at random from `seed` and the thread's number. The
    /// same program with the same seed samples the same blocks. A sample takes some ten microseconds: one in
    /// 10'000 makes the heap slower by a quarter, one in 100'000 by less than the clock can tell.
    std::size_t sample_interval = 100'000;
    std::uint64_t seed = 1;
    /// File descriptor for reports: standard error.
    int report_descriptor = 2;
    /// How deinit() and report_live() write what they have to say of the blocks. With json, errors are lines
    /// of JSON as well; the other formats know none, and errors are text.
    ReportFormat report_format = ReportFormat::text;
    /// A file that they write to instead of the descriptor; made, or emptied before. It must outlive the
    /// allocator. One that cannot be opened is named on the descriptor, which gets the report.
    const char* report_path = nullptr;
    /// Leaks that are known, as <zigmund/alloc/suppressions.hpp> says: a block is left out, and counted as
    /// suppressed, when a pattern matches the function, the file or the module of a frame of its stack. They
    /// must outlive the allocator. Without stacks nothing is suppressed.
    std::span<const std::string_view> suppressions = {};
    /// deinit() also says that nothing leaked:
    /// `zigmund: NAME: no leaks (peak 12.3 KiB live, 214 allocations)`; in the other formats, a report
    /// without call sites.
    bool report_when_clean = false;
    /// Gets each error instead of the default, which writes the message to the report descriptor and
    /// aborts (size_overflow, which only lets the allocation fail, is told to nobody then). It may not
    /// allocate from this allocator. When it returns, the faulty call goes on as far as it is safe: a pointer
    /// that is not a live block is left alone; a live one is freed by what the allocator knows of it. An
    /// access that a guard page stopped is told from within the handler of SIGSEGV, and then goes to the handler
    /// that was there before, which by default ends the process. Threads may call it at the same time.
    void (*on_error)(const MemoryError& error, void* context) = nullptr;
    void* on_error_context = nullptr;
};

/// A moment in an allocator's life, as mark() names it. By default its beginning.
class Mark {
    friend class GeneralPurposeAllocator;
    std::uint32_t number_ = 0;
};

class Snapshot;

class ZIGMUND_EXPORT GeneralPurposeAllocator final : public Resource {
  public:
    /// Throws std::bad_alloc when the kernel has no address space for the books; never with Tier::off.
    explicit GeneralPurposeAllocator(GeneralPurposeOptions options = {});
    /// deinit(), if nobody called it.
    ~GeneralPurposeAllocator() override;

    /// The value to pass around; valid until deinit(). With Tier::off it is the backing.
    [[nodiscard]] Allocator allocator() noexcept { return handed_out_; }

    /// Ends the allocator: reports each block that is still live, grouped by the call that made it, largest
    /// first, gives their memory back, and says whether there were any. Blocks that are older than the mark,
    /// and those that are suppressed, are no leaks; the report counts them apart. Later calls return the same
    /// and do nothing. No other thread may use the allocator at that time. The report begins with
    /// `zigmund: NAME: leak: 192 bytes in 3 blocks from 1 call site`.
    LeakCheck deinit(Mark since = {}) noexcept;

    /// This moment: blocks that are made from now on are newer than the mark. Blocks that other threads are
    /// making meanwhile may count as either. O(1). The 1,048,575th mark and all later ones are the same.
    [[nodiscard]] Mark mark() noexcept;

    /// Reports the blocks that are live, in the same way as deinit() would, and goes on; says how many there
    /// were, suppressed ones not counted. Other threads may use the allocator: what they do meanwhile is told
    /// or not. Linear in the blocks. The report begins with
    /// `zigmund: NAME: live: 192 bytes in 3 blocks from 1 call site`.
    std::size_t report_live(Mark since = {}) noexcept;

    /// What is live now, by call site: to be compared with a later one by diff(), both of
    /// <zigmund/alloc/snapshot.hpp>. Other threads may use the allocator: what they do meanwhile is in it or
    /// not. Without stacks, blocks of one size are one call site; of a sampled allocator it knows the
    /// samples. Throws std::bad_alloc. Linear in the blocks.
    [[nodiscard]] Snapshot snapshot() const;

    /// Examines every live block for writes outside of it, and all freed memory that is held back for writes
    /// into it, and reports each. Returns how many it found; 0: none. Linear in the blocks and in the bytes
    /// held back. No other thread may use the allocator at that time.
    std::size_t check() noexcept;

    /// Bytes that users hold now, as they asked for them. O(threads).
    [[nodiscard]] std::size_t live_bytes() const noexcept;
    /// Blocks that users hold now. O(threads).
    [[nodiscard]] std::size_t live_blocks() const noexcept;
    /// The most bytes that were live at once. Exact for one thread; with several it may be off by 64 KiB for
    /// each thread but one. O(threads).
    [[nodiscard]] std::size_t peak_bytes() const noexcept;
    /// Allocations that succeeded since the start. O(threads).
    [[nodiscard]] std::uint64_t total_allocations() const noexcept;

  private:
    struct State;
    friend struct StoppedAccess;
    friend struct UnsizedAccess;
    friend struct OverFork;

    /// Tells of the block that a stopped access at `address` concerns. `ends`: the process ends after it.
    static void report_stopped(const void* address, std::string_view access, std::uintptr_t pc,
                               bool ends) noexcept;
    /// Whether an allocator of this process has pages of blocks at `address`.
    static bool guards(const void* address) noexcept;

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void* do_allocate(std::size_t size, std::size_t align) override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;

    State* state_;              // null: Tier::off
    std::uint64_t number_ = 0;  // of the books, for the threads that write in them last; 0: nobody does
    Allocator handed_out_;
};

}  // namespace zigmund::alloc::inline v0
