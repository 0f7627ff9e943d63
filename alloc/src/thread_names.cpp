#include "thread_names.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstring>

#include "clock.hpp"
#include "text_writer.hpp"
#include "thread_context.hpp"

namespace zigmund::alloc::inline v0::detail {
namespace {

using Name = std::array<char, 16>;

/// The newest owner of a number. Written by it; read by reports, which look again whether it is still the same:
/// the name of a thread that ends meanwhile may be overlooked.
struct Owner {
    std::atomic<pid_t> thread;           // 0: it is gone,
    std::atomic<std::uint64_t> name[2];  // and was called so
    std::atomic<std::uint64_t> since;    // the earliest second that is surely this owner's
};

constinit std::array<Owner, max_threads> owners{};
constinit std::atomic<std::uint32_t> numbers_used = 0;  // all below this were owned

std::size_t size_of(const Name& name) noexcept { return ::strnlen(name.data(), name.size()); }

/// What /proc says of a thread of this process. Empty: it is gone.
Name read_name(pid_t thread) noexcept {
    std::array<char, 64> path{};
    char* end = path.data() + std::string_view{"/proc/self/task/"}.copy(path.data(), path.size());
    end = std::to_chars(end, path.data() + 40, thread).ptr;
    std::string_view{"/comm"}.copy(end, 5);
    Name name{};
    const int file = ::open(path.data(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return name;
    const ssize_t size = ::read(file, name.data(), name.size());
    (void)::close(file);
    if (size <= 0) return {};
    name[static_cast<std::size_t>(size) - 1] = 0;  // the line's end
    return name;
}

}  // namespace

ThreadName::ThreadName(std::uint32_t number, std::uint64_t seconds) noexcept {
    if (number == shared_thread || number >= max_threads) return;
    const Owner& owner = owners[number];
    const std::uint64_t since = owner.since.load(std::memory_order_acquire);
    if (seconds < since) return;
    Name name{};
    const pid_t thread = owner.thread.load(std::memory_order_acquire);
    if (thread != 0) {
        name = read_name(thread);
    } else {
        const std::uint64_t words[2] = {owner.name[0].load(std::memory_order_relaxed),
                                        owner.name[1].load(std::memory_order_relaxed)};
        std::memcpy(name.data(), words, sizeof words);
    }
    // The number, or the thread's identity, may have become another's meanwhile: then it was that one's name.
    std::atomic_thread_fence(std::memory_order_acquire);
    if (owner.thread.load(std::memory_order_relaxed) != thread ||
        owner.since.load(std::memory_order_relaxed) != since)
        return;
    const Name program = read_name(::getpid());
    if (name == program) return;
    size_ = size_of(name);
    text_ = name;
}

void write_thread(TextWriter& out, std::uint32_t number, std::uint64_t seconds) noexcept {
    out << " by thread ";
    out.decimal(number);
    const ThreadName name{number, seconds};
    if (!name.text().empty()) out << " (" << name.text() << ')';
}

void note_thread_begin(std::uint32_t number) noexcept {
    Owner& owner = owners[number];
    if (number >= numbers_used.load(std::memory_order_relaxed))
        numbers_used.store(number + 1, std::memory_order_relaxed);
    // The second in which the number changes hands may be either's.
    if (owner.since.load(std::memory_order_relaxed) == 0) {
        owner.since.store(1, std::memory_order_release);
    } else {
        owner.since.store(now_seconds() + 1, std::memory_order_release);
    }
    owner.thread.store(::gettid(), std::memory_order_release);
}

void note_thread_end(std::uint32_t number) noexcept {
    Owner& owner = owners[number];
    Name name{};
    (void)::prctl(PR_GET_NAME, name.data());
    std::uint64_t words[2];
    std::memcpy(words, name.data(), sizeof words);
    for (std::size_t i = 0; i < 2; ++i) owner.name[i].store(words[i], std::memory_order_relaxed);
    owner.thread.store(0, std::memory_order_release);
}

void note_fork(std::uint32_t number) noexcept {
    for (std::uint32_t i = 0; i < numbers_used.load(std::memory_order_relaxed); ++i) {
        Owner& owner = owners[i];
        if (i == number || owner.thread.load(std::memory_order_relaxed) == 0) continue;
        // What was made in the parent by a thread that is not here any more has nobody to ask.
        owner.since.store(UINT64_MAX, std::memory_order_relaxed);
        owner.thread.store(0, std::memory_order_relaxed);
    }
    if (number == shared_thread) return;
    // This thread has had its number since before the fork; what an earlier owner made stays that one's.
    owners[number].thread.store(::gettid(), std::memory_order_relaxed);
}

}  // namespace zigmund::alloc::inline v0::detail
