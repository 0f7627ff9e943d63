#include "recorder.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <new>

#include "file_name.hpp"
#include "page_memory.hpp"
#include "process_heap.hpp"
#include "report_output.hpp"
#include "site_names.hpp"
#include "spin_lock.hpp"
#include "stack_depot.hpp"
#include "thread_context.hpp"
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
    std::atomic<std::uint64_t> order;     // of the last operation
    std::atomic<std::uint64_t> file_end;  // chunks before it are somebody's
    std::uint64_t limit;
    pid_t process;
    detail::SpinLock file_lock;  // of the descriptor
    int descriptor;
    struct stat file;
    format::Head* head;
    std::array<Writer, format::writers> writers;
    SeenStacks seen;
};

constinit Recorder* recorder = nullptr;
constinit FileName path{};

/// The program may have closed the descriptor, and have another file there by now. Below 0: it is gone.
int descriptor_of_file() noexcept {
    struct stat now{};
    const auto same = [&now](int descriptor) noexcept {
        return ::fstat(descriptor, &now) == 0 && now.st_dev == recorder->file.st_dev &&
               now.st_ino == recorder->file.st_ino;
    };
    if (same(recorder->descriptor)) return recorder->descriptor;
    const int opened = ::open(path.data(), O_RDWR | O_CLOEXEC);
    if (opened < 0) return -1;
    if (!same(opened)) {
        (void)::close(opened);
        errno = ENOENT;
        return -1;
    }
    return recorder->descriptor = opened;
}

/// Makes the disk's blocks before they are written: a page of a mapping that the disk has no room for is a
/// signal. False: errno says why.
bool reserve(int descriptor, std::uint64_t begin, std::uint64_t size) noexcept {
    if (::fallocate(descriptor, 0, static_cast<off_t>(begin), static_cast<off_t>(size)) == 0) return true;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return false;
    static constexpr std::array<std::byte, 4096> zeros{};
    for (std::uint64_t done = 0; done < size; done += zeros.size()) {
        const ssize_t written =
            ::pwrite(descriptor, zeros.data(), zeros.size(), static_cast<off_t>(begin + done));
        if (written >= 0 && written < static_cast<ssize_t>(zeros.size())) errno = ENOSPC;
        if (written != static_cast<ssize_t>(zeros.size())) return false;
    }
    return true;
}

void stop(format::End why, std::string_view note, std::string_view reason = {}) noexcept {
    if (!recorder->on.exchange(false)) return;
    recorder->head->end = why;
    std::array<char, 4400> text{};
    std::size_t size = note.copy(text.data(), text.size() - 128);
    size += reason.copy(text.data() + size, 120);
    text[size] = '\n';
    write_note(text.data());
}

/// A chunk with room for any record, for who holds the writer's lock. False: recording has ended.
bool open_chunk(Writer& writer) noexcept {
    const std::uint64_t begin = recorder->file_end.fetch_add(format::chunk_bytes);
    if (begin + format::chunk_bytes > recorder->limit) {
        std::array<char, 96> note{};
        std::size_t size =
            std::string_view{"the trace ends here: it has its greatest size, "}.copy(note.data(), 64);
        size = static_cast<std::size_t>(
            std::to_chars(note.data() + size, note.data() + 80, recorder->limit >> 20).ptr - note.data());
        std::string_view{" MiB"}.copy(note.data() + size, 8);
        stop(format::End::limit, note.data());
        return false;
    }
    void* chunk = MAP_FAILED;
    {
        const detail::SpinGuard guard{recorder->file_lock};
        const int descriptor = descriptor_of_file();
        if (descriptor >= 0 && reserve(descriptor, begin, format::chunk_bytes))
            chunk = ::mmap(nullptr, format::chunk_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor,
                           static_cast<off_t>(begin));
    }
    if (chunk == MAP_FAILED) {
        stop(format::End::no_space, "the trace ends here: ", ::strerrordesc_np(errno));
        return false;
    }
    if (writer.chunk != nullptr) (void)::munmap(writer.chunk, format::chunk_bytes);
    writer.chunk = new (chunk) std::byte[format::chunk_bytes];
    writer.used = sizeof(format::ChunkHead);
    writer.thread = no_thread;
    writer.address = 0;
    new (chunk) format::ChunkHead{.magic = format::chunk_magic, .reserved = 0, .before = writer.order};
    return true;
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

/// Calls `write(writer)` with room for a record of `size` bytes, after one that names this thread.
template <class Write>
void with_writer(std::size_t size, Write&& write) noexcept {
    const std::uint32_t thread = detail::thread_context().number;
    Writer& writer = recorder->writers[thread % format::writers];
    const detail::SpinGuard guard{writer.lock};
    if (!recording()) return;
    const std::size_t room = writer.chunk == nullptr ? 0 : format::chunk_bytes - writer.used;
    // Behind the last record is a zero.
    if (room < format::most_record + size + 1 && !open_chunk(writer)) return;
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

[[noreturn]] void fail_to_open(int error) noexcept {
    std::array<char, 4300> where{};
    const std::size_t size = std::string_view{"cannot write the trace to "}.copy(where.data(), 64);
    options().trace.view().copy(where.data() + size, where.size() - size - 1);
    fail(where.data(), ::strerrordesc_np(error));
}

void open_file() noexcept {
    FileName pattern;
    int error = absolute_file_name(options().trace.view(), pattern);
    if (error == 0) error = expand_file_name(pattern.data(), path);
    if (error != 0) fail_to_open(error);
    const int file = ::open(path.data(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) fail_to_open(errno);
    if (::fstat(file, &recorder->file) != 0) fail_to_open(errno);
    if (!S_ISREG(recorder->file.st_mode)) fail_to_open(EINVAL);
    // High up, where a program that counts its descriptors from below does not look.
    recorder->descriptor = ::fcntl(file, F_DUPFD_CLOEXEC, 1001);
    if (recorder->descriptor < 0) recorder->descriptor = ::fcntl(file, F_DUPFD_CLOEXEC, 101);
    if (recorder->descriptor < 0) fail_to_open(errno);
    (void)::close(file);
    if (!reserve(recorder->descriptor, 0, format::head_bytes)) fail_to_open(errno);
    void* const head =
        ::mmap(nullptr, format::head_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, recorder->descriptor, 0);
    if (head == MAP_FAILED) fail_to_open(errno);
    recorder->head = new (head) format::Head{.magic = format::magic,
                                             .version = format::version,
                                             .end = format::End::killed,
                                             .has_sites = options().trace_sites ? 1U : 0U,
                                             .reserved = 0,
                                             .program = {}};
    program_name().copy(recorder->head->program.data(), recorder->head->program.size() - 1);
}

}  // namespace

void open_recorder() noexcept {
    if (options().trace.empty()) return;
    void* const page = detail::map_pages(sizeof(Recorder));
    if (page == nullptr || ::madvise(page, sizeof(Recorder), MADV_WIPEONFORK) != 0)
        fail("trace", "the kernel has no page that a fork does not see");
    recorder = new (page) Recorder{};
    open_file();
    recorder->limit = std::uint64_t{options().trace_limit} << 20;
    // What exceeds this one is a signal.
    struct rlimit most{};
    if (::getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur != RLIM_INFINITY)
        recorder->limit = std::min<std::uint64_t>(recorder->limit, most.rlim_cur);
    recorder->file_end.store(format::head_bytes);
    recorder->process = ::getpid();
    recorder->on.store(true);
    recorder_on = &recorder->on;
}

void record_allocation(const void* p, std::size_t size, std::size_t align, const void* frame) noexcept {
    const detail::StackId site = site_of(frame);
    const bool aligned = align != format::usual_align;
    with_writer(0, [&](Writer& writer) noexcept {
        Record record{writer, Kind::allocate,
                      (aligned ? format::has_alignment : 0) | (site != 0 ? format::has_site : 0)};
        record.order().address(p).number(size);
        if (aligned) record.number(static_cast<std::uint64_t>(std::countr_zero(align)));
        if (site != 0) record.number(site);
    });
}

void record_free(const void* p) noexcept {
    with_writer(0, [&](Writer& writer) noexcept { Record{writer, Kind::free}.order().address(p); });
}

void record_resize(const void* p, std::size_t size) noexcept {
    with_writer(
        0, [&](Writer& writer) noexcept { Record{writer, Kind::resize}.order().address(p).number(size); });
}

void record_move(const void* from, const void* to, std::size_t size, const void* frame) noexcept {
    const detail::StackId site = site_of(frame);
    with_writer(0, [&](Writer& writer) noexcept {
        Record record{writer, Kind::move, site != 0 ? format::has_site : 0};
        record.order().address(from).address(to).number(size);
        if (site != 0) record.number(site);
    });
}

void end_recording() noexcept {
    if (!recording() || recorder->process != ::getpid()) return;
    recorder->seen.for_each([](detail::StackId stack) noexcept {
        const SiteName name{stack};
        with_writer(name.text().size(), [&](Writer& writer) noexcept {
            Record{writer, Kind::name}.number(stack).number(name.text().size()).text(name.text());
        });
    });
    if (!recorder->on.exchange(false)) return;
    for (Writer& writer : recorder->writers) const detail::SpinGuard waits{writer.lock};
    recorder->head->end = format::End::exited;
}

}  // namespace zigmund::alloc::inline v0::interpose
