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

// ---- a pointer whose memory is another block's by now ----

constexpr int line_of_give_up = __LINE__ + 2;
[[gnu::noinline]] void give_up(Allocator a, void* p, std::size_t size) {
    a.deallocate(p, size);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // no tail call
}

std::string place_of_give_up() { return "memory_errors_test.cpp:" + std::to_string(line_of_give_up); }

std::string interior_line(const void* p, const void* block, std::size_t offset) {
    return "zigmund: gpa: interior pointer: " + address_of(p) + " is " + std::to_string(offset) +
           " bytes into the block at " + address_of(block) + ", not its beginning";
}

/// Whether these stand in the text, one after the other.
bool in_order(const std::string& text, const std::vector<std::string>& parts) {
    std::size_t at = 0;
    for (const std::string& part : parts) {
        at = text.find(part, at);
        if (at == std::string::npos) return false;
        at += part.size();
    }
    return true;
}

#if !defined(ZIGMUND_ASAN)  // which holds freed memory back itself
/// A backing that hands out memory from wherever the test puts it.
class Placed final : public Resource {
  public:
    void put(std::size_t offset) { at_ = offset; }

  private:
    void* do_try_allocate(std::size_t size, std::size_t /*align*/) noexcept override {
        void* const p = memory_.data() + at_;
        at_ += size;
        return p;
    }
    void do_deallocate(void* /*p*/, std::size_t /*size*/, std::size_t /*align*/) noexcept override {}

    std::size_t at_ = 0;
    alignas(64) std::array<std::byte, 8192> memory_;
};

TEST(MemoryErrors, APointerIntoABlockThatWasGivenBackIsOneAndTellsWhoGaveItBack) {
    for (const Tier tier : {Tier::traced, Tier::guarded}) {
        Collected errors;
        GeneralPurposeAllocator gpa{{.tier = tier, .on_error = Collected::add, .on_error_context = &errors}};
        auto* const p = static_cast<std::byte*>(plant(gpa.allocator(), 64));
        give_up(gpa.allocator(), p, 64);
        gpa.allocator().deallocate(p + 16, 48);
        ASSERT_EQ(errors.kinds, std::vector{MemoryErrorKind::interior_pointer});
        EXPECT_EQ(errors.first_line(), interior_line(p + 16, p, 16));
        EXPECT_TRUE(in_order(errors.messages[0],
                             {"  the block: 64 bytes at " + address_of(p), "  allocated at\n",
                              place_of_plant(), "  given back at\n", place_of_give_up(), "  free at\n"}))
            << errors.messages[0];
    }
}

TEST(MemoryErrors, APointerToAnEarlierBlockIsTakenForWhatIsThereNowAndTellsOfBoth) {
    for (const bool held : {false, true}) {
        Collected errors;
        Placed placed;
        GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                     .backing = placed,
                                     .quarantine_blocks = 1,
                                     .on_error = Collected::add,
                                     .on_error_context = &errors}};
        const Allocator a = gpa.allocator();
        placed.put(1024);
        void* const earlier = plant(a, 64);
        give_up(a, earlier, 64);
        placed.put(4096);
        a.deallocate(a.allocate(64), 64);  // the quarantine lets go of the one before
        ASSERT_TRUE(errors.kinds.empty());
        placed.put(0);
        auto* const now = static_cast<std::byte*>(plant(a, 2000));
        if (held) give_up(a, now, 2000);
        a.deallocate(earlier, 64);
        ASSERT_EQ(errors.kinds, std::vector{MemoryErrorKind::interior_pointer});
        EXPECT_EQ(errors.first_line(), interior_line(earlier, now, 1024));
        std::vector<std::string> parts{"  the block: 2000 bytes at " + address_of(now), "  allocated at\n",
                                       place_of_plant()};
        if (held) parts.insert(parts.end(), {"  given back at\n", place_of_give_up()});
        parts.insert(parts.end(), {"  an earlier block of 64 bytes began there, and was given back\n",
                                   "  earlier allocated at\n", place_of_plant(), "  earlier given back at\n",
                                   place_of_give_up(), "  free at\n"});
        EXPECT_TRUE(in_order(errors.messages[0], parts)) << errors.messages[0];
        if (!held) a.deallocate(now, 2000);
        EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
    }
}
#endif

TEST(MemoryErrors, APointerToABlockWhosePagesHaveAnotherTellsOfBoth) {
    for (const std::size_t size : {40U, 64U, 640U}) {  // it begins behind, at, and before the earlier one
        Collected errors;
        GeneralPurposeAllocator gpa{{.tier = Tier::guarded,
                                     .fenced_blocks = 0,
                                     .on_error = Collected::add,
                                     .on_error_context = &errors}};
        const Allocator a = gpa.allocator();
        auto* const earlier = static_cast<std::byte*>(plant(a, 64));
        give_up(a, earlier, 64);
        auto* const now = static_cast<std::byte*>(plant(a, size));
        ASSERT_EQ(now + size <= earlier + 64 && now + size > earlier, true) << "other pages";
        if (size == 64) {
            EXPECT_EQ(now, earlier);
        } else {
            a.deallocate(earlier, 64);
            ASSERT_EQ(errors.kinds.size(), 1U);
            EXPECT_EQ(errors.first_line(), size == 640 ? interior_line(earlier, now, 576)
                                                       : "zigmund: gpa: double free: " + address_of(earlier) +
                                                             " was given back before this free");
            EXPECT_TRUE(in_order(errors.messages[0], {"64 bytes", place_of_plant(), place_of_give_up()}))
                << errors.messages[0];
        }
        a.deallocate(now, size);
    }
}

TEST(MemoryErrors, OfTwoThreadsThatFreeAGuardedBlockOneIsToldSo) {
    struct Kinds {
        std::atomic<int> double_frees = 0;
        std::atomic<int> others = 0;
        static void add(const MemoryError& error, void* context) {
            auto& all = *static_cast<Kinds*>(context);
            ++(error.kind == MemoryErrorKind::double_free ? all.double_frees : all.others);
        }
    } kinds;
    constexpr int rounds = 300;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::guarded, .stack_frames = 0, .on_error = Kinds::add, .on_error_context = &kinds}};
    const Allocator a = gpa.allocator();
    std::array<void*, rounds> blocks;
    for (void*& block : blocks) block = a.allocate(64);
    std::array<std::atomic<int>, 2> at{};
    const auto free_all = [&](std::size_t me) {
        for (int i = 0; i < rounds; ++i) {
            at[me].store(i, std::memory_order_release);
            while (at[1 - me].load(std::memory_order_acquire) < i) std::this_thread::yield();
            a.deallocate(blocks[static_cast<std::size_t>(i)], 64);
        }
        at[me].store(rounds, std::memory_order_release);
    };
    std::thread other{free_all, 1};
    free_all(0);
    other.join();
    EXPECT_EQ(kinds.double_frees, rounds);
    EXPECT_EQ(kinds.others, 0);
    EXPECT_EQ(gpa.live_blocks(), 0U);
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
