// Memory that is used wrongly on purpose, at lines that reports must name, and what is said of it.
#pragma once

#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace planted {

using namespace zigmund::alloc;

/// Collects errors instead of ending the process.
struct Collected {
    struct Item {
        MemoryErrorKind kind;
        const void* address;
        std::size_t size;
        std::string message;
    };
    std::vector<Item> items;

    static void add(const MemoryError& error, void* context) {
        static_cast<Collected*>(context)->items.push_back(
            {error.kind, error.address, error.size, std::string{error.message}});
    }
    [[nodiscard]] std::string first_line() const {
        return items.empty() ? "" : items.front().message.substr(0, items.front().message.find('\n'));
    }
};

inline std::string address_of(const void* p) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%p", p);
    return text.data();
}

// Lines that reports must name. The functions stay out of line so that they have a frame of their own.
inline constexpr int line_of_plant = __LINE__ + 2;
[[gnu::noinline]] inline void* plant(Allocator a, std::size_t size) {
    void* p = a.allocate(size);
    static_cast<unsigned char*>(p)[0] = 0x5A;
    return p;
}

inline constexpr int line_of_give_back = __LINE__ + 2;
[[gnu::noinline]] inline void give_back(Allocator a, void* p, std::size_t size) {
    a.deallocate(p, size);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // no tail call: the frame must be there
}

inline std::string here(int line) { return "planted_errors.hpp:" + std::to_string(line); }

inline bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

class GeneralPurposeErrors : public ::testing::Test {
  protected:
    Collected errors;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::traced, .name = "test", .on_error = Collected::add, .on_error_context = &errors}};
    Allocator a = gpa.allocator();

    void expect_one(MemoryErrorKind kind, const std::string& first_line) {
        ASSERT_EQ(errors.items.size(), 1U);
        EXPECT_EQ(errors.items[0].kind, kind);
        EXPECT_EQ(errors.first_line(), first_line);
        EXPECT_NE(errors.items[0].message.find(here(line_of_give_back)), std::string::npos)
            << errors.items[0].message;
    }
};

}  // namespace planted
