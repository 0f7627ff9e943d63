// What an error report tells of the block when little of it is left, or when it is somebody else's.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <gtest/gtest.h>

#include <pthread.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <latch>
#include <regex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace zigmund::alloc;

/// Collects errors instead of ending the process.
struct Collected {
    std::vector<MemoryErrorKind> kinds;
    std::vector<std::string> messages;

    static void add(const MemoryError& error, void* context) {
        auto& all = *static_cast<Collected*>(context);
        all.kinds.push_back(error.kind);
        all.messages.emplace_back(error.message);
    }
    [[nodiscard]] std::string first_line() const {
        return messages.empty() ? "" : messages.front().substr(0, messages.front().find('\n'));
    }
};

constexpr int line_of_plant = __LINE__ + 2;
[[gnu::noinline]] void* plant(Allocator a, std::size_t size) {
    void* p = a.allocate(size);
    static_cast<unsigned char*>(p)[0] = 0x5A;
    return p;
}

std::string place_of_plant() { return "memory_errors_test.cpp:" + std::to_string(line_of_plant); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string address_of(const void* p) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%p", p);
    return text.data();
}

#if !defined(ZIGMUND_ASAN)  // which stops at the write itself
TEST(MemoryErrors, AnUnderflowLeavesTheOriginOfTheBlock) {
    // 32 bytes lie before a block; what is written from the block down to the last 4 of them hides nothing.
    for (int depth = 9; depth <= 28; ++depth) {
        for (const std::size_t size : {1U, 64U, 300'000U}) {
            Collected errors;
            GeneralPurposeAllocator gpa{
                {.tier = Tier::traced, .on_error = Collected::add, .on_error_context = &errors}};
            auto* volatile p = static_cast<unsigned char*>(plant(gpa.allocator(), size));
            for (int i = 1; i <= depth; ++i) *(p - i) = 0x77;
            gpa.allocator().deallocate(p, size);
            ASSERT_EQ(errors.kinds, std::vector{MemoryErrorKind::buffer_underflow}) << depth;
            EXPECT_EQ(errors.first_line(),
                      "zigmund: gpa: buffer underflow: more than 8 bytes before the block at " +
                          address_of(p) + " were written");
            EXPECT_TRUE(has(errors.messages[0],
                            "  the block: " + std::to_string(size) + " bytes at " + address_of(p)))
                << errors.messages[0];
            EXPECT_TRUE(has(errors.messages[0], place_of_plant())) << errors.messages[0];
            EXPECT_EQ(gpa.live_blocks(), 0U);
            (void)gpa.check();
            EXPECT_EQ(errors.kinds.size(), 1U) << depth << ": told again of the freed block";
        }
    }
}

TEST(MemoryErrors, AnUnderflowOfEverythingBeforeTheBlockIsFoundAndTheBlockFreed) {
    Collected errors;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::traced, .on_error = Collected::add, .on_error_context = &errors}};
    auto* volatile p = static_cast<unsigned char*>(plant(gpa.allocator(), 64));
    for (int i = 1; i <= 32; ++i) *(p - i) = 0xFF;  // no stack has that number
    gpa.allocator().deallocate(p, 64);
    ASSERT_EQ(errors.kinds, std::vector{MemoryErrorKind::buffer_underflow});
    EXPECT_TRUE(has(errors.messages[0], "  the block: 64 bytes at ")) << errors.messages[0];
    EXPECT_FALSE(has(errors.messages[0], "  allocated at")) << errors.messages[0];
    EXPECT_EQ(gpa.live_blocks(), 0U);
}

TEST(MemoryErrors, CheckFindsAnUnderflowAndItsOrigin) {
    Collected errors;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::traced, .on_error = Collected::add, .on_error_context = &errors}};
    auto* volatile p = static_cast<unsigned char*>(plant(gpa.allocator(), 64));
    std::array<unsigned char, 16> before;
    for (int i = 0; i < 16; ++i) before[static_cast<std::size_t>(i)] = *(p - 16 + i);
    for (int i = 1; i <= 16; ++i) *(p - i) = 0x77;
    EXPECT_EQ(gpa.check(), 1U);
    ASSERT_EQ(errors.kinds, std::vector{MemoryErrorKind::buffer_underflow});
    EXPECT_TRUE(has(errors.messages[0], "  the block: 64 bytes at ")) << errors.messages[0];
    EXPECT_TRUE(has(errors.messages[0], place_of_plant())) << errors.messages[0];
    for (int i = 0; i < 16; ++i) *(p - 16 + i) = before[static_cast<std::size_t>(i)];
    gpa.allocator().deallocate(p, 64);
    EXPECT_EQ(errors.kinds.size(), 1U);
}
#endif

TEST(MemoryErrors, ABlockOfAnotherAllocatorTellsItsStoryInEachTier) {
    for (const Tier mine : {Tier::counted, Tier::traced, Tier::guarded}) {
        for (const Tier theirs : {Tier::counted, Tier::traced, Tier::guarded}) {
            for (const std::size_t size : {64U, 300'000U}) {
                Collected errors;
                GeneralPurposeAllocator gpa{
                    {.tier = mine, .on_error = Collected::add, .on_error_context = &errors}};
                GeneralPurposeAllocator other{{.tier = theirs, .name = "other"}};
                void* const p = plant(other.allocator(), size);
                gpa.allocator().deallocate(p, size);
                ASSERT_EQ(errors.kinds, std::vector{MemoryErrorKind::wrong_allocator});
                EXPECT_EQ(errors.first_line(),
                          "zigmund: gpa: wrong allocator: " + address_of(p) + " belongs to other");
                EXPECT_TRUE(has(errors.messages[0], "  the block: " + std::to_string(size) + " bytes at " +
                                                        address_of(p) + ", alignment 16"))
                    << errors.messages[0];
                EXPECT_EQ(has(errors.messages[0], place_of_plant()), theirs != Tier::counted)
                    << errors.messages[0];
                other.allocator().deallocate(p, size);
                EXPECT_EQ(other.deinit(), LeakCheck::ok);
            }
        }
    }
}

TEST(MemoryErrors, AGuardedBlockIsExaminedWhenItIsResized) {
    Collected errors;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::guarded, .on_error = Collected::add, .on_error_context = &errors}};
    const Allocator a = gpa.allocator();
    auto* const p = static_cast<std::byte*>(plant(a, 64));
    const auto expect_one = [&](MemoryErrorKind kind, const std::string& rest) {
        ASSERT_EQ(errors.kinds, std::vector{kind}) << rest;
        EXPECT_EQ(errors.first_line(), "zigmund: gpa: " + std::string{to_string(kind)} + ": " + rest);
        errors = {};
    };
    EXPECT_TRUE(a.resize(p, 64, default_align, 64));
    EXPECT_FALSE(a.resize(p, 64, default_align, 65)) << "it would no longer be flush to its guard";
    EXPECT_EQ(a.remap(p, 64, default_align, 64), p);
    EXPECT_TRUE(errors.kinds.empty());
    EXPECT_FALSE(a.resize(p, 63, default_align, 63));
    expect_one(MemoryErrorKind::size_mismatch,
               address_of(p) + " was allocated with size 64, but resize says 63");
    EXPECT_EQ(a.remap(p, 65, default_align, 65), nullptr);
    expect_one(MemoryErrorKind::size_mismatch,
               address_of(p) + " was allocated with size 64, but remap says 65");
    EXPECT_FALSE(a.resize(p, 64, 32, 64));
    expect_one(MemoryErrorKind::alignment_mismatch,
               address_of(p) + " was allocated with alignment 16, but resize says 32");
    EXPECT_FALSE(a.resize(p + 16, 48, default_align, 48));
    expect_one(MemoryErrorKind::interior_pointer, address_of(p + 16) + " is 16 bytes into the block at " +
                                                      address_of(p) + ", not its beginning");
    a.deallocate(p, 64);
    EXPECT_EQ(a.remap(p, 64, default_align, 64), nullptr);
    expect_one(MemoryErrorKind::double_free, address_of(p) + " was given back before this remap");
}

#if !defined(ZIGMUND_TSAN)
TEST(MemoryErrors, AreOneLineOfJsonWhereTheReportsAre) {
    const auto fault = [] {
        GeneralPurposeAllocator gpa{
            {.tier = Tier::traced, .name = "strict", .report_format = ReportFormat::json}};
        void* const p = plant(gpa.allocator(), 64);
        gpa.allocator().deallocate(p, 63);
    };
    EXPECT_DEATH(
        fault(),
        R"(^\{"report":"error","allocator":"strict","kind":"size mismatch","address":"0x[0-9a-f]+","size":64,)"
        R"("block":\{"address":"0x[0-9a-f]+","size":64,"alignment":16,"age_seconds":[0-9]+,"thread":[0-9]+\},)"
        R"("stacks":\[\{"what":"allocated","frames":\[.*\]\},\{"what":"free","frames":\[.*\]\}\],)"
        R"("message":"zigmund: strict: size mismatch: .*\\u000a.*"\})");
}
#endif

/// What is said of a block that a thread of that name made, which has ended or not. `next`: the name of one
/// that began after it.
std::string told_of_block_of(const char* name, bool ended, const char* next = nullptr) {
    Collected errors;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::traced, .on_error = Collected::add, .on_error_context = &errors}};
    std::latch told{1};
    std::vector<std::thread> threads;
    const auto start = [&](const char* its_name, bool ends) {
        void* p = nullptr;
        std::latch made{1};
        threads.emplace_back([&, its_name, ends] {
            if (its_name != nullptr) (void)::pthread_setname_np(::pthread_self(), its_name);
            p = gpa.allocator().allocate(64);
            made.count_down();
            if (!ends) told.wait();
        });
        made.wait();
        return p;
    };
    // They have the numbers that other threads had before: within a second, nobody knows whose a block is.
    static int used = 8;
    std::vector<void*> others;
    for (int i = 0; i < used; ++i) others.push_back(start(nullptr, false));
    used += 2;
    void* const p = start(name, ended);
    if (ended) {
        threads.back().join();
        threads.pop_back();
    }
    if (next != nullptr) others.push_back(start(next, false));
    gpa.allocator().deallocate(p, 63);
    told.count_down();
    for (std::thread& thread : threads) thread.join();
    for (void* other : others) gpa.allocator().deallocate(other, 64);
    return errors.messages.empty() ? "" : errors.messages.front();
}

TEST(MemoryErrors, TellTheNameOfTheThreadThatMadeTheBlock) {
    for (const bool ended : {false, true}) {
        const std::string named = told_of_block_of("loader", ended);
        EXPECT_TRUE(std::regex_search(named, std::regex{" s ago by thread [0-9]+ \\(loader\\)\n"})) << named;
        const std::string unnamed = told_of_block_of(nullptr, ended);
        EXPECT_TRUE(std::regex_search(unnamed, std::regex{" s ago by thread [0-9]+\n"})) << unnamed;
    }
}

TEST(MemoryErrors, AThreadThatGotTheNumberOfAnotherIsNotTakenForIt) {
    const std::string told = told_of_block_of("loader", true, "impostor");
    EXPECT_FALSE(has(told, "impostor")) << told;
}

}  // namespace
