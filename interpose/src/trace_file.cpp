#include "trace_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <new>

#include "file_name.hpp"
#include "high_descriptor.hpp"
#include "process_heap.hpp"
#include "report_output.hpp"

namespace zigmund::alloc::inline v0::interpose {
namespace {

namespace format = replay::format;

constinit FileName path{};

[[noreturn]] void fail_to_open(int error) noexcept {
    std::array<char, 4300> where{};
    const std::size_t size = std::string_view{"cannot write the trace to "}.copy(where.data(), 64);
    options().trace.view().copy(where.data() + size, where.size() - size - 1);
    fail(where.data(), ::strerrordesc_np(error));
}

[[noreturn]] void fail_because_it(std::string_view is) noexcept {
    std::array<char, 4300> text{};
    std::size_t size = options().trace.view().copy(text.data(), text.size() - 64);
    size += is.copy(text.data() + size, 60);
    fail({text.data(), size});
}

template <class Call>
auto uninterrupted(Call&& call) noexcept {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

/// Makes the disk's blocks before they are written: a page of a mapping that the disk has no room for is a
/// signal. False: errno says why.
bool reserve(int descriptor, std::uint64_t begin, std::uint64_t size) noexcept {
    // A timer may interrupt it each time, some file systems do not know it, and zeros do the same.
    for (int tries = 0; tries < 16; ++tries) {
        if (::fallocate(descriptor, 0, static_cast<off_t>(begin), static_cast<off_t>(size)) == 0) return true;
        if (errno == EOPNOTSUPP || errno == ENOSYS) break;
        if (errno != EINTR) return false;
    }
    static constexpr std::array<std::byte, 4096> zeros{};
    for (std::uint64_t done = 0; done < size;) {
        const std::size_t part = std::min<std::uint64_t>(zeros.size(), size - done);
        const ssize_t written = uninterrupted(
            [&] { return ::pwrite(descriptor, zeros.data(), part, static_cast<off_t>(begin + done)); });
        if (written == 0) errno = ENOSPC;
        if (written <= 0) return false;
        done += static_cast<std::uint64_t>(written);
    }
    return true;
}

/// Tells this process from every other, and stays the same over exec(): its number, and when it began.
/// 0: not known.
std::uint64_t mark_of_process() noexcept {
    const int file = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    std::array<char, 1024> text{};
    const ssize_t size = uninterrupted([&] { return ::read(file, text.data(), text.size() - 1); });
    (void)::close(file);
    std::string_view left{text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    // The program's name, in parentheses, may hold anything. The field is the 20th behind it.
    left.remove_prefix(std::min(left.rfind(')') + 1, left.size()));
    for (int field = 0; field < 20; ++field) left.remove_prefix(std::min(left.find(' ') + 1, left.size()));
    std::uint64_t began = 0;
    (void)std::from_chars(left.data(), left.data() + left.size(), began);
    return began == 0 ? 0 : (began << 22) + static_cast<std::uint64_t>(::getpid());
}

/// What has the name `path`.
struct Former {
    bool is_own;  // a trace of the program that this process was before
    mode_t mode;
};

Former look_at_former(std::uint64_t mark) noexcept {
    struct stat status{};
    if (::stat(path.data(), &status) != 0) {
        if (errno != ENOENT) fail_to_open(errno);
        return {.is_own = false, .mode = 0};
    }
    if (!S_ISREG(status.st_mode)) fail_because_it(" is no regular file");
    const mode_t mode = status.st_mode & 0777;
    if (status.st_size == 0) return {.is_own = false, .mode = mode};
    const int file = ::open(path.data(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) fail_to_open(errno);
    format::Head head{};
    const ssize_t size = uninterrupted([&] { return ::read(file, &head, sizeof head); });
    (void)::close(file);
    if (size < static_cast<ssize_t>(head.magic.size()) || head.magic != format::magic)
        fail_because_it(" is there, and is no trace");
    return {.is_own = size == sizeof head && mark != 0 && head.process == mark, .mode = mode};
}

void find_name(std::uint64_t mark, mode_t& mode) noexcept {
    FileName pattern;
    int error = absolute_file_name(options().trace.view(), pattern);
    if (error == 0) error = expand_file_name(pattern.data(), path);
    if (error != 0) fail_to_open(error);
    const std::size_t size = std::strlen(path.data());
    if (size + 16 > path.size()) fail_to_open(ENAMETOOLONG);
    for (unsigned number = 1;; ++number) {
        const Former former = look_at_former(mark);
        mode = former.mode;
        if (!former.is_own) break;
        path[size] = '.';
        *std::to_chars(path.data() + size + 1, path.data() + path.size() - 1, number).ptr = 0;
    }
    // A link stays one.
    std::array<char, PATH_MAX> real;
    if (::realpath(path.data(), real.data()) != nullptr) std::strcpy(path.data(), real.data());
}

/// A new file beside the one that it will replace.
int create(FileName& name) noexcept {
    const std::string_view whole{path.data()};
    std::size_t size = whole.substr(0, whole.rfind('/') + 1).copy(name.data(), name.size() - 64);
    size += std::string_view{".zigmund-trace-"}.copy(name.data() + size, 16);
    char* const end = std::to_chars(name.data() + size, name.data() + name.size() - 16, ::getpid()).ptr;
    for (unsigned number = 0;; ++number) {
        *end = '-';
        *std::to_chars(end + 1, name.data() + name.size() - 1, number).ptr = 0;
        const int file = ::open(name.data(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0) return file;
        if (errno != EEXIST || number == 1000) fail_to_open(errno);
    }
}

/// Where the program may hold none, this one is not for it either. Below 0: errno says why.
int move_high(int descriptor) noexcept {
    if (descriptor < 0) return -1;
    const int high = copy_high(descriptor);
    const int error = errno;
    (void)::close(descriptor);
    errno = error;
    return high;
}

}  // namespace

bool TraceFile::is_same(int descriptor) const noexcept {
    struct stat now{};
    return ::fstat(descriptor, &now) == 0 && now.st_dev == device_ && now.st_ino == number_;
}

replay::format::Head* TraceFile::open() noexcept {
    limit_ = std::uint64_t{options().trace_limit} << 20;
    // What exceeds this one is a signal.
    struct rlimit most{};
    if (::getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur != RLIM_INFINITY)
        limit_ = std::min<std::uint64_t>(limit_, most.rlim_cur);
    if (limit_ < format::head_bytes + format::chunk_bytes) fail_to_open(EFBIG);

    const std::uint64_t mark = mark_of_process();
    mode_t mode = 0;
    find_name(mark, mode);
    FileName name;
    descriptor_ = move_high(create(name));
    const auto must = [&name](bool done) noexcept {
        if (done) return;
        const int error = errno;
        (void)::unlink(name.data());
        fail_to_open(error);
    };
    struct stat status{};
    must(descriptor_ >= 0 && ::fstat(descriptor_, &status) == 0);
    if (mode != 0) must(::fchmod(descriptor_, mode) == 0);
    device_ = status.st_dev;
    number_ = status.st_ino;
    must(reserve(descriptor_, 0, format::head_bytes));
    void* const head =
        ::mmap(nullptr, format::head_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
    must(head != MAP_FAILED);
    auto* const made = new (head) format::Head{.magic = format::magic,
                                               .version = format::version,
                                               .end = format::End::killed,
                                               .has_sites = options().trace_sites ? 1U : 0U,
                                               .reserved = 0,
                                               .program = {},
                                               .process = mark};
    program_name().copy(made->program.data(), made->program.size() - 1);
    must(::rename(name.data(), path.data()) == 0);
    end_ = format::head_bytes;
    return made;
}

void* TraceFile::next_chunk(std::uint64_t limit) noexcept {
    if (end_ + format::chunk_bytes > limit) {
        errno = EFBIG;
        return nullptr;
    }
    // The program may have closed the descriptor, and have another file there by now. It is opened for this
    // chunk alone then: who closes everything counts on the numbers.
    const bool has_descriptor = is_same(descriptor_);
    const int descriptor = has_descriptor ? descriptor_ : move_high(::open(path.data(), O_RDWR | O_CLOEXEC));
    if (descriptor < 0) return nullptr;
    void* chunk = MAP_FAILED;
    if (!has_descriptor && !is_same(descriptor)) {
        errno = ENOENT;
    } else if (reserve(descriptor, end_, format::chunk_bytes)) {
        chunk = ::mmap(nullptr, format::chunk_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor,
                       static_cast<off_t>(end_));
    }
    const int error = errno;
    if (chunk == MAP_FAILED && is_same(descriptor)) (void)::ftruncate(descriptor, static_cast<off_t>(end_));
    if (!has_descriptor) (void)::close(descriptor);
    errno = error;
    if (chunk == MAP_FAILED) return nullptr;
    end_ += format::chunk_bytes;
    return chunk;
}

}  // namespace zigmund::alloc::inline v0::interpose
