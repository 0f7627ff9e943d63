// zigmund-leaks as a tool: what is lost and what is not, where that is told, how the program ends, and what
// is said about words that it does not understand.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <string>

#include "process.hpp"

namespace {

using namespace zigmund::testing;

const std::string tool = ZIGMUND_LEAKS;
const std::string lost = ZIGMUND_LOST_O2;

/// The tool with `options`, and the program of this test.
Ended watch(Words options, const Words& program, const Words& environment = {}) {
    Words words{tool};
    words.insert(words.end(), options.begin(), options.end());
    words.push_back("--");
    words.insert(words.end(), program.begin(), program.end());
    return run(words, environment);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// ---- what is lost ----

class Lost : public ::testing::TestWithParam<std::tuple<const char*, const char*>> {
  protected:
    [[nodiscard]] static Ended run_it(const std::string& what) {
        const auto& [program, tier] = GetParam();
        return watch({std::string{"--tier="} + tier}, {program, what});
    }
    /// The first line of the report, without the program's name.
    [[nodiscard]] static std::string told(const Ended& ended) {
        const std::size_t at = ended.err.find(": leak: ");
        return at == std::string::npos ? ended.err : ended.err.substr(at + 2, ended.err.find('\n') - at - 2);
    }
};

TEST_P(Lost, MemoryThatTheProgramCanStillReachIsNotALeak) {
    for (const char* const what :
         {"nothing", "kept", "thread-local", "own-pages", "local", "sleeping", "busy"}) {
        const Ended ended = run_it(what);
        EXPECT_EQ(ended.err, "") << what;
        EXPECT_EQ(ended.status, 0) << what;
    }
}

TEST_P(Lost, WhatAThreadThatRunsHasInARegisterAloneIsReachable) {
    const Ended ended = run_it("register");
    EXPECT_EQ(ended.err, "");
    EXPECT_EQ(ended.status, 0);
}

TEST_P(Lost, AChainIsToldWithItsBeginning) {
    const Ended ended = run_it("chain");
    EXPECT_EQ(told(ended), "leak: 240 bytes in 5 blocks from 1 call site");
    EXPECT_TRUE(
        contains(ended.err, "240 bytes (100.0 %) in 5 blocks of 48 bytes, 4 of them held by the others"))
        << ended.err;
    EXPECT_TRUE(contains(ended.err, "\n  still reachable: ")) << ended.err;
    EXPECT_EQ(ended.status, 23);
}

TEST_P(Lost, ARingIsToldOnce) {
    const Ended ended = run_it("ring");
    EXPECT_EQ(told(ended), "leak: 144 bytes in 3 blocks from 1 call site");
    EXPECT_TRUE(contains(ended.err, "2 of them held by the others")) << ended.err;
}

TEST_P(Lost, WhatAThreadLostIsNotKeptByItsOldStack) {
    EXPECT_EQ(told(run_it("thread")), "leak: 144 bytes in 3 blocks from 1 call site");
}

TEST_P(Lost, IsToldAlsoAtAnEndWithoutHandlers) {
    for (const char* const end : {"quick", "quick-exit"}) {
        const Ended ended = run_it(end);
        EXPECT_EQ(told(ended), "leak: 96 bytes in 2 blocks from 1 call site") << end;
        EXPECT_EQ(ended.status, 23) << end;
    }
}

TEST_P(Lost, IsToldThoughTheProgramHasClosedStandardError) {
    EXPECT_EQ(told(run_it("closed-stderr")), "leak: 48 bytes in 1 block from 1 call site");
}

TEST_P(Lost, AForkGoesOnAndTellsNothing) {
    const Ended ended = run_it("fork");
    EXPECT_EQ(ended.err, "");
    EXPECT_EQ(ended.status, 4);
}

TEST_P(Lost, AForkWhileOthersAllocateFindsNoLockTaken) {
    const Ended ended = run_it("fork-busy");
    EXPECT_EQ(ended.err, "");
    EXPECT_EQ(ended.status, 0);
}

TEST_P(Lost, AChildOfVforkLeavesTheCheckToItsParent) {
    const Ended ended = run_it("vfork");
    EXPECT_EQ(told(ended), "leak: 48 bytes in 1 block from 1 call site");
    EXPECT_EQ(ended.status, 23);
}

TEST_P(Lost, MallocKeepsItsPromisesInTheCorners) {
    const Ended ended = run_it("corners");
    EXPECT_EQ(ended.err, "");
    EXPECT_EQ(ended.status, 0);
}

INSTANTIATE_TEST_SUITE_P(All, Lost,
                         ::testing::Combine(::testing::Values(ZIGMUND_LOST_O0, ZIGMUND_LOST_O2),
                                            ::testing::Values("counted", "traced", "guarded")),
                         [](const auto& one) {
                             const std::string program = std::get<0>(one.param);
                             return std::get<1>(one.param) + ("_" + program.substr(program.size() - 2));
                         });

TEST(Leaks, TheSampledTierTellsNothingThatIsReachable) {
    for (const char* const what : {"nothing", "kept", "thread-local", "own-pages", "local", "corners"}) {
        const Ended ended = watch({"--tier=sampled"}, {lost, what}, {"ZIGMUND_ALLOC=interval=1"});
        EXPECT_EQ(ended.err, "") << what;
        EXPECT_EQ(ended.status, 0) << what;
    }
}

TEST(Leaks, TheTierOffServesAllThatAProgramAsksForAndTellsNothing) {
    for (const char* const what : {"chain", "thread", "busy", "fork-busy", "corners"}) {
        const Ended ended = watch({"--tier=off"}, {lost, what});
        EXPECT_EQ(ended.err, "") << what;
        EXPECT_EQ(ended.status, 0) << what;
    }
}

TEST(Leaks, AProgramThatIsLinkedWithItNeedsNoPreload) {
    const Ended ended = run({ZIGMUND_LINKED, "chain"}, {"ZIGMUND_ALLOC=exit_code=8"});
    EXPECT_TRUE(contains(ended.err, "leak: 240 bytes in 5 blocks from 1 call site")) << ended.err;
    EXPECT_EQ(ended.status, 8);
    EXPECT_EQ(run({ZIGMUND_LINKED, "corners"}).status, 0);
}

TEST(Leaks, AProgramsOwnOperatorsNewAndDeleteServeAllThatStandOnThem) {
    const Ended ended = watch({}, {ZIGMUND_REPLACED_O2});
    EXPECT_EQ(ended.err, "");
    EXPECT_EQ(ended.status, 0);
}

// ---- how it ends ----

TEST(Leaks, TheProgramsExitStatusIsPassedThrough) {
    for (const int status : {0, 1, 77, 255})
        EXPECT_EQ(watch({}, {lost, "status", std::to_string(status)}).status, status);
}

TEST(Leaks, TheExitCodeOfALeakIsAChoice) {
    EXPECT_EQ(watch({"--exit-code", "99"}, {lost, "chain"}).status, 99);
    EXPECT_EQ(watch({"--exit-code=0"}, {lost, "chain"}).status, 0);
    EXPECT_EQ(watch({}, {lost, "chain"}, {"ZIGMUND_ALLOC=exit_code=12"}).status, 12);
    EXPECT_EQ(watch({"--exit-code=13"}, {lost, "chain"}, {"ZIGMUND_ALLOC=exit_code=12"}).status, 13);
}

TEST(Leaks, ASignalReachesTheProgram) {
    Process process{{tool, lost, "signal"}};
    ASSERT_TRUE(process.read_until("ready"));
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait().status, 5);
    Process other{{tool, lost, "signal"}};
    ASSERT_TRUE(other.read_until("ready"));
    other.signal(SIGINT);
    EXPECT_EQ(other.wait().status, 128 + SIGINT);
}

TEST(Leaks, AfterAnErrorTheProgramMayAbortOrGoOn) {
    const std::string faults = ZIGMUND_FAULTS_OF_LEAKS;
    EXPECT_EQ(watch({"--on-error=abort"}, {faults, "double-free", "64"}).status, 128 + SIGABRT);
    const Ended on = watch({"--on-error=continue"}, {faults, "double-free", "64"});
    EXPECT_EQ(on.status, 23);
    EXPECT_TRUE(contains(on.err, "double free")) << on.err;
}

TEST(Leaks, AnErrorThatIsToldLeavesErrnoAlone) {
    const Ended ended = watch({"--on-error=continue", "--exit-code=0"}, {lost, "errno"});
    EXPECT_TRUE(contains(ended.err, ": interior pointer: ")) << ended.err;
    EXPECT_EQ(ended.status, 0);
}

TEST(Leaks, ErrorsOfTwoThreadsAtOnceAreToldOfOneWholeOrOfBoth) {
    const auto count = [](const std::string& text) {
        int found = 0;
        for (std::size_t at = 0; (at = text.find("zigmund: ", at)) != std::string::npos; ++at) ++found;
        return found;
    };
    for (int i = 0; i < 10; ++i) {
        const Ended ended = watch({}, {lost, "two-errors"});
        EXPECT_EQ(ended.status, 23);
        EXPECT_EQ(count(ended.err), 1) << ended.err;
        EXPECT_TRUE(contains(ended.err, "\n  free at\n") && ended.err.ends_with("\n")) << ended.err;
    }
    EXPECT_EQ(count(watch({"--on-error=continue"}, {lost, "two-errors"}).err), 2);
}

TEST(Leaks, AResizedBlockThatWasDamagedKeepsItsContentAndIsToldOnce) {
    const auto says = [](const Words& damage, const char* tier, const std::string& kind) {
        Words program{lost, "damaged"};
        program.insert(program.end(), damage.begin(), damage.end());
        const Ended ended =
            watch({std::string{"--tier="} + tier, "--on-error=continue", "--exit-code=0"}, program);
        const std::string about =
            damage[0] + " " + damage[1] + " " + damage[2] + " " + tier + ":\n" + ended.err;
        EXPECT_EQ(ended.status, 0) << about;
        EXPECT_TRUE(ended.err.starts_with("zigmund: interpose_lost_O2: " + kind + ": ")) << about;
        EXPECT_EQ(ended.err.find("zigmund: ", 1), std::string::npos) << "told again: " << about;
    };
    const std::vector<std::pair<std::string, std::string>> sizes{
        {"24", "32"}, {"64", "40"}, {"5000", "300000"}};
    for (const auto& [size, new_size] : sizes) {
        for (const char* const tier : {"counted", "traced"})
            says({"header", size, new_size}, tier, "buffer underflow");
        says({"underflow", size, new_size}, "traced", "buffer underflow");
        says({"header-and-tail", size, new_size}, "traced", "buffer underflow");
        says({"overflow", size, new_size}, "traced", "buffer overflow");
        says({"new", size, new_size}, "traced", "family mismatch");
        says({"underflow", size, new_size}, "guarded", "buffer underflow");
    }
    says({"new", "64", "40"}, "guarded", "family mismatch");
}

TEST(Leaks, ABlockWhoseHeaderWasOverwrittenIsMeasured) {
    for (const char* const size : {"24", "64", "5000", "300000"}) {
        const Ended ended = watch({"--on-error=continue"}, {lost, "damaged", "header", size, "10"});
        EXPECT_TRUE(contains(ended.err, std::string{"\n  the block: "} + size + " bytes at 0x")) << ended.err;
        EXPECT_TRUE(contains(ended.err, "\n  who allocated it was overwritten too: the tier guarded, "))
            << ended.err;
    }
}

// ---- programs that it starts ----

TEST(Leaks, ProgramsThatItStartsRunUnwatched) {
    const Ended ended = watch({}, {lost, "start"});
    EXPECT_EQ(ended.err, "");
    EXPECT_EQ(ended.status, 0);
}

TEST(Leaks, ChildrenAreWatchedOnRequestAndKeepTheirStatus) {
    const Ended ended = watch({"--children=yes"}, {lost, "start"});
    EXPECT_TRUE(contains(ended.err, "leak: 240 bytes in 5 blocks")) << ended.err;
    EXPECT_EQ(ended.status, 0);
    const Ended forked = watch({"--children=yes"}, {lost, "fork-lost"});
    EXPECT_TRUE(contains(forked.err, "leak: 48 bytes in 1 block ")) << forked.err;
    EXPECT_EQ(forked.status, 4);
}

// ---- where and how it is told ----

TEST(Leaks, ReportsGoToAFile) {
    const Directory directory;
    directory.write("leaks.txt", "of yesterday");
    const Ended ended = watch({"--output", directory / "leaks.txt"}, {lost, "chain"});
    EXPECT_EQ(ended.err, "");
    EXPECT_TRUE(directory.read("leaks.txt").starts_with("zigmund: interpose_lost_O2: leak: 240 bytes"));
    // A name with all that has a meaning elsewhere, and the process's number.
    const std::string odd = directory / "a:b\\c %p";
    Process process{{tool, "--output=" + odd, "--", lost, "chain"}};
    const std::string number = std::to_string(process.pid());
    EXPECT_EQ(process.wait().status, 23);
    EXPECT_TRUE(contains(directory.read("a:b\\c " + number), "leak: 240 bytes"));
}

TEST(Leaks, JsonHasTheLeakAndWhatIsReachable) {
    const Ended ended = watch({"--format=json"}, {lost, "chain"});
    EXPECT_TRUE(ended.err.starts_with(
        R"({"report":"leak","allocator":"interpose_lost_O2","bytes":240,"blocks":5,"suppressed":{"bytes":0,)"))
        << ended.err;
    EXPECT_TRUE(contains(ended.err, R"("reachable":{"bytes":)")) << ended.err;
    EXPECT_TRUE(contains(ended.err, R"("held":{"bytes":192,"blocks":4})")) << ended.err;
    EXPECT_EQ(run({"/usr/bin/python3", "-c", "import json, sys; json.loads(sys.argv[1])", ended.err}).status,
              0);
}

TEST(Leaks, ErrorsAreJsonWhereTheReportsAre) {
    const Ended ended = watch({"--format=json"}, {ZIGMUND_FAULTS_OF_LEAKS, "double-free", "64"});
    EXPECT_EQ(ended.status, 23);
    const Ended checked = run(
        {"/usr/bin/python3", "-c",
         "import json, sys\n"
         "error = json.loads(sys.argv[1])\n"
         "assert error['kind'] == 'double free' and error['block']['size'] == 64, error\n"
         "assert [s['what'] for s in error['stacks']] == ['allocated', 'first given back', 'free'], error\n"
         "assert all(s['frames'][0]['file'].endswith('faults.cpp') for s in error['stacks']), error\n",
         ended.err});
    EXPECT_EQ(checked.status, 0) << checked.err << ended.err;
}

TEST(Leaks, FoldedStacksBeginWithMain) {
    const Ended ended = watch({"--format=folded"}, {ZIGMUND_LOST_O0, "chain"});
    EXPECT_TRUE(contains(ended.err, "main;")) << ended.err;
    EXPECT_TRUE(ended.err.ends_with(" 240\n")) << ended.err;
}

TEST(Leaks, ReachableMemoryIsListedOnRequest) {
    const Ended ended = watch({"--reachable=yes"}, {ZIGMUND_LOST_O0, "kept"});
    EXPECT_TRUE(contains(ended.err, ": reachable: ")) << ended.err;
    EXPECT_TRUE(contains(ended.err, "192 bytes")) << ended.err;
    EXPECT_EQ(ended.status, 0);
}

TEST(Leaks, SuppressedLeaksAreNone) {
    const Directory directory;
    directory.write("known.txt", "# known\nleak:lost.cpp\n");
    const Ended ended = watch({"--suppressions=" + (directory / "known.txt")}, {lost, "chain"});
    EXPECT_EQ(ended.err, "");
    EXPECT_EQ(ended.status, 0);
}

// ---- what it does not understand ----

TEST(Leaks, HelpNamesEveryOptionAndVersionIsAVersion) {
    const Ended help = run({tool, "--help"});
    EXPECT_EQ(help.status, 0);
    for (const char* const option : {"--tier", "--format", "--output", "--suppressions", "--exit-code",
                                     "--on-error", "--children", "--reachable", "--frames", "--lines",
                                     "--trace", "--trace-sites", "--trace-limit", "--help", "--version"})
        EXPECT_TRUE(contains(help.out, option)) << option;
    const Ended version = run({tool, "--version"});
    EXPECT_TRUE(version.out.starts_with("zigmund-leaks 0.")) << version.out;
    EXPECT_EQ(version.status, 0);
}

TEST(Leaks, BadWordsAreAnsweredExactly) {
    const auto says = [](const Words& words, const std::string& message, int status) {
        Words all{tool};
        all.insert(all.end(), words.begin(), words.end());
        const Ended ended = run(all);
        EXPECT_EQ(ended.err, "zigmund-leaks: " + message + "\n");
        EXPECT_EQ(ended.out, "");
        EXPECT_EQ(ended.status, status);
    };
    says({}, "no program: write zigmund-leaks [OPTIONS] -- PROGRAM [ARGUMENTS]", 125);
    says({"--tier=counted", "--"}, "no program: write zigmund-leaks [OPTIONS] -- PROGRAM [ARGUMENTS]", 125);
    says({"--fast", "--", lost}, "unknown option '--fast' (see zigmund-leaks --help)", 125);
    says({"-v", lost}, "unknown option '-v' (see zigmund-leaks --help)", 125);
    says({"--tier"}, "--tier needs a value", 125);
    says({"--tier=fast", "--", lost},
         "unknown tier 'fast' (there are off, sampled, counted, traced, guarded)", 125);
    says({"--format=xml", "--", lost}, "unknown format 'xml' (there are text, json, folded, pprof)", 125);
    says({"--exit-code=256", "--", lost}, "exit_code '256' is not a number from 0 to 255", 125);
    says({"--on-error=cry", "--", lost}, "unknown on_error 'cry' (there are exit, abort, continue)", 125);
    says({"--children=2", "--", lost}, "children '2' is neither yes nor no", 125);
    says({"--output=/nowhere/x", "--", lost}, "cannot write /nowhere/x: No such file or directory", 125);
    says({"--", "no-such-program"}, "no-such-program: not found", 127);
    says({"--", "/nowhere/program"}, "/nowhere/program: No such file or directory", 127);
    says({"--", "/"}, "/: Is a directory", 126);
    says({"--", ZIGMUND_STATIC, "nothing"},
         std::string{ZIGMUND_STATIC} + " is statically linked: there is no dynamic linker to preload for it",
         126);
    const Directory directory;
    directory.write("text", "words");
    says({"--", directory / "text"}, (directory / "text") + ": Permission denied", 126);
    ::chmod((directory / "text").c_str(), 0755);
    says({"--", directory / "text"}, (directory / "text") + " is neither a program nor a script", 126);
}

TEST(Leaks, AScriptIsRunByItsInterpreter) {
    const Directory directory;
    directory.write("script", "#!/bin/sh\nexit 3\n");
    ::chmod((directory / "script").c_str(), 0755);
    EXPECT_EQ(watch({}, {directory / "script"}).status, 3);
}

TEST(Leaks, BadOptionsInTheEnvironmentAreAnsweredExactly) {
    const Ended by_tool = watch({}, {lost, "nothing"}, {"ZIGMUND_ALLOC=tier=fast"});
    EXPECT_EQ(by_tool.err,
              "zigmund-leaks: ZIGMUND_ALLOC: unknown tier 'fast' (there are off, sampled, counted, "
              "traced, guarded)\n");
    EXPECT_EQ(by_tool.status, 125);
    const auto says = [](const std::string& options, const std::string& message) {
        const Ended ended =
            run({lost, "nothing"}, {"LD_PRELOAD=" ZIGMUND_INTERPOSE, "ZIGMUND_ALLOC=" + options});
        EXPECT_EQ(ended.err, "zigmund: " + message + "\n");
        EXPECT_EQ(ended.status, 125);
    };
    says("tier", "ZIGMUND_ALLOC: 'tier' is not KEY=VALUE");
    says("speed=1",
         "ZIGMUND_ALLOC: unknown option 'speed' (there are tier, format, lines, output, suppressions, "
         "exit_code, on_error, children, reachable, frames, interval, seed, side, trace, trace_sites, "
         "trace_limit)");
    says("tier=counted:frames=33", "ZIGMUND_ALLOC: frames '33' is not a number from 0 to 32");
    says("interval=0", "ZIGMUND_ALLOC: interval '0' is not a number from 1 to 18446744073709551615");
    says("side=left", "ZIGMUND_ALLOC: unknown side 'left' (there are after, before)");
    says("output=/nowhere/x", "cannot write the report to /nowhere/x: No such file or directory");
    says("suppressions=/nowhere/x", "/nowhere/x: cannot open the file");
}

TEST(Leaks, BadSuppressionsAreAnsweredWithTheirLine) {
    const Directory directory;
    directory.write("known.txt", "leak:a\nb\n");
    const Ended ended = watch({"--suppressions=" + (directory / "known.txt")}, {lost, "nothing"});
    EXPECT_EQ(ended.err,
              "zigmund: " + (directory / "known.txt") + ":2: not a suppression: write leak:PATTERN\n");
    EXPECT_EQ(ended.status, 125);
}

}  // namespace
