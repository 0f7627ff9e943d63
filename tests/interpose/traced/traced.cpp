// A program whose memory is recorded. Blocks of 7000 to 7999 bytes are those that the tests look at: the
// libraries ask for none of that size.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <thread>
#include <vector>

namespace {

void* volatile kept = nullptr;

/// Not for the compiler to leave out.
template <class T>
T* use(T* p) {
    kept = p;
    return p;
}

void come_and_go(std::size_t size) { std::free(use(std::malloc(size))); }

int every_function() {
    void* a = use(std::malloc(7001));
    void* const b = use(std::calloc(1, 7002));
    a = use(std::realloc(a, 7900));
    std::free(b);
    void* const c = use(std::aligned_alloc(4096, 7004));
    void* d = nullptr;
    if (::posix_memalign(&d, 64, 7005) != 0) return 1;
    std::free(c);
    std::free(use(d));
    delete[] use(new char[7006]);
    ::operator delete(use(::operator new(7007, std::align_val_t{256})), std::align_val_t{256});
    std::free(a);
    use(std::malloc(7008));
    void* e = use(std::realloc(nullptr, 7009));
    e = use(std::realloc(e, 20'000));
    e = use(std::realloc(e, 7010));
    (void)!std::realloc(e, 0);
    std::free(nullptr);
    return 0;
}

/// Blocks that one thread makes and another frees, so that their addresses go from hand to hand.
int threads() {
    constexpr int rounds = 20'000;
    static std::array<std::atomic<void*>, 16> exchange{};
    std::vector<std::thread> all;
    for (unsigned seed = 1; seed <= 4; ++seed) {
        all.emplace_back([seed] {
            std::uint64_t state = seed;
            for (int i = 0; i < rounds; ++i) {
                state = state * 6364136223846793005U + 1442695040888963407U;
                void* const mine = std::malloc(7000 + (state >> 33) % 1000);
                std::free(exchange[(state >> 50) % exchange.size()].exchange(mine));
            }
        });
    }
    for (std::thread& thread : all) thread.join();
    for (auto& left : exchange) std::free(left.load());
    return 0;
}

int child_of(pid_t child) {
    if (child == 0) {
        for (int i = 0; i < 20'000; ++i) come_and_go(7500);
        (void)::syscall(SYS_exit_group, 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    come_and_go(7002);
    return WEXITSTATUS(status);
}

/// 0: the numbers that it gets are those of a program that nobody watches.
int close_all() {
    come_and_go(7001);
    for (int i = 0; i < 2000; ++i) ::close(i);
    for (int i = 0; i < 30'000; ++i) come_and_go(7002);
    const int own = ::open("/dev/null", O_RDWR);
    if (own != 0) return 1;
    for (const int taken : {1000, 1001, 1002, 101}) ::dup2(own, taken);
    for (int i = 0; i < 30'000; ++i) come_and_go(7002);
    return ::open("/dev/null", O_RDWR) == 1 ? 0 : 2;
}

/// The handler interrupts an allocation more often than not.
int exit_in_handler(int microseconds) {
    std::signal(SIGALRM, [](int) { ::_exit(0); });
    ::ualarm(static_cast<useconds_t>(microseconds), 0);
    for (;;) come_and_go(7001);
}

/// Makes much more after SIGUSR1 than the part of the file takes that it has at the beginning.
int go_on_when_told() {
    sigset_t told;
    sigemptyset(&told);
    sigaddset(&told, SIGUSR1);
    sigprocmask(SIG_BLOCK, &told, nullptr);
    (void)!::write(STDERR_FILENO, "ready", 5);
    int number = 0;
    sigwait(&told, &number);
    for (int i = 0; i < 30'000; ++i) come_and_go(7001);
    return 0;
}

int load_and_unload(const char* library) {
    void* const loaded = ::dlopen(library, RTLD_NOW);
    if (loaded == nullptr) return 1;
    const auto makes = reinterpret_cast<void* (*)()>(::dlsym(loaded, "plugin_makes"));
    std::free(makes());
    return ::dlclose(loaded);
}

}  // namespace

int main(int count, char** words) {
    const std::string_view what = count > 1 ? words[1] : "";
    if (what == "functions") return every_function();
    if (what == "threads") return threads();
    if (what == "close-all") return close_all();
    if (what == "exit-in-handler") return exit_in_handler(std::atoi(words[2]));
    if (what == "go-on-when-told") return go_on_when_told();
    if (what == "unload") return load_and_unload(words[2]);
    if (what == "many") {
        for (int i = 0; i < 300'000; ++i) come_and_go(7001);
        return 0;
    }
    come_and_go(7001);
    if (what == "return") return 0;
    if (what == "fork") return child_of(::fork());
    if (what == "raw-fork") return child_of(static_cast<pid_t>(::syscall(SYS_fork)));
    if (what == "vfork") {
        if (::vfork() == 0) ::_exit(0);
        come_and_go(7002);
        return 0;
    }
    if (what == "exit") std::exit(0);
    if (what == "_exit") ::_exit(0);
    if (what == "quick-exit") std::quick_exit(0);
    if (what == "abort") std::abort();
    if (what == "kill") (void)std::raise(SIGKILL);
    if (what == "start" || what == "exec") {
        std::array<char*, 3> child{words[0], words[2], nullptr};
        if (what == "exec") return ::execv(words[0], child.data());
        const pid_t started = ::fork();
        if (started == 0) ::_exit(::execv(words[0], child.data()));
        return ::waitpid(started, nullptr, 0) == started ? 0 : 1;
    }
    if (what == "double-free") {
        void* volatile p = std::malloc(7002);
        std::free(p);
        std::free(p);
    }
    return 0;
}
