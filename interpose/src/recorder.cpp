#include "recorder.hpp"

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <new>

#include "page_memory.hpp"
#include "process_heap.hpp"
#include "report_output.hpp"
#include "site_names.hpp"
#include "spin_lock.hpp"
#include "stack_depot.hpp"
#include "thread_context.hpp"
#include "trace_file.hpp"
#include "trace_format.hpp"

namespace zigmund::alloc::inline v0::interpose {

constinit const std::atomic<bool>* recorder_on = nullptr;

namespace {

namespace format = replay::format;
using format::Kind;

constexpr std::uint32_t no_thread = UINT32_MAX;

struct alignas(128) Writer {
    detail::SpinLock lock;
    std::uint32_t thread = no_thread;  // of the last record
    std::byte* chunk = nullptr;
    std::size_t used = 0;
    std::uint64_t order = 0;
    std::int64_t address = 0;  // divided by 16: a search for pointers finds none here
};

/// All zero in a child of fork().
struct Recorder {
    std::atomic<bool> on;
    std::atomic<bool> ended;
    std::atomic<std::uint64_t> order;  // of the last operation
    std::uint64_t limit;               // of the operations: behind it are the names
    pid_t process;
    detail::SpinLock file_lock;
    TraceFile file;
    format::Head* head;
    std::array<Writer, format::writers> writers;
    SeenStacks seen;
};

constinit Recorder* recorder = nullptr;
void stop(format::End why, std::string_view note, std::string_view reason = {}) noexcept {
    if (!recorder->on.exchange(false)) return;
    recorder->head->end = why;
    std::array<char, 4400> text{};
    std::size_t size = note.copy(text.data(), text.size() - 128);
    size += reason.copy(text.data() + size, 120);
    text[size] = '\n';
    write_note(text.data());
}

/// With the kind of size that it is: MiB, unless it is no whole number of them.
void stop_at_limit() noexcept {
    const std::uint64_t limit = recorder->file.limit();
    const bool is_whole = limit % (1U << 20) == 0;
    std::array<char, 96> note{};
    std::size_t size =
        std::string_view{"the trace ends here: it has its greatest size, "}.copy(note.data(), 64);
    size = static_cast<std::size_t>(
        std::to_chars(note.data() + size, note.data() + 80, limit >> (is_whole ? 20 : 10)).ptr - note.data());
    std::string_view{is_whole ? " MiB" : " KiB"}.copy(note.data() + size, 8);
    stop(format::End::limit, note.data());
}

/// A chunk with room for any record, for who holds the file's lock. False: errno says why.
bool begin_chunk(Writer& writer, std::uint64_t limit) noexcept {
    void* const chunk = recorder->file.next_chunk(limit);
    if (chunk == nullptr) return false;
    if (writer.chunk != nullptr) (void)::munmap(writer.chunk, format::chunk_bytes);
    writer.chunk = new (chunk) std::byte[format::chunk_bytes];
    writer.used = sizeof(format::ChunkHead);
    writer.thread = no_thread;
    writer.address = 0;
    new (chunk) format::ChunkHead{.magic = format::chunk_magic, .reserved = 0, .before = writer.order};
    return true;
}

/// The same for who holds the writer's lock. False: recording has ended.
bool open_chunk(Writer& writer) noexcept {
    {
        const detail::SpinGuard guard{recorder->file_lock};
        if (begin_chunk(writer, recorder->limit)) return true;
    }
    if (errno == EFBIG) {
        stop_at_limit();
    } else {
        stop(format::End::no_space, "the trace ends here: ", ::strerrordesc_np(errno));
    }
    return false;
}

/// Behind the last record is a zero.
bool has_room(const Writer& writer, std::size_t size) noexcept {
    return writer.chunk != nullptr && format::chunk_bytes - writer.used >= format::most_record + size + 1;
}

/// One record: its numbers, then, in the destructor, the byte that makes it one.
class Record {
  public:
    Record(Writer& writer, Kind kind, unsigned flags = 0) noexcept
        : writer_{writer},
          first_{static_cast<std::byte>(static_cast<unsigned>(kind) | flags)},
          at_{writer.chunk + writer.used + 1} {}
    Record(const Record&) = delete;
    Record& operator=(const Record&) = delete;
    ~Record() {
        std::atomic_ref<unsigned char>{reinterpret_cast<unsigned char&>(writer_.chunk[writer_.used])}.store(
            static_cast<unsigned char>(first_), std::memory_order_release);
        writer_.used = static_cast<std::size_t>(at_ - writer_.chunk);
    }

    Record& order() noexcept {
        const std::uint64_t now = recorder->order.fetch_add(1, std::memory_order_acq_rel) + 1;
        number(now - writer_.order);
        writer_.order = now;
        return *this;
    }
    Record& address(const void* p) noexcept {
        const auto now = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(p) / 16);
        number(format::fold_sign(now - writer_.address));
        writer_.address = now;
        return *this;
    }
    Record& number(std::uint64_t value) noexcept {
        at_ = format::put_number(at_, value);
        return *this;
    }
    Record& text(std::string_view words) noexcept {
        std::memcpy(at_, words.data(), words.size());
        at_ += words.size();
        return *this;
    }

  private:
    Writer& writer_;
    std::byte first_;
    std::byte* at_;
};

/// Calls `write(writer)` with room for a record, after one that names this thread.
template <class Write>
void with_writer(Write&& write) noexcept {
    const std::uint32_t thread = detail::thread_context().number;
    Writer& writer = recorder->writers[thread % format::writers];
    const detail::SpinGuard guard{writer.lock};
    if (!recording()) return;
    if (!has_room(writer, 0) && !open_chunk(writer)) return;
    if (writer.thread != thread) {
        Record{writer, Kind::thread}.number(thread);
        writer.thread = thread;
    }
    write(writer);
}

detail::StackId site_of(const void* frame) noexcept {
    if (!options().trace_sites) return 0;
    const detail::StackId stack = detail::capture_stack(frame, options().frames);
    recorder->seen.add(stack);
    return stack;
}

/// Waits for locks, a second in all: the thread that has one may have been stopped by a signal's handler, which
/// waits for the end of the process.
class Patience {
  public:
    /// True: it is locked now.
    [[nodiscard]] bool take(detail::SpinLock& lock) noexcept {
        while (!lock.try_lock()) {
            if (now() > end_) return false;
            (void)::sched_yield();
        }
        return true;
    }

  private:
    static std::uint64_t now() noexcept {
        struct timespec time{};
        (void)::clock_gettime(CLOCK_MONOTONIC, &time);
        return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
               static_cast<std::uint64_t>(time.tv_nsec);
    }
    std::uint64_t end_ = now() + 1'000'000'000U;
};

/// In chunks of their own, so that no thread is waited for; the file's lock is held.
void name_sites() noexcept {
    Writer writer;
    bool has_place = true;
    recorder->seen.for_each([&](const SeenStack& seen) noexcept {
        if (!has_place) return;
        const SiteName name{seen};
        const std::string_view text = name.text();
        has_place = has_room(writer, text.size()) || begin_chunk(writer, recorder->file.limit());
        if (has_place) Record{writer, Kind::name}.number(seen.stack).number(text.size()).text(text);
    });
}

}  // namespace

void open_recorder() noexcept {
    if (options().trace.empty()) return;
    void* const page = detail::map_pages(sizeof(Recorder));
    if (page == nullptr || ::madvise(page, sizeof(Recorder), MADV_WIPEONFORK) != 0)
        fail("trace", "the kernel has no page that a fork does not see");
    recorder = new (page) Recorder{};
    recorder->head = recorder->file.open();
    recorder->limit = recorder->file.limit();
    if (options().trace_sites) {
        const std::uint64_t least = format::head_bytes + format::chunk_bytes;
        const std::uint64_t names = std::max<std::uint64_t>(recorder->limit / 8, format::chunk_bytes);
        recorder->limit = std::max(recorder->limit - names, least);
    }
    recorder->process = ::getpid();
    recorder->on.store(true);
    recorder_on = &recorder->on;
}

void record_allocation(const void* p, std::size_t size, std::size_t align, const void* frame) noexcept {
    const detail::StackId site = site_of(frame);
    const bool aligned = align != format::usual_align;
    with_writer([&](Writer& writer) noexcept {
        Record record{writer, Kind::allocate,
                      (aligned ? format::has_alignment : 0) | (site != 0 ? format::has_site : 0)};
        record.order().address(p).number(size);
        if (aligned) record.number(static_cast<std::uint64_t>(std::countr_zero(align)));
        if (site != 0) record.number(site);
    });
}

void record_free(const void* p) noexcept {
    with_writer([&](Writer& writer) noexcept { Record{writer, Kind::free}.order().address(p); });
}

void record_resize(const void* p, std::size_t size) noexcept {
    with_writer(
        [&](Writer& writer) noexcept { Record{writer, Kind::resize}.order().address(p).number(size); });
}

void record_move(const void* from, const void* to, std::size_t size, const void* frame) noexcept {
    const detail::StackId site = site_of(frame);
    with_writer([&](Writer& writer) noexcept {
        Record record{writer, Kind::move, site != 0 ? format::has_site : 0};
        record.order().address(from).address(to).number(size);
        if (site != 0) record.number(site);
    });
}

void end_recording() noexcept {
    if (recorder == nullptr || recorder->process != ::getpid() || recorder->ended.exchange(true)) return;
    const bool was_on = recorder->on.exchange(false);
    Patience patience;
    bool is_whole = true;
    for (Writer& writer : recorder->writers) {
        if (patience.take(writer.lock)) {
            writer.lock.unlock();
        } else {
            is_whole = false;
        }
    }
    if (!patience.take(recorder->file_lock)) return;
    name_sites();
    recorder->file_lock.unlock();
    if (was_on && is_whole) recorder->head->end = format::End::exited;
}

}  // namespace zigmund::alloc::inline v0::interpose
