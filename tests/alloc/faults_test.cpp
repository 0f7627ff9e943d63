// Each diagnosis by a faulty program that is run as a process: alone, among blocks and as the last of them,
// small, large and mapped, in each tier that promises it, compiled with and without optimisation. Its good
// twin is silent. The places that a report names are those of the source.
#include <gtest/gtest.h>

#if defined(ZIGMUND_FAULTS_O0)

#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <ostream>
#include <regex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

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

/// `faults.cpp:24` of the line that is marked so.
std::string place(const std::string& file, const std::string& mark) {
    std::ifstream source{ZIGMUND_FAULTS_SOURCES "/" + file};
    int number = 0;
    for (std::string line; std::getline(source, line);) {
        ++number;
        if (line.ends_with("// here: " + mark)) return file + ":" + std::to_string(number);
    }
    ADD_FAILURE() << "no line of " << file << " is marked " << mark;
    return "?";
}

// What ends the process, tier by tier.
enum class End {
    not_found,  // not promised there: not run
    report,     // abort
    stop,       // SIGSEGV at the access
    exit,       // nothing: it goes on, and says so at its end
};

struct Fault {
    const char* name;
    const char* first_line;  // a regular expression, behind "zigmund: faults: "
    End counted;
    End traced;
    End guarded;         // the guard page behind the block
    End guarded_before;  // the guard page before the block
    End sampled;
    std::vector<const char*> places;  // that the report names, in this order, where blocks have stacks
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

const std::string of_block = "the block at 0x[0-9a-f]+ of [0-9]+ bytes was ";

const std::vector<Fault>& faults() {
    using enum End;
    static const std::string underflow = "buffer underflow: byte 1 before " + of_block + "written\n";
    static const std::string overflow = "buffer overflow: byte 0 behind " + of_block + "written\n";
    static const std::string far_overflow = "buffer overflow: byte 7 behind " + of_block + "written\n";
    static const std::string read_overflow = "buffer overflow: byte 0 behind " + of_block + "read\n";
    static const std::string read_underflow = "buffer underflow: byte 1 before " + of_block + "read\n";
    static const std::string deep_underflow =
        "buffer underflow: (more than 8 bytes before the block at 0x[0-9a-f]+ were written\n|byte (1|20) "
        "before " +
        of_block + "written\n)";
    static const std::string late_write =
        "use after free: byte 0 of " + of_block + "written after it was given back\n";
    static const std::string late_read =
        "use after free: byte [0-9]+ of " + of_block + "read after it was given back\n";
    static const std::vector<Fault> all{
        {"leak",
         "leak: [0-9]+ bytes in 1 block from 1 call site\n",
         exit,
         exit,
         exit,
         exit,
         exit,
         {"allocated"}},
        {"overflow", overflow.c_str(), report, report, stop, report, stop, {"allocated"}},
        {"far-overflow", far_overflow.c_str(), report, report, stop, report, stop, {"allocated"}},
        {"overflow-check", overflow.c_str(), report, report, stop, report, stop, {"allocated"}},
        {"underflow", underflow.c_str(), report, report, report, stop, report, {"allocated"}},
        {"deep-underflow", deep_underflow.c_str(), report, report, report, stop, report, {"allocated"}},
        {"read-overflow",
         read_overflow.c_str(),
         not_found,
         not_found,
         stop,
         not_found,
         stop,
         {"allocated", "read"}},
        {"read-underflow",
         read_underflow.c_str(),
         not_found,
         not_found,
         not_found,
         stop,
         not_found,
         {"allocated", "read"}},
        {"size-mismatch",
         "size mismatch: 0x[0-9a-f]+ was allocated with size [0-9]+, but free says [0-9]+\n",
         report,
         report,
         report,
         report,
         report,
         {"allocated", "freed"}},
        {"alignment-mismatch",
         "alignment mismatch: 0x[0-9a-f]+ was allocated with alignment 16, but free says 32\n",
         report,
         report,
         report,
         report,
         report,
         {"allocated", "freed"}},
        {"resize-mismatch",
         "size mismatch: 0x[0-9a-f]+ was allocated with size [0-9]+, but resize says [0-9]+\n",
         report,
         report,
         report,
         report,
         report,
         {"allocated", "resized"}},
        {"interior",
         "interior pointer: 0x[0-9a-f]+ is 16 bytes into the block at 0x[0-9a-f]+, not its beginning\n",
         report,
         report,
         report,
         report,
         report,
         {"allocated", "freed"}},
        {"resize-interior",
         "interior pointer: 0x[0-9a-f]+ is 16 bytes into the block at 0x[0-9a-f]+, not its beginning\n",
         report,
         report,
         report,
         report,
         report,
         {"allocated", "resized"}},
        {"double-free",
         "double free: 0x[0-9a-f]+ was given back before this free\n",
         report,
         report,
         report,
         report,
         report,
         {"allocated", "freed", "freed again"}},
        {"resize-after-free",
         "double free: 0x[0-9a-f]+ was given back before this resize\n",
         report,
         report,
         report,
         report,
         report,
         {"allocated", "freed", "resized"}},
        {"stack",
         "foreign pointer: 0x[0-9a-f]+ was not allocated here\n  it points into this thread's stack\n",
         report,
         report,
         report,
         report,
         not_found,
         {"freed"}},
        {"resize-stack",
         "foreign pointer: 0x[0-9a-f]+ was not allocated here\n  it points into this thread's stack\n",
         report,
         report,
         report,
         report,
         not_found,
         {"resized"}},
        {"resize-wrong-allocator",
         "wrong allocator: 0x[0-9a-f]+ belongs to faults\n",
         report,
         report,
         report,
         report,
         not_found,
         {"allocated", "resized"}},
        {"global",
         "foreign pointer: 0x[0-9a-f]+ was not allocated here\n",
         report,
         report,
         report,
         report,
         not_found,
         {"freed"}},
        {"malloc",
         "foreign pointer: 0x[0-9a-f]+ was not allocated here\n",
         report,
         report,
         report,
         report,
         not_found,
         {"freed"}},
        {"stale",
         "foreign pointer: 0x[0-9a-f]+ was not allocated here\n",
         report,
         report,
         report,
         report,
         not_found,
         {"freed"}},
        {"wrong-allocator",
         "wrong allocator: 0x[0-9a-f]+ belongs to faults\n",
         report,
         report,
         report,
         report,
         not_found,
         {"allocated", "freed"}},
        {"use-after-deinit",
         "use after deinit: allocate after the allocator's deinit\\(\\)\n",
         report,
         report,
         report,
         report,
         report,
         {}},
        {"late-write", late_write.c_str(), not_found, report, stop, stop, stop, {"allocated", "freed"}},
        {"late-write-check", late_write.c_str(), not_found, report, stop, stop, stop, {"allocated", "freed"}},
        {"late-write-eviction",
         late_write.c_str(),
         not_found,
         report,
         stop,
         stop,
         stop,
         {"allocated", "freed"}},
        {"late-read",
         late_read.c_str(),
         not_found,
         not_found,
         stop,
         stop,
         stop,
         {"allocated", "freed", "read"}},
        {"size-overflow", "size overflow: [0-9]+ bytes were asked for\n", exit, exit, exit, exit, exit, {}},
    };
    return all;
}

End end_of(const Fault& fault, std::string_view tier) {
    return tier == "counted"          ? fault.counted
           : tier == "traced"         ? fault.traced
           : tier == "guarded"        ? fault.guarded
           : tier == "guarded-before" ? fault.guarded_before
                                      : fault.sampled;
}

using Case = std::tuple<Fault, const char*, const char*>;

class Faults : public ::testing::TestWithParam<Case> {};

TEST_P(Faults, AreNamedAndGoodTwinsAreSilent) {
    const auto& [fault, program, tier] = GetParam();
    const std::string name = fault.name;
    const std::string names_tier = tier;
    // What a block's neighbours and its size change, they change alike without optimisation.
    const bool optimised = std::string{program}.ends_with("O2");
    for (const char* size :
         optimised ? std::vector{"64", "64+", "64-", "200000", "40000000"} : std::vector{"64", "40000000"}) {
        SCOPED_TRACE(std::string{"a block of "} + size);
        const std::string words = std::string{" "} + tier + " " + size;
        const Outcome good = run(std::string{program} + " good-" + name + words);
        EXPECT_EQ(good.text, "");
        EXPECT_EQ(good.status, 0);

        const bool mapped = std::string{size} == "40000000";
        // A block that is larger than the quarantine goes back at once, and is the kernel's when it is
        // written.
        if (mapped && names_tier == "traced" && name.starts_with("late-write")) continue;
        const End end = end_of(fault, tier);
        if (end == End::not_found) continue;

        // The shell in between turns the signal into a status of its own.
        const Outcome bad = run(std::string{program} + " " + name + words);
        const int status =
            end == End::exit ? (name == "leak" ? 1 : 0) : 128 + (end == End::stop ? SIGSEGV : SIGABRT);
        EXPECT_TRUE(WIFEXITED(bad.status) ? WEXITSTATUS(bad.status) == status
                                          : WTERMSIG(bad.status) + 128 == status)
            << bad.status;
        const std::string owner = name.ends_with("wrong-allocator") ? "other" : "faults";
        EXPECT_TRUE(std::regex_search(bad.text, std::regex{"^zigmund: " + owner + ": " + fault.first_line}))
            << bad.text;
        if (names_tier == "counted") continue;  // without stacks
        std::size_t at = 0;
        for (const char* mark : fault.places) {
            const std::size_t found = bad.text.find(place("faults.cpp", mark), at);
            EXPECT_NE(found, std::string::npos) << mark << " at " << place("faults.cpp", mark) << " in\n"
                                                << bad.text;
            if (found != std::string::npos) at = found;
        }
    }
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
    const auto& [fault, program, tier] = info.param;
    std::string name =
        std::string{fault.name} + "_" + tier + (std::string{program}.ends_with("O0") ? "_O0" : "_O2");
    for (char& c : name)
        if (c == '-') c = '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(
    All, Faults,
    ::testing::Combine(::testing::ValuesIn(faults()), ::testing::Values(ZIGMUND_FAULTS_O0, ZIGMUND_FAULTS_O2),
                       ::testing::Values("counted", "traced", "guarded", "guarded-before", "sampled")),
    name_of);

TEST(Symbolization, NamesInlinedFramesWithFileAndLine) {
    for (const char* program : {ZIGMUND_INLINED_O0, ZIGMUND_INLINED_O2}) {
        const Outcome outcome = run(program);
        EXPECT_EQ(outcome.status, 0);
        const auto frame = [](const std::string& number, const std::string& function, const std::string& mark,
                              const std::string& rest) {
            return "    #" + number + " " + function + "(\\(zigmund::alloc::Allocator\\))? at [^ \n]*/" +
                   place("inlined.cpp", mark) + rest + "\n";
        };
        EXPECT_TRUE(std::regex_search(
            outcome.text,
            std::regex{"^zigmund: inlined: leak: 40 bytes in 1 block from 1 call site\n"
                       "  40 bytes \\(100.0 %\\) in 1 block of 40 bytes, allocated at\n" +
                       frame("0", "innermost", "innermost", " \\(inlined\\)") +
                       frame("0", "middle", "middle", " \\(inlined\\)") + frame("0", "outer", "outer", "") +
                       frame("1", "main", "main", "") + "    one of them"}))
            << outcome.text;
    }
}

#if defined(ZIGMUND_UNDER_MEMCHECK)
// memcheck sees better: it stops at the access, of which the allocator would find the traces later.
TEST(FaultsUnderMemcheck, AccessesOutsideOfABlockOrAfterItsFreeAreMemchecksToTell) {
    const std::string program = ZIGMUND_UNDER_MEMCHECK;
    for (const auto& [fault, says] : {std::pair{"overflow", "Invalid write of size 1"},
                                      {"underflow", "Invalid write of size 1"},
                                      {"read-overflow", "Invalid read of size 1"},
                                      {"late-read", "Invalid read of size 1"},
                                      {"late-write", "Invalid write of size 1"}}) {
        const Outcome bad = run(program + " " + fault + " traced 64");
        EXPECT_NE(bad.text.find(says), std::string::npos) << fault << ":\n" << bad.text;
    }
    const Outcome good = run(program + " good-late-write traced 64");
    EXPECT_EQ(good.text, "");
    EXPECT_EQ(good.status, 0);
}

// ... and the allocator adds what memcheck cannot know.
TEST(FaultsUnderMemcheck, WhatIsFreedWronglyIsTheAllocatorsToTell) {
    const Outcome bad = run(std::string{ZIGMUND_UNDER_MEMCHECK} + " size-mismatch traced 64");
    EXPECT_NE(bad.text.find("zigmund: faults: size mismatch: "), std::string::npos) << bad.text;
}
#endif

}  // namespace

#endif
