// What the general-purpose allocator says of memory that is used wrongly.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "planted_errors.hpp"

namespace {

using namespace zigmund::alloc;
using namespace planted;

TEST_F(GeneralPurposeErrors, SizeMismatchIsNamedAndTheBlockIsFreed) {
    void* p = plant(a, 64);
    give_back(a, p, 65);
    expect_one(MemoryErrorKind::size_mismatch, "zigmund: test: size mismatch: " + address_of(p) +
                                                   " was allocated with size 64, but free says 65");
    EXPECT_NE(errors.items[0].message.find(here(line_of_plant)), std::string::npos)
        << errors.items[0].message;
    EXPECT_EQ(gpa.live_blocks(), 0U);
}

TEST_F(GeneralPurposeErrors, AlignmentMismatchIsNamedAlsoBelowTheDefault) {
    void* p = a.allocate(64, 4);
    give_back(a, p, 64);
    expect_one(MemoryErrorKind::alignment_mismatch, "zigmund: test: alignment mismatch: " + address_of(p) +
                                                        " was allocated with alignment 4, but free says 16");
}

TEST_F(GeneralPurposeErrors, DoubleFreeOfALoneBlock) {
    void* p = plant(a, 64);
    give_back(a, p, 64);
    give_back(a, p, 64);
    expect_one(MemoryErrorKind::double_free,
               "zigmund: test: double free: " + address_of(p) + " was given back before this free");
    EXPECT_EQ(gpa.live_blocks(), 0U);
}

TEST_F(GeneralPurposeErrors, DoubleFreeOfALargeBlock) {
    constexpr std::size_t size = 32 << 20;
    void* p = plant(a, size);
    give_back(a, p, size);
    give_back(a, p, size);
    expect_one(MemoryErrorKind::double_free,
               "zigmund: test: double free: " + address_of(p) + " was given back before this free");
}

TEST_F(GeneralPurposeErrors, ForeignPointerIsNotFollowed) {
    auto* const nowhere = reinterpret_cast<void*>(0x10000);  // nothing is mapped there
    give_back(a, nowhere, 64);
    expect_one(MemoryErrorKind::foreign_pointer,
               "zigmund: test: foreign pointer: 0x10000 was not allocated here");
}

TEST_F(GeneralPurposeErrors, PointersOutsideOfTheAddressSpaceAreForeign) {
    for (const std::uintptr_t wild :
         {std::uintptr_t{1}, UINTPTR_MAX, UINTPTR_MAX - 15, std::uintptr_t{1} << 63, std::uintptr_t{1} << 48,
          (std::uintptr_t{1} << 48) - 16})
        give_back(a, reinterpret_cast<void*>(wild), 64);
    ASSERT_EQ(errors.items.size(), 6U);
    for (const auto& error : errors.items) EXPECT_EQ(error.kind, MemoryErrorKind::foreign_pointer);
}

TEST_F(GeneralPurposeErrors, StackPointerIsForeignAndSaidToBeOne) {
    // Not a local variable: AddressSanitizer keeps those elsewhere.
    void* const frame = __builtin_frame_address(0);
    give_back(a, frame, 64);
    expect_one(MemoryErrorKind::foreign_pointer,
               "zigmund: test: foreign pointer: " + address_of(frame) + " was not allocated here");
    EXPECT_NE(errors.items[0].message.find("this thread's stack"), std::string::npos);
}

TEST_F(GeneralPurposeErrors, InteriorPointerNamesItsBlock) {
    for (const std::size_t offset : {1U, 16U, 999U}) {
        errors.items.clear();
        auto* p = static_cast<std::byte*>(plant(a, 1000));
        give_back(a, p + offset, 1000);
        expect_one(MemoryErrorKind::interior_pointer,
                   "zigmund: test: interior pointer: " + address_of(p + offset) + " is " +
                       std::to_string(offset) + " bytes into the block at " + address_of(p) +
                       ", not its beginning");
        give_back(a, p, 1000);
    }
}

TEST_F(GeneralPurposeErrors, ResizeAndRemapAreChecked) {
    void* p = plant(a, 64);
    EXPECT_FALSE(a.resize(p, 63, default_align, 64));
    EXPECT_EQ(a.remap(p, 65, default_align, 100), nullptr);
    ASSERT_GE(errors.items.size(), 2U);
    EXPECT_EQ(errors.first_line(), "zigmund: test: size mismatch: " + address_of(p) +
                                       " was allocated with size 64, but resize says 63");
    errors.items.clear();
    give_back(a, p, 64);
    EXPECT_TRUE(errors.items.empty()) << "the block kept its size";
    EXPECT_FALSE(a.resize(p, 64, default_align, 65));
    ASSERT_EQ(errors.items.size(), 1U);
    EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::double_free);
}

TEST_F(GeneralPurposeErrors, UseAfterDeinit) {
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
    EXPECT_EQ(a.try_allocate(64), nullptr);
    ASSERT_EQ(errors.items.size(), 1U);
    EXPECT_EQ(errors.first_line(),
              "zigmund: test: use after deinit: allocate after the allocator's deinit()");
}

#if !defined(ZIGMUND_ASAN)  // which stops at the write itself
TEST_F(GeneralPurposeErrors, OverflowIsFoundAtItsByte) {
    for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 15U, 16U, 17U, 64U, 100'000U}) {
        for (std::size_t offset = 0; offset < 8; ++offset) {
            errors.items.clear();
            auto* volatile p = static_cast<unsigned char*>(a.allocate(size));
            p[size + offset] = 0;
            give_back(a, p, size);
            expect_one(MemoryErrorKind::buffer_overflow,
                       "zigmund: test: buffer overflow: byte " + std::to_string(offset) +
                           " behind the block at " + address_of(p) + " of " + std::to_string(size) +
                           " bytes was written");
        }
    }
    EXPECT_EQ(gpa.live_blocks(), 0U);
}

TEST_F(GeneralPurposeErrors, UnderflowIsFoundAtItsByte) {
    for (std::size_t offset = 1; offset <= 8; ++offset) {
        errors.items.clear();
        auto* volatile p = static_cast<unsigned char*>(plant(a, 64));
        *(p - offset) = 0;
        give_back(a, p, 64);
        expect_one(MemoryErrorKind::buffer_underflow, "zigmund: test: buffer underflow: byte " +
                                                          std::to_string(offset) + " before the block at " +
                                                          address_of(p) + " of 64 bytes was written");
        EXPECT_NE(errors.items[0].message.find(here(line_of_plant)), std::string::npos);
    }
}

TEST_F(GeneralPurposeErrors, DefaultIsToReportAndAbort) {
    GeneralPurposeOptions options{.tier = Tier::traced};
    options.name = "strict";
    EXPECT_DEATH(
        {
            GeneralPurposeAllocator strict{options};
            void* p = plant(strict.allocator(), 64);
            give_back(strict.allocator(), p, 64);
            give_back(strict.allocator(), p, 64);
        },
        "^zigmund: strict: double free: 0x[0-9a-f]+ was given back before this free\n");
}
#endif

#if defined(ZIGMUND_ASAN)
// AddressSanitizer sees better: it stops at the access, of which the allocator would find the traces later.
TEST(GeneralPurposeAllocator, UnderAddressSanitizerAnAccessOutsideOfABlockStopsAtOnce) {
    for (const Tier tier : {Tier::counted, Tier::traced}) {
        GeneralPurposeAllocator gpa{{.tier = tier}};
        for (const std::size_t size : {1U, 64U, 100'000U}) {
            auto* volatile p = static_cast<unsigned char*>(plant(gpa.allocator(), size));
            EXPECT_DEATH(p[size] = 1, "AddressSanitizer: use-after-poison");
            EXPECT_DEATH(*(p - 1) = 1, "AddressSanitizer: use-after-poison");
            EXPECT_DEATH(std::printf("%d", p[size]), "AddressSanitizer: use-after-poison");
            give_back(gpa.allocator(), p, size);
            EXPECT_DEATH(std::printf("%d", p[size - 1]), "AddressSanitizer: heap-use-after-free");
        }
    }
}

// ... and the allocator adds what AddressSanitizer cannot know.
TEST(GeneralPurposeAllocator, UnderAddressSanitizerItStillNamesWhatIsFreedWrongly) {
    GeneralPurposeOptions options{.tier = Tier::traced};
    options.name = "strict";
    GeneralPurposeAllocator strict{options};
    void* const p = plant(strict.allocator(), 64);
    EXPECT_DEATH(give_back(strict.allocator(), p, 63), "^zigmund: strict: size mismatch: ");
    give_back(strict.allocator(), p, 64);
    EXPECT_DEATH(give_back(strict.allocator(), p, 64), "^zigmund: strict: double free: ");
}
#endif

TEST_F(GeneralPurposeErrors, DoubleFreeNamesAllThreeSites) {
    void* p = plant(a, 64);
    give_back(a, p, 64);
    a.deallocate(p, 64);
    const int line_of_second = __LINE__ - 1;
    ASSERT_EQ(errors.items.size(), 1U);
    const std::string& text = errors.items[0].message;
    EXPECT_TRUE(has(text, here(line_of_plant))) << text;
    EXPECT_TRUE(has(text, here(line_of_give_back))) << text;
    EXPECT_TRUE(has(text, "general_purpose_errors_test.cpp:" + std::to_string(line_of_second))) << text;
    EXPECT_LT(text.find("  allocated at"), text.find("  first given back at"));
    EXPECT_LT(text.find("  first given back at"), text.find("  free at"));
}

TEST_F(GeneralPurposeErrors, DoubleFreeNamesAllThreeSitesAfterTheMemoryWentBack) {
    void* p = plant(a, 64);
    give_back(a, p, 64);
    // Enough others to push it out of the quarantine; kept, so that its address stays unused.
    std::vector<void*> others;
    for (int i = 0; i < 1000; ++i) others.push_back(a.allocate(4000));
    for (void* other : others) a.deallocate(other, 4000);
    a.deallocate(p, 64);
    ASSERT_EQ(errors.items.size(), 1U);
    const std::string& text = errors.items[0].message;
    EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::double_free);
    EXPECT_EQ(errors.items[0].size, 64U);
    EXPECT_TRUE(has(text, here(line_of_plant))) << text;
    EXPECT_TRUE(has(text, here(line_of_give_back))) << text;
}

TEST_F(GeneralPurposeErrors, DoubleFreeOfABlockTooLargeToHoldNamesAllThreeSites) {
    constexpr std::size_t size = 32 << 20;
    void* p = plant(a, size);
    give_back(a, p, size);
    a.deallocate(p, size);
    ASSERT_EQ(errors.items.size(), 1U);
    EXPECT_TRUE(has(errors.items[0].message, here(line_of_plant))) << errors.items[0].message;
    EXPECT_TRUE(has(errors.items[0].message, here(line_of_give_back))) << errors.items[0].message;
}

TEST_F(GeneralPurposeErrors, DoubleFreeByTwoThreadsIsFound) {
    void* p = plant(a, 64);
    std::jthread{[&] { give_back(a, p, 64); }}.join();
    std::jthread{[&] { give_back(a, p, 64); }}.join();
    ASSERT_EQ(errors.items.size(), 1U);
    EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::double_free);
}

TEST_F(GeneralPurposeErrors, BlockOfAnotherAllocatorNamesTheOwner) {
    GeneralPurposeAllocator other{{.tier = Tier::traced, .name = "other"}};
    void* p = plant(other.allocator(), 64);
    give_back(a, p, 64);
    expect_one(MemoryErrorKind::wrong_allocator,
               "zigmund: test: wrong allocator: " + address_of(p) + " belongs to other");
    give_back(other.allocator(), p, 64);
    EXPECT_EQ(other.deinit(), LeakCheck::ok);
}

TEST_F(GeneralPurposeErrors, SizeOverflowFailsAndIsToldToTheHandler) {
    EXPECT_EQ(a.try_allocate(SIZE_MAX - 3), nullptr);
    EXPECT_THROW((void)a.allocate(SIZE_MAX - 3), std::bad_alloc);
    ASSERT_EQ(errors.items.size(), 2U);
    EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::size_overflow);
    EXPECT_EQ(errors.first_line(), "zigmund: test: size overflow: 18446744073709551612 bytes were asked for");
}

TEST_F(GeneralPurposeErrors, CheckOfSoundMemoryFindsNothing) {
    void* p = plant(a, 64);
    give_back(a, plant(a, 100), 100);
    EXPECT_EQ(gpa.check(), 0U);
    give_back(a, p, 64);
    EXPECT_EQ(gpa.check(), 0U);
    EXPECT_TRUE(errors.items.empty());
}

#if !defined(ZIGMUND_ASAN)
TEST_F(GeneralPurposeErrors, CheckFindsOverflowsOfLiveBlocks) {
    auto* volatile p = static_cast<unsigned char*>(plant(a, 64));
    p[64] = 1;
    EXPECT_EQ(gpa.check(), 1U);
    ASSERT_EQ(errors.items.size(), 1U);
    EXPECT_EQ(errors.first_line(), "zigmund: test: buffer overflow: byte 0 behind the block at " +
                                       address_of(p) + " of 64 bytes was written");
    give_back(a, p, 64);
}

TEST_F(GeneralPurposeErrors, LateWriteIsFoundByCheckAndNamesWhoFreed) {
    for (const std::size_t size : {1U, 64U, 300'000U}) {
        errors.items.clear();
        auto* volatile p = static_cast<unsigned char*>(plant(a, size));
        give_back(a, p, size);
        p[size - 1] = 0x41;
        EXPECT_EQ(gpa.check(), 1U);
        p[size - 1] = 0xDF;  // as it was: once is enough
        expect_one(MemoryErrorKind::use_after_free, "zigmund: test: use after free: byte " +
                                                        std::to_string(size - 1) + " of the block at " +
                                                        address_of(p) + " of " + std::to_string(size) +
                                                        " bytes was written after it was given back");
        EXPECT_TRUE(has(errors.items[0].message, "  found 41, where each byte was df\n"))
            << errors.items[0].message;
        EXPECT_TRUE(has(errors.items[0].message, here(line_of_plant))) << errors.items[0].message;
    }
}

TEST_F(GeneralPurposeErrors, LateWriteIsFoundWhenTheBlockLeavesTheQuarantine) {
    auto* volatile p = static_cast<unsigned char*>(plant(a, 64));
    give_back(a, p, 64);
    p[7] = 0x41;
    std::vector<void*> others;
    for (int i = 0; i < 1000; ++i) others.push_back(a.allocate(64));
    EXPECT_TRUE(errors.items.empty());
    for (void* other : others) a.deallocate(other, 64);
    expect_one(MemoryErrorKind::use_after_free, "zigmund: test: use after free: byte 7 of the block at " +
                                                    address_of(p) +
                                                    " of 64 bytes was written after it was given back");
}

TEST_F(GeneralPurposeErrors, LateWriteIsFoundAtTheEnd) {
    auto* volatile p = static_cast<unsigned char*>(plant(a, 64));
    give_back(a, p, 64);
    p[0] = 0x41;
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
    ASSERT_GE(errors.items.size(), 1U);
    EXPECT_EQ(errors.items[0].kind, MemoryErrorKind::use_after_free);
}

TEST_F(GeneralPurposeErrors, UnderflowThatDestroysTheHeaderIsFound) {
    auto* volatile p = static_cast<unsigned char*>(plant(a, 64));
    for (int i = 1; i <= 20; ++i) *(p - i) = 0;
    give_back(a, p, 64);
    expect_one(MemoryErrorKind::buffer_underflow,
               "zigmund: test: buffer underflow: more than 8 bytes before the block at " + address_of(p) +
                   " were written");
    EXPECT_EQ(gpa.live_blocks(), 0U);
    (void)gpa.check();
    EXPECT_EQ(errors.items.size(), 1U) << "told again of the freed block";
}
#endif

}  // namespace
