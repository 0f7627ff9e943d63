// SIGSEGV in a process with blocks on pages of their own: an access that a guard page stops is told once and whole,
// whatever other threads do; a signal that is none of that goes where it would have gone.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <string>
#include <thread>
#include <utility>

// A sanitizer has a handler of its own.
#if !defined(ZIGMUND_ASAN) && !defined(ZIGMUND_TSAN) && !defined(ZIGMUND_MSAN)

namespace {

using namespace zigmund::alloc;

struct Ended {
    int status;  // 128 + the signal that ended it
    std::string err;
};

/// Fills the pipe: whoever writes to it waits for its reader.
void fill(int pipe) {
    const int flags = ::fcntl(pipe, F_GETFL);
    ::fcntl(pipe, F_SETFL, flags | O_NONBLOCK);
    while (::write(pipe, "x", 1) == 1) {
    }
    ::fcntl(pipe, F_SETFL, flags);
}

/// Waits until all threads of the process wait for something, as far as can be seen; two of them at least.
void wait_for_all_to_wait(pid_t process) {
    for (int seen = 0; seen < 100; ++seen) {
        int threads = 0;
        for (const auto& task :
             std::filesystem::directory_iterator{"/proc/" + std::to_string(process) + "/task"}) {
            std::string line;
            std::getline(std::ifstream{task.path() / "stat"}, line);
            ++threads;
            if (line.find(") S ") == std::string::npos) seen = 0;
        }
        if (threads < 2) seen = 0;
    }
}

/// In a process of its own: the handler is installed once in each. `slowly`: its threads can say nothing until all
/// of them wait for that, or for each other.
Ended run(const std::function<void()>& program, bool slowly = false) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) std::abort();
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[0]);
        if (slowly) fill(ends[1]);
        program();
        ::_exit(0);
    }
    ::close(ends[1]);
    Ended ended{.status = 0, .err = {}};
    if (slowly) wait_for_all_to_wait(child);
    std::array<char, 4096> buffer;
    for (ssize_t size; (size = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
        ended.err.append(buffer.data(), static_cast<std::size_t>(size));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ended.err.erase(0, ended.err.find_first_not_of('x'));
    ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ended;
}

int reports_in(const std::string& text) {
    int count = 0;
    for (std::size_t at = 0; (at = text.find("zigmund: ", at)) != std::string::npos; ++at) ++count;
    return count;
}

void handle_with(void (*handler)(int)) { (void)std::signal(SIGSEGV, handler); }

/// Two threads read behind a block of their own at the same moment.
void fault_twice(GeneralPurposeOptions options) {
    GeneralPurposeAllocator gpa{options};
    std::atomic<int> ready = 0;
    const auto fault = [&] {
        const volatile char* const p = static_cast<char*>(gpa.allocator().allocate(64));
        ++ready;
        while (ready.load() != 2) std::this_thread::yield();
        (void)p[64];
    };
    std::thread other{fault};
    fault();
    other.join();
}

// ---- how pages are guarded ----

constexpr int guard_install = 102;  // MADV_GUARD_INSTALL, which the C library's headers may not know yet

/// From now on the kernel has no markers for the page table, as before Linux 6.13.
void forget_markers() {
    std::array<sock_filter, 6> code{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
                                     BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
                                     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, guard_install, 0, 1),
                                     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
                                     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) std::abort();
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) std::abort();
}

bool has_markers() {
    void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const bool has = ::madvise(page, 4096, guard_install) == 0;
    ::munmap(page, 4096);
    return has;
}

class GuardedPages : public testing::TestWithParam<bool> {
  protected:
    /// Runs it on a kernel with markers, if this one has them, or without.
    static Ended run_guarded(const std::function<void(GeneralPurposeAllocator&)>& program,
                             std::size_t held_back = 100) {
        return run([&] {
            if (!GetParam()) forget_markers();
            GeneralPurposeAllocator gpa{{.tier = Tier::guarded, .name = "g", .fenced_blocks = held_back}};
            program(gpa);
        });
    }
};

TEST_P(GuardedPages, AreThereForBlocksOfAnySizeInTheirTurn) {
    const Ended ended = run_guarded(
        [](GeneralPurposeAllocator& gpa) {
            const Allocator a = gpa.allocator();
            for (const std::size_t size :
                 {1U, 20'000U, 4096U, 4097U, 9000U, 12'289U, 16'384U, 64U, 16'000U}) {
                for (int i = 0; i < 3; ++i) {
                    char* const p = static_cast<char*>(a.allocate(size));
                    std::memset(p, 'x', size);
                    a.deallocate(p, size);
                }
            }
        },
        0);
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.err, "");
}

TEST_P(GuardedPages, StopAReadBehindABlockOfAnySize) {
    for (const std::size_t size : {16U, 4096U, 9008U, 12'304U}) {
        const Ended ended = run_guarded([size](GeneralPurposeAllocator& gpa) {
            gpa.allocator().deallocate(gpa.allocator().allocate(size + 7000), size + 7000);
            const volatile char* const p = static_cast<char*>(gpa.allocator().allocate(size));
            (void)p[size];
        });
        EXPECT_EQ(ended.status, 128 + SIGSEGV) << size;
        EXPECT_EQ(ended.err.find("zigmund: g: buffer overflow: byte 0 behind the block at "), 0U)
            << ended.err;
    }
}

TEST_P(GuardedPages, StopAReadAfterFreeOfAnyPage) {
    for (const std::size_t page : {0U, 1U, 2U}) {
        const Ended ended = run_guarded([page](GeneralPurposeAllocator& gpa) {
            const volatile char* const p = static_cast<char*>(gpa.allocator().allocate(12'000));
            gpa.allocator().deallocate(const_cast<char*>(p), 12'000);
            (void)p[page * 4096];
        });
        EXPECT_EQ(ended.status, 128 + SIGSEGV) << page;
        EXPECT_EQ(ended.err.find("zigmund: g: use after free"), 0U) << ended.err;
    }
}

// The kernel sets no markers there, and gives the memory of what is locked to nobody else.
TEST_P(GuardedPages, StopAReadAfterFreeOfMemoryThatTheProgramHasLocked) {
    const Ended ended = run_guarded(
        [](GeneralPurposeAllocator& gpa) {
            const Allocator a = gpa.allocator();
            // Of three pages, then of four in the same place.
            for (const std::size_t size : {9000U, 9000U, 16'000U, 9000U}) {
                char* const p = static_cast<char*>(a.allocate(size));
                std::memset(p, 'x', size);
                if (::mlock(p, size) != 0) ::_exit(9);
                a.deallocate(p, size);
            }
            char* const p = static_cast<char*>(a.allocate(16'000));
            std::memset(p, 'x', 16'000);
            a.deallocate(p, 16'000);
            (void)::write(STDERR_FILENO, "all that may be touched was\n", 28);
            (void)*static_cast<volatile char*>(p + 12'500);
        },
        0);
    EXPECT_EQ(ended.status, 128 + SIGSEGV);
    EXPECT_EQ(ended.err.find("all that may be touched was\nzigmund: g: use after free"), 0U) << ended.err;
}

TEST_P(GuardedPages, AreThereWhereSomeBlocksOfAPlaceAreLockedAndOthersAreNot) {
    const Ended ended = run_guarded(
        [](GeneralPurposeAllocator& gpa) {
            const Allocator a = gpa.allocator();
            for (const auto& [size, locked] : {std::pair{16'384U, true},
                                               {12'288U, false},
                                               {16'384U, false},
                                               {9000U, true},
                                               {16'384U, false}}) {
                char* const p = static_cast<char*>(a.allocate(size));
                std::memset(p, 'x', size);
                if (locked && ::mlock(p, size) != 0) ::_exit(9);
                a.deallocate(p, size);
            }
        },
        0);
    EXPECT_EQ(ended.status, 0);
    EXPECT_EQ(ended.err, "");
}

TEST_P(GuardedPages, AreThereAlsoWhenMarkersFailFromSomeMomentOn) {
    const Ended ended = run_guarded([](GeneralPurposeAllocator& gpa) {
        const Allocator a = gpa.allocator();
        std::array<void*, 20> before{};
        for (void*& p : before) p = a.allocate(64);
        if (GetParam()) forget_markers();
        for (void* const p : before) a.deallocate(p, 64);
        const volatile char* last = nullptr;
        for (int i = 0; i < 1000; ++i) last = static_cast<char*>(a.allocate(64));
        (void)last[64];
    });
    EXPECT_EQ(ended.status, 128 + SIGSEGV);
    EXPECT_EQ(ended.err.find("zigmund: g: buffer overflow: byte 0 behind the block at "), 0U) << ended.err;
}

TEST_P(GuardedPages, EndWhereTheKernelHasNoMoreMappingsAndNotBeforeTheMillionthBlockOfOneThatHasMarkers) {
    const Ended ended = run_guarded([](GeneralPurposeAllocator& gpa) {
        for (int i = 0; i < 28'000; ++i) (void)gpa.allocator().allocate(64);
        const volatile char* const p = static_cast<char*>(gpa.allocator().allocate(64));
        (void)p[64];  // as traced, a read is not seen
        ::_exit(7);
    });
    EXPECT_EQ(ended.status, GetParam() && has_markers() ? 128 + SIGSEGV : 7) << ended.err;
}

INSTANTIATE_TEST_SUITE_P(ByMarkersAndByRights, GuardedPages, testing::Bool(),
                         [](const auto& by_markers) { return by_markers.param ? "ByMarkers" : "ByRights"; });

TEST(StoppedAccess, OfTwoThreadsAtOnceIsToldOfOneWhole) {
    for (int i = 0; i < 8; ++i) {
        const Ended ended = run([] { fault_twice({.tier = Tier::guarded, .name = "twice"}); }, i % 2 != 0);
        EXPECT_EQ(ended.status, 128 + SIGSEGV);
        EXPECT_EQ(reports_in(ended.err), 1) << ended.err;
        EXPECT_TRUE(std::regex_search(
            ended.err,
            std::regex{"^zigmund: twice: buffer overflow: byte 0 behind the block at 0x[0-9a-f]+ of 64 bytes "
                       "was read\n  the block: [^\n]*\n  allocated at\n(    #[^\n]*\n)+  read at\n"
                       "(    #[^\n]*\n)+$"}))
            << ended.err;
    }
}

TEST(StoppedAccess, OfTwoThreadsAtOnceIsToldOfEachWhereTheProgramGoesOn) {
    // What the handler of before does is up to it: here the threads end.
    const Ended ended = run([] {
        handle_with([](int) {
            static std::atomic<int> handled = 0;
            if (++handled == 2) ::_exit(7);
            for (;;) ::pause();
        });
        fault_twice({.tier = Tier::guarded, .name = "twice"});
    });
    EXPECT_EQ(ended.status, 7);
    EXPECT_EQ(reports_in(ended.err), 2) << ended.err;
    EXPECT_TRUE(std::regex_search(
        ended.err,
        std::regex{"^(zigmund: twice: buffer overflow: [^\n]*\n  the block: [^\n]*\n  allocated at\n"
                   "(    #[^\n]*\n)+  read at\n(    #[^\n]*\n)+){2}$"}))
        << ended.err;
}

TEST(StoppedAccess, ASignalThatWasSentEndsTheProcessWithoutAStory) {
    for (const Tier tier : {Tier::guarded, Tier::sampled}) {
        for (const bool by_raise : {true, false}) {
            const Ended ended = run([=] {
                const GeneralPurposeAllocator gpa{{.tier = tier}};
                (void)(by_raise ? ::raise(SIGSEGV) : ::kill(::getpid(), SIGSEGV));
                ::_exit(9);  // it was swallowed
            });
            EXPECT_EQ(ended.err, "");
            EXPECT_EQ(ended.status, 128 + SIGSEGV);
        }
    }
}

TEST(StoppedAccess, ASignalThatWasSentReachesTheHandlerOfBeforeAndTheNextAccessIsTold) {
    const Ended ended = run([] {
        static std::atomic<int> handled = 0;
        handle_with([](int) {
            if (++handled == 3) ::_exit(7);
        });
        GeneralPurposeAllocator gpa{{.tier = Tier::guarded, .name = "sent"}};
        ::raise(SIGSEGV);
        ::raise(SIGSEGV);
        if (handled != 2) ::_exit(1);
        const volatile char* const p = static_cast<char*>(gpa.allocator().allocate(64));
        (void)p[64];
    });
    EXPECT_EQ(ended.status, 7);
    EXPECT_TRUE(ended.err.starts_with("zigmund: sent: buffer overflow: ")) << ended.err;
    EXPECT_EQ(reports_in(ended.err), 1) << ended.err;
}

TEST(StoppedAccess, ASignalThatWasIgnoredStillIs) {
    const Ended ended = run([] {
        handle_with(SIG_IGN);
        const GeneralPurposeAllocator gpa{{.tier = Tier::guarded}};
        ::raise(SIGSEGV);
        ::_exit(3);
    });
    EXPECT_EQ(ended.err, "");
    EXPECT_EQ(ended.status, 3);
}

TEST(StoppedAccess, AFaultElsewhereIsNotTold) {
    const Ended ended = run([] {
        const GeneralPurposeAllocator gpa{{.tier = Tier::guarded}};
        volatile char* volatile nowhere = nullptr;
        *nowhere = 1;
    });
    EXPECT_EQ(ended.err, "");
    EXPECT_EQ(ended.status, 128 + SIGSEGV);
}

TEST(Errors, OfTwoThreadsAtOnceAreToldOfOneWhole) {
    for (int i = 0; i < 8; ++i) {
        const Ended ended = run(
            [] {
                GeneralPurposeAllocator gpa{{.tier = Tier::traced, .name = "twice"}};
                std::atomic<int> ready = 0;
                const auto fail = [&] {
                    void* const p = gpa.allocator().allocate(64);
                    ++ready;
                    while (ready.load() != 2) std::this_thread::yield();
                    gpa.allocator().deallocate(p, 63);
                };
                std::thread other{fail};
                fail();
                other.join();
            },
            i % 2 != 0);
        EXPECT_EQ(ended.status, 128 + SIGABRT);
        EXPECT_EQ(reports_in(ended.err), 1) << ended.err;
        EXPECT_TRUE(ended.err.ends_with("\n")) << ended.err;
    }
}

}  // namespace

#endif
