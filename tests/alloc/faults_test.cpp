// Each diagnosis by a faulty program that is run as a process: alone among blocks and not, small, large and
// mapped, in each tier that promises it, compiled with and without optimisation. Its good twin is silent.
#include <gtest/gtest.h>

#if defined(ZIGMUND_FAULTS_O0)

#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <regex>
#include <string>
#include <tuple>

namespace {

struct Outcome {
    int status;
    std::string text;
};

Outcome run(const std::string& command) {
    FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    std::string text;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text.push_back(static_cast<char>(c));
    return {::pclose(pipe), text};
}

struct Fault {
    const char* name;
    const char* first_line;  // a regular expression
    bool aborts;
    bool counted;  // found by that tier as well
    bool traced = true;
    bool stopped = false;  // by a guard page, where there is one
};

constexpr std::array faults{
    Fault{"leak", "^zigmund: faults: leak: [0-9]+ bytes in 1 block from 1 call site\n", false, true},
    Fault{"overflow",
          "^zigmund: faults: buffer overflow: byte 0 behind the block at 0x[0-9a-f]+ of [0-9]+ bytes was "
          "written\n",
          true, true, true, true},
    Fault{"underflow",
          "^zigmund: faults: buffer underflow: byte 1 before the block at 0x[0-9a-f]+ of [0-9]+ bytes was "
          "written\n",
          true, true},
    Fault{
        "size-mismatch",
        "^zigmund: faults: size mismatch: 0x[0-9a-f]+ was allocated with size [0-9]+, but free says [0-9]+\n",
        true, true},
    Fault{"alignment-mismatch",
          "^zigmund: faults: alignment mismatch: 0x[0-9a-f]+ was allocated with alignment 16, but free says "
          "32\n",
          true, true},
    Fault{
        "interior",
        "^zigmund: faults: interior pointer: 0x[0-9a-f]+ is 16 bytes into the block at 0x[0-9a-f]+, not its "
        "beginning\n",
        true, true},
    Fault{"double-free", "^zigmund: faults: double free: 0x[0-9a-f]+ was given back before this free\n", true,
          true},
    Fault{"foreign", "^zigmund: faults: foreign pointer: 0x[0-9a-f]+ was not allocated here\n", true, true},
    Fault{"late-write",
          "^zigmund: faults: use after free: byte 0 of the block at 0x[0-9a-f]+ of [0-9]+ bytes was written "
          "after "
          "it was given back\n",
          true, false, true, true},
    Fault{"read-overflow",
          "^zigmund: faults: buffer overflow: byte 0 behind the block at 0x[0-9a-f]+ of [0-9]+ bytes was "
          "read\n",
          true, false, false, true},
    Fault{
        "late-read",
        "^zigmund: faults: use after free: byte [0-9]+ of the block at 0x[0-9a-f]+ of [0-9]+ bytes was read "
        "after it was given back\n",
        true, false, false, true},
};

using Case = std::tuple<Fault, const char*, const char*, const char*>;

class Faults : public ::testing::TestWithParam<Case> {};

TEST_P(Faults, AreNamedAndGoodTwinsAreSilent) {
    const auto& [fault, program, tier, size] = GetParam();
    const std::string words = std::string{" "} + tier + " " + size;
    const Outcome good = run(std::string{program} + " good-" + fault.name + words);
    EXPECT_EQ(good.text, "");
    EXPECT_EQ(good.status, 0);
    const bool guarded = std::string{tier} == "guarded" || std::string{tier} == "sampled";
    if ((std::string{tier} == "counted" && !fault.counted) ||
        (std::string{tier} == "traced" && !fault.traced))
        return;

    // The sampled tier knows its samples only; what is not one belongs to the backing.
    if (std::string{tier} == "sampled" && std::string{fault.name} == "foreign") return;

    // The shell in between turns the signal into a status of its own.
    const Outcome bad = run(std::string{program} + " " + fault.name + words);
    const int signal = guarded && fault.stopped ? SIGSEGV : SIGABRT;
    EXPECT_TRUE(WIFEXITED(bad.status) ? WEXITSTATUS(bad.status) == (fault.aborts ? 128 + signal : 1)
                                      : fault.aborts && WTERMSIG(bad.status) == signal)
        << bad.status;
    EXPECT_TRUE(std::regex_search(bad.text, std::regex{fault.first_line})) << bad.text;
    if (std::string{tier} != "counted" && std::string{fault.name} != "foreign") {
        EXPECT_NE(bad.text.find("make_block"), std::string::npos) << bad.text;
        EXPECT_NE(bad.text.find("faults.cpp:"), std::string::npos) << bad.text;
    }
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
    const auto& [fault, program, tier, size] = info.param;
    std::string name = std::string{fault.name} + "_" + tier + "_" + size +
                       (std::string{program}.ends_with("O0") ? "_O0" : "_O2");
    for (char& c : name) {
        if (c == '-') c = '_';
        if (c == '+') c = 'n';
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(All, Faults,
                         ::testing::Combine(::testing::ValuesIn(faults),
                                            ::testing::Values(ZIGMUND_FAULTS_O0, ZIGMUND_FAULTS_O2),
                                            ::testing::Values("counted", "traced", "guarded", "sampled"),
                                            ::testing::Values("64", "64+", "200000")),
                         name_of);

}  // namespace

#endif
