// Programs that keep memory, or lose it: `lost WHAT`.
#include <malloc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <latch>
#include <new>
#include <string_view>
#include <thread>
#include <utility>

struct Node {
    Node* next;
    char padding[40];
};

// Seen from elsewhere, for all that the compiler knows: what is stored here stays stored.
Node* kept;
thread_local Node* kept_by_thread;

namespace {

/// The pointer is used, and then nowhere.
[[gnu::noinline]] void forget(Node* node) { __asm__ volatile("" : : "r"(node) : "memory"); }

[[gnu::noinline]] Node* chain(int length) {
    Node* head = nullptr;
    for (int i = 0; i < length; ++i) head = new Node{head, {}};
    return head;
}

[[gnu::noinline]] void ring() {
    Node* const first = chain(3);
    first->next->next->next = first;
    forget(first);
}

[[gnu::noinline]] void handle(int) { std::_Exit(5); }

/// Allocations that nobody looks at, a compiler leaves out.
template <class T>
[[gnu::noinline]] T* seen(T* p) {
    __asm__ volatile("" : "+r"(p) : : "memory");
    return p;
}

/// What malloc and its family promise in the corners.
int corners() {
    int wrong = 0;
    const auto expect = [&](bool right) { wrong += right ? 0 : 1; };
    void* const one = seen(std::malloc(0));
    void* const other = seen(std::malloc(0));
    expect(one != nullptr && one != other);
    errno = 77;
    std::free(one);
    std::free(other);
    expect(errno == 77);
    volatile std::size_t huge = SIZE_MAX / 2;
    errno = 0;
    expect(seen(std::calloc(huge, 4)) == nullptr && errno == ENOMEM);
    errno = 0;
    expect(seen(std::malloc(huge + 10)) == nullptr && errno == ENOMEM);
    errno = 0;
    expect(seen(::reallocarray(nullptr, huge, 4)) == nullptr && errno == ENOMEM);
    volatile std::size_t wraps = SIZE_MAX / 4 + 3;  // times 4, it would be 8
    errno = 0;
    expect(seen(::reallocarray(nullptr, wraps, 4)) == nullptr && errno == ENOMEM);
    errno = 0;
    expect(seen(std::calloc(wraps, 4)) == nullptr && errno == ENOMEM);
    void* aligned = nullptr;
    volatile std::size_t odd = 24;
    expect(::posix_memalign(&aligned, odd, 10) == EINVAL && aligned == nullptr);
    expect(::posix_memalign(&aligned, 4096, 10) == 0 &&
           reinterpret_cast<std::uintptr_t>(aligned) % 4096 == 0);
    std::free(aligned);
    for (std::size_t size = 1; size < 300; size += 7) {
        char* const p = static_cast<char*>(std::malloc(size));
        expect(reinterpret_cast<std::uintptr_t>(p) % 16 == 0 && ::malloc_usable_size(p) >= size);
        std::memset(p, 1, ::malloc_usable_size(p));
        std::free(p);
        void* const q = ::aligned_alloc(std::size_t{1} << (size % 17), size);
        expect(reinterpret_cast<std::uintptr_t>(q) % (std::size_t{1} << (size % 17)) == 0);
        std::free(q);
    }
    void* const page = ::valloc(10);
    void* const pages = ::pvalloc(10);
    expect(reinterpret_cast<std::uintptr_t>(page) % 4096 == 0 && ::malloc_usable_size(pages) >= 4096);
    std::free(page);
    std::free(pages);
    expect(seen(std::realloc(seen(std::malloc(10)), 0)) == nullptr);
    char* text = static_cast<char*>(std::malloc(4));
    std::memcpy(text, "abc", 4);
    for (std::size_t size = 8; size < 5'000'000; size = size * 3 / 2) {
        text = static_cast<char*>(std::realloc(text, size));
        expect(std::strcmp(text, "abc") == 0);
    }
    text = static_cast<char*>(std::realloc(text, 4));
    expect(std::strcmp(text, "abc") == 0);
    std::free(text);
    const auto* const zeros = static_cast<char*>(std::calloc(1, 3'000'000));
    expect(zeros[0] == 0 && zeros[2'999'999] == 0);
    std::free(const_cast<char*>(zeros));
    for (const std::size_t size : {40U, 700U, 300'000U}) {  // in memory that was used before
        std::array<char*, 1200> used;
        const std::size_t count = size > 1000 ? 4 : used.size();
        for (std::size_t i = 0; i < count; ++i)
            std::memset(used[i] = static_cast<char*>(std::malloc(size)), 0x5A, size);
        for (std::size_t i = 0; i < count; ++i) std::free(used[i]);
        for (std::size_t i = 0; i < count; ++i) {
            char* const p = used[i] = static_cast<char*>(std::calloc(size / 20, 20));
            expect(p[0] == 0 && std::memcmp(p, p + 1, size - 1) == 0);
        }
        for (std::size_t i = 0; i < count; ++i) std::free(used[i]);
    }
    expect(seen(::operator new(huge / 4, std::nothrow)) == nullptr);
    try {
        (void)seen(::operator new(huge / 4));
        expect(false);
    } catch (const std::bad_alloc&) {
    }
    // Who is called when there is no memory may give up, or make some.
    static int asked;
    asked = 0;
    std::set_new_handler([] {
        if (++asked == 2) std::set_new_handler(nullptr);
    });
    expect(seen(::operator new[](huge / 4, std::align_val_t{64}, std::nothrow)) == nullptr && asked == 2);
    errno = 0;
    expect(seen(::aligned_alloc(odd, 48)) == nullptr && errno == EINVAL);
    volatile std::size_t about_a_page = 4000;
    aligned = ::memalign(about_a_page, 10);  // rounded up
    expect(reinterpret_cast<std::uintptr_t>(aligned) % 4096 == 0);
    std::free(aligned);
    std::free(nullptr);
    expect(::malloc_usable_size(nullptr) == 0);
    void* const from_nothing = std::realloc(nullptr, 10);
    expect(::malloc_usable_size(from_nothing) >= 10);
    std::free(from_nothing);
    return wrong;
}

/// The pointer stays all over the stack that this call leaves behind.
[[gnu::noinline]] void forget_on_stack(Node* node) {
    std::array<Node*, 1024> frames;
    frames.fill(node);
    __asm__ volatile("" : : "r"(frames.data()) : "memory");
}

// ---- a thread that keeps a pointer in a register alone ----

std::uintptr_t hidden_from_search;  // the pointer, with all its bits turned over
std::atomic<int> in_register = 0;

[[gnu::noinline]] void hide_chain() { hidden_from_search = ~reinterpret_cast<std::uintptr_t>(chain(2)); }

/// What calls that are over have left on the stack. It calls nothing: the dynamic linker would save what is left in
/// registers there.
[[gnu::noinline]] void clear_stack_below() {
    std::array<volatile char, 64 << 10> frames;
    for (volatile char& byte : frames) byte = 0;
}

[[noreturn]] void keep_in_register() {
    hide_chain();
    clear_stack_below();
#if defined(__x86_64__)
    __asm__ volatile(
        "mov %1, %%rbx\n\t"
        "not %%rbx\n\t"
        "movl $1, %0\n"
        "1: pause\n\t"
        "jmp 1b"
        : "=m"(in_register)
        : "m"(hidden_from_search)
        : "rbx", "memory");
    __builtin_unreachable();
#elif defined(__aarch64__)
    __asm__ volatile(
        "ldr x19, %1\n\t"
        "mvn x19, x19\n\t"
        "mov w20, #1\n\t"
        "str w20, %0\n"
        "1: yield\n\t"
        "b 1b"
        : "=m"(in_register)
        : "m"(hidden_from_search)
        : "x19", "x20", "memory");
    __builtin_unreachable();
#else  // on its stack, then
    Node* volatile node = reinterpret_cast<Node*>(~hidden_from_search);
    in_register = 1;
    while (node != nullptr) ::pause();
    std::abort();
#endif
}

/// A block of that size is damaged, and resized: what it held is still there, and in the new place nothing is
/// wrong. `damage`: underflow, header, header-and-tail, overflow, new.
int resize_damaged(std::string_view damage, std::size_t size, std::size_t new_size) {
    auto* p = static_cast<unsigned char*>(seen(damage == "new" ? ::operator new(size) : std::malloc(size)));
    for (std::size_t i = 0; i < size; ++i) p[i] = static_cast<unsigned char>(i % 251);
    const auto write = [&](std::ptrdiff_t from, std::size_t count) {
        std::memset(seen(p + from), 0x77, count);
    };
    if (damage == "underflow") write(-1, 1);
    if (damage.starts_with("header")) write(-32, 32);
    if (damage == "overflow" || damage == "header-and-tail") write(static_cast<std::ptrdiff_t>(size), 4);
    p = static_cast<unsigned char*>(std::realloc(p, new_size));
    int wrong = p == nullptr ? 1 : 0;
    for (std::size_t i = 0; i < std::min(size, new_size); ++i) wrong += p[i] == i % 251 ? 0 : 1;
    std::memset(p, 0x11, new_size);
    std::free(p);
    return std::min(wrong, 100);
}

}  // namespace

int main(int count, char** words) {
    const std::string_view what = count > 1 ? words[1] : "";
    if (what == "nothing") return 0;
    if (what == "corners") return corners();
    if (what ==
        "errno") {  // telling of an error asks the kernel for this and that, also for what is not there
        void* const p = seen(std::malloc(64));
        errno = 77;
        std::free(seen(static_cast<char*>(p) + 16));
        if (errno != 77) return 1;
        std::free(p);
        return errno == 77 ? 0 : 1;
    }
    if (what == "two-errors") {  // of two threads at the same moment
        static std::atomic<int> ready = 0;
        const auto fail = [] {
            void* const p = seen(std::malloc(64));
            ++ready;
            while (ready.load() != 2) std::this_thread::yield();
            std::free(seen(static_cast<char*>(p) + 16));
            std::free(p);
        };
        std::thread other{fail};
        fail();
        other.join();
    }
    if (what == "damaged")
        return resize_damaged(words[2], std::strtoul(words[3], nullptr, 10),
                              std::strtoul(words[4], nullptr, 10));
    if (what == "kept") kept = chain(4);
    if (what == "chain") forget(chain(5));
    if (what == "ring") ring();
    if (what == "thread") std::thread{[] { forget_on_stack(chain(3)); }}.join();
    if (what == "thread-local") kept_by_thread = chain(2);
    if (what == "own-pages") {  // a program's own allocator
        void* const pages =
            ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        static_cast<Node**>(pages)[4096] = chain(2);
    }
    if (what == "local") {
        Node* volatile node = chain(2);
        std::exit(node == nullptr ? 1 : 0);
    }
    if (what == "sleeping") {  // another thread's stack, while it runs
        static std::latch made{1};
        std::thread{[] {
            Node* volatile node = chain(2);
            made.count_down();
            while (node != nullptr) ::pause();
        }}.detach();
        made.wait();
    }
    if (what == "register") {
        std::thread{keep_in_register}.detach();
        while (in_register.load() == 0) std::this_thread::yield();
    }
    if (what == "busy") {  // threads that allocate while the process ends
        static std::latch begun{4};
        for (int i = 0; i < 4; ++i)
            std::thread{[] {
                kept_by_thread = new Node{};
                begun.count_down();
                for (;;) delete std::exchange(kept_by_thread, new Node{});
            }}.detach();
        begun.wait();
    }
    if (what.starts_with(
            "quick")) {  // main() is still there at the end: nothing of the chain is in its frame
        std::thread{[] { forget(chain(2)); }}.join();
        what == "quick" ? std::_Exit(3) : std::quick_exit(3);
    }
    if (what == "closed-stderr") {
        forget(chain(1));
        ::close(STDERR_FILENO);
    }
    if (what == "fork" || what == "fork-lost") {  // the child has a copy of what the parent keeps
        kept = chain(2);
        const pid_t child = ::fork();
        if (child == 0) {
            what == "fork" ? delete chain(1) : std::thread{[] { forget(chain(1)); }}.join();
            std::exit(4);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return WEXITSTATUS(status);
    }
    if (what == "fork-busy") {  // a child finds no lock taken, also not where another thread's blocks go back
        static std::array<Node*, 4> made;
        static std::latch begun{made.size()};
        for (Node*& node : made)
            std::thread{[&node] {
                node = new Node{};
                begun.count_down();
                for (;;) delete std::exchange(kept_by_thread, new Node{});
            }}.detach();
        begun.wait();
        for (int i = 0; i < 30; ++i) {
            const pid_t child = ::fork();
            if (child == 0) {
                ::alarm(20);
                for (Node* const node : made) delete node;
                for (int n = 0; n < 600; ++n) delete std::exchange(kept, new Node{});
                ::_exit(0);
            }
            int status = 0;
            ::waitpid(child, &status, 0);
            if (status != 0) return 1;
        }
    }
    if (what == "vfork") {
        const pid_t child = ::vfork();
        if (child == 0) ::_exit(6);
        int status = 0;
        ::waitpid(child, &status, 0);
        forget(chain(1));
        return WEXITSTATUS(status);
    }
    if (what == "start") {  // this program again, which loses memory
        const pid_t child = ::fork();
        if (child == 0) {
            ::execl("/proc/self/exe", "lost", "chain", nullptr);
            std::_Exit(1);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return WEXITSTATUS(status);
    }
    if (what == "signal") {
        (void)std::signal(SIGTERM, handle);
        (void)!::write(STDOUT_FILENO, "ready\n", 6);
        for (;;) ::pause();
    }
    if (what == "status") return std::atoi(words[2]);
    return 0;
}
