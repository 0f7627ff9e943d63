// Faulty programs over malloc and new, and their good twins, under zigmund-leaks: each diagnosis is matched,
// in each tier that promises it, compiled with and without optimisation.
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <tuple>

#include "process.hpp"

namespace {

using namespace zigmund::testing;

struct Fault {
    const char* name;
    const char* first_line;  // a regular expression, after the program's name
    bool counted = true;     // found by that tier
    bool traced = true;
    bool guarded = true;
};

constexpr std::array faults{
    Fault{"leak", "leak: [0-9]+ bytes in 1 block from 1 call site\n"},
    Fault{"overflow",
          "buffer overflow: byte 0 behind the block at 0x[0-9a-f]+ of [0-9]+ bytes was written\n"},
    Fault{"underflow",
          "buffer underflow: byte 1 before the block at 0x[0-9a-f]+ of [0-9]+ bytes was written\n"},
    Fault{"double-free", "double free: 0x[0-9a-f]+ was given back before this free\n"},
    Fault{"realloc-after-free", "double free: 0x[0-9a-f]+ was given back before this realloc\n"},
    Fault{"interior",
          "interior pointer: 0x[0-9a-f]+ is 16 bytes into the block at 0x[0-9a-f]+, not its beginning\n"},
    Fault{"foreign", "foreign pointer: 0x[0-9a-f]+ was not allocated here\n"},
    Fault{"stack",
          "foreign pointer: 0x[0-9a-f]+ was not allocated here\n  it points into this thread's stack\n"},
    Fault{"late-write",
          "use after free: byte 0 of the block at 0x[0-9a-f]+ of [0-9]+ bytes was written after it was given "
          "back\n",
          false},
    Fault{
        "late-read",
        "use after free: byte [0-9]+ of the block at 0x[0-9a-f]+ of [0-9]+ bytes was read after it was given "
        "back\n",
        false, false},
    Fault{"read-overflow",
          "buffer overflow: byte 0 behind the block at 0x[0-9a-f]+ of [0-9]+ bytes was read\n", false, false},
    Fault{"new-free", "family mismatch: 0x[0-9a-f]+ was allocated with new, but given back with free\n"},
    Fault{"malloc-delete",
          "family mismatch: 0x[0-9a-f]+ was allocated with malloc, but given back with delete\n"},
    Fault{"array-delete",
          "family mismatch: 0x[0-9a-f]+ was allocated with new\\[\\], but given back with delete\n"},
    Fault{"new-delete-array",
          "family mismatch: 0x[0-9a-f]+ was allocated with new, but given back with delete\\[\\]\n"},
    Fault{"new-realloc",
          "family mismatch: 0x[0-9a-f]+ was allocated with new, but given back with (realloc|free)\n"},
    Fault{"size-mismatch",
          "size mismatch: 0x[0-9a-f]+ was allocated with size 40, but (free|delete) says 48\n"},
    Fault{"alignment-mismatch",
          "alignment mismatch: 0x[0-9a-f]+ was allocated with alignment 64, but (free|delete) says 16\n"},
};

using Case = std::tuple<Fault, const char*, const char*, const char*>;

class InterposedFaults : public ::testing::TestWithParam<Case> {};

TEST_P(InterposedFaults, AreNamedAndGoodTwinsAreSilent) {
    const auto& [fault, program, tier, size] = GetParam();
    const std::string level = tier;
    const Words tool{ZIGMUND_LEAKS, "--tier=" + level, "--exit-code=9", "--", program};
    const auto with = [&](const std::string& what) {
        Words words = tool;
        words.push_back(what);
        words.push_back(size);
        return run(words);
    };
    const Ended good = with(std::string{"good-"} + fault.name);
    EXPECT_EQ(good.err, "");
    EXPECT_EQ(good.status, 0);
    if (level == "counted" ? !fault.counted : level == "traced" ? !fault.traced : !fault.guarded) return;

    const Ended bad = with(fault.name);
    EXPECT_EQ(bad.status, 9);
    const std::string name = std::filesystem::path{program}.filename();
    EXPECT_TRUE(std::regex_search(bad.err, std::regex{"^zigmund: " + name + ": " + fault.first_line}))
        << bad.err;
    EXPECT_EQ(bad.err.find("zigmund:", 1), std::string::npos) << "more than one report:\n" << bad.err;
    const bool has_block = std::string{fault.name} != "foreign" && std::string{fault.name} != "stack";
    if (level != "counted" && has_block) {
        EXPECT_NE(bad.err.find("faults.cpp:"), std::string::npos) << bad.err;
    }
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
    const auto& [fault, program, tier, size] = info.param;
    std::string name = std::string{fault.name} + "_" + tier + "_" + size +
                       (std::string{program}.ends_with("O0") ? "_O0" : "_O2");
    for (char& c : name)
        if (c == '-') c = '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(All, InterposedFaults,
                         ::testing::Combine(::testing::ValuesIn(faults),
                                            ::testing::Values(ZIGMUND_FAULTS_O0, ZIGMUND_FAULTS_O2),
                                            ::testing::Values("counted", "traced", "guarded"),
                                            ::testing::Values("64", "200000")),
                         name_of);

}  // namespace
