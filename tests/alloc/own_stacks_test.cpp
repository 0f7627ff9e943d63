// Stacks that a program makes itself, for fibers: what is captured on them is true, and nothing beyond them is read.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <gtest/gtest.h>

#include <alloca.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <atomic>
#include <regex>
#include <string>

#include "captured_report.hpp"

// ThreadSanitizer knows nothing of them.
#if !defined(ZIGMUND_TSAN)

namespace {

using namespace zigmund::alloc;

/// Runs a function on a stack of `size` bytes. Behind its end lies a megabyte that nobody may touch.
class Fiber {
  public:
    explicit Fiber(std::size_t size) : size_{size} {
        memory_ = ::mmap(nullptr, size + beyond, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        EXPECT_EQ(::mprotect(memory_, size, PROT_READ | PROT_WRITE), 0);
    }
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;
    ~Fiber() { ::munmap(memory_, size_ + beyond); }

    void run(void (*function)()) {
        ucontext_t here{};
        ucontext_t there{};
        ::getcontext(&there);
        there.uc_stack.ss_sp = memory_;
        there.uc_stack.ss_size = size_;
        there.uc_link = &here;
        ::makecontext(&there, function, 0);
        ::swapcontext(&here, &there);
    }

  private:
    static constexpr std::size_t beyond = 1 << 20;
    std::size_t size_;
    void* memory_;
};

GeneralPurposeAllocator* gpa = nullptr;

/// The distance to its caller's frame is the caller's choice.
[[gnu::noinline]] void leak_below(std::size_t room, std::size_t size) {
    auto* const bytes = static_cast<volatile char*>(::alloca(room));
    bytes[0] = 1;
    auto* const p = static_cast<volatile char*>(gpa->allocator().allocate(size));
    p[0] = bytes[0];
}

[[gnu::noinline]] void call_with_room() {
    leak_below(100'000, 24);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // no tail call
}
[[gnu::noinline]] void call_without_room() {
    leak_below(16, 40);
    std::atomic_signal_fence(std::memory_order_seq_cst);
}
[[gnu::noinline]] void leak_directly() {
    leak_below(16, 56);
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

TEST(OwnStacks, AreTracedByTheirOwnCallersAndNeverReadBeyondTheirEnd) {
    const CapturedReport report;
    GeneralPurposeAllocator allocator{
        {.tier = Tier::traced, .report_lines = 0, .report_descriptor = report.descriptor()}};
    gpa = &allocator;
    Fiber large{std::size_t{256} << 10};
    Fiber small{std::size_t{16} << 10};
    // Where the same call lies on the first stack is far behind the end of the second.
    for (int i = 0; i < 3; ++i) large.run([] { call_with_room(); });
    for (int i = 0; i < 3; ++i) small.run([] { call_without_room(); });
    leak_directly();
    EXPECT_EQ(allocator.deinit(), LeakCheck::leak);
    const std::string text = report.text();
    const auto has_stack = [&](const std::string& of, const std::string& caller) {
        return std::regex_search(
            text, std::regex{of + ", allocated at\n    #0 [^\n]*leak_below[^\n]*\n    #1 [^\n]*" + caller});
    };
    EXPECT_TRUE(has_stack("72 bytes \\([0-9.]+ %\\) in 3 blocks of 24 bytes", "call_with_room")) << text;
    EXPECT_TRUE(has_stack("120 bytes \\([0-9.]+ %\\) in 3 blocks of 40 bytes", "call_without_room")) << text;
    EXPECT_TRUE(has_stack("56 bytes \\([0-9.]+ %\\) in 1 block of 56 bytes", "leak_directly")) << text;
}

TEST(OwnStacks, ACallerOfTheThreadsStackIsNotTakenForOneOfAFiber) {
    const CapturedReport report;
    GeneralPurposeAllocator allocator{
        {.tier = Tier::traced, .report_lines = 0, .report_descriptor = report.descriptor()}};
    gpa = &allocator;
    // The first caller on a fiber is all of the stack there; below another one, it is not.
    Fiber fiber{std::size_t{64} << 10};
    fiber.run([] { leak_directly(); });
    fiber.run([] {
        call_without_room();
        leak_directly();
    });
    EXPECT_EQ(allocator.deinit(), LeakCheck::leak);
    EXPECT_TRUE(std::regex_search(report.text(), std::regex{"#1 [^\n]*call_without_room[^\n]*\n    #2 "}))
        << report.text();
}

}  // namespace

#endif
