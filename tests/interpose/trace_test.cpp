// zigmund-leaks --trace: what is recorded of a program, however it ends, and what is said where nothing can be.
#include "trace.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "process.hpp"

namespace {

using namespace zigmund::testing;
using zigmund::replay::Operation;
using zigmund::replay::Trace;
using zigmund::replay::Verb;
namespace format = zigmund::replay::format;

const std::string tool = ZIGMUND_LEAKS;
const std::string traced = ZIGMUND_TRACED_O0;

class Recording : public ::testing::Test {
  protected:
    [[nodiscard]] std::string file() const { return directory_ / "trace"; }

    Ended record(const Words& program, const Words& options = {}, const Words& environment = {}) const {
        Words words{tool, "--trace=" + file()};
        words.insert(words.end(), options.begin(), options.end());
        words.push_back("--");
        words.insert(words.end(), program.begin(), program.end());
        return run(words, environment, directory_.path());
    }
    /// What was recorded, and has no mistake in it.
    static Trace read(const std::string& name) {
        auto trace = Trace::read(name);
        if (!trace) throw std::runtime_error{trace.error()};
        return std::move(*trace);
    }
    [[nodiscard]] Trace read() const { return read(file()); }

    /// What became of the blocks that were made with 7000 to 7999 bytes: `+7001 +7004@4096 ~7900 -7900`.
    static std::string story(const Trace& trace) {
        std::string text;
        std::map<std::uint32_t, std::uint64_t> watched;  // by slot: their sizes
        for (const Operation& operation : trace.operations()) {
            const std::uint64_t size = operation.size;
            if (operation.verb == Verb::allocate) {
                if (size < 7000 || size > 7999) continue;
                watched[operation.slot] = size;
                text += " +" + std::to_string(size);
                if (operation.align() != 16) text += "@" + std::to_string(operation.align());
            } else if (const auto at = watched.find(operation.slot); at != watched.end()) {
                text += (operation.verb == Verb::free ? " -" : " ~") + std::to_string(size);
                if (operation.verb == Verb::free) watched.erase(at);
            }
        }
        return text.empty() ? text : text.substr(1);
    }
    static std::string name_of_last_made(const Trace& trace, std::uint64_t size) {
        std::string name;
        for (std::size_t i = 0; i < trace.operations().size(); ++i) {
            const Operation& one = trace.operations()[i];
            if (one.verb == Verb::allocate && one.size == size) name = trace.site_name(trace.site(i));
        }
        return name;
    }
    static std::size_t count(const std::string& text, const std::string& part) {
        std::size_t found = 0;
        for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
        return found;
    }

    Directory directory_;
};

class RecordingOfTier : public Recording, public ::testing::WithParamInterface<const char*> {
  protected:
    [[nodiscard]] static Words options() {
        const std::string tier = GetParam();
        return tier == "unnamed" ? Words{} : Words{"--tier=" + tier, "--exit-code=0", "--output=report"};
    }
};

TEST_P(RecordingOfTier, HasEveryFunctionOfTheMallocFamilyInItsOrder) {
    const Ended ended = record({traced, "functions"}, options(), {"ZIGMUND_ALLOC=interval=2"});
    EXPECT_EQ(ended.err, "");
    EXPECT_EQ(ended.status, 0);
    const Trace trace = read();
    EXPECT_EQ(story(trace),
              "+7001 +7002 ~7900 -7002 +7004@4096 +7005@64 -7004 -7005 +7006 -7006 +7007@256 -7007 -7900 "
              "+7008 +7009 ~20000 ~7010 -7010");
    EXPECT_EQ(trace.end(), format::End::exited);
    EXPECT_EQ(trace.program(), "interpose_traced_O0");
    EXPECT_EQ(trace.summary().threads, 1);
}

TEST_P(RecordingOfTier, OfThreadsHasNoFreeBeforeItsAllocation) {
    EXPECT_EQ(record({traced, "threads"}, options()).status, 0);
    const Trace trace = read();  // each free and each reuse of an address was checked
    const std::string all = story(trace);
    EXPECT_EQ(count(all, "+"), 80'000U);
    EXPECT_EQ(count(all, "-"), 80'000U);
    EXPECT_EQ(trace.end(), format::End::exited);
    EXPECT_GE(trace.summary().threads, 2U);
    EXPECT_GT(trace.summary().freed_elsewhere, 0U);
}

INSTANTIATE_TEST_SUITE_P(All, RecordingOfTier,
                         ::testing::Values("unnamed", "off", "sampled", "counted", "traced"),
                         [](const auto& one) { return std::string{one.param}; });

// ---- however it ends ----

TEST_F(Recording, IsWholeAtEachWayToExit) {
    for (const char* const end : {"return", "exit", "_exit", "quick-exit"}) {
        EXPECT_EQ(record({traced, end}).status, 0) << end;
        const Trace trace = read();
        EXPECT_EQ(story(trace), "+7001 -7001") << end;
        EXPECT_EQ(trace.end(), format::End::exited) << end;
    }
}

TEST_F(Recording, IsThereAlsoWhenTheProgramIsKilled) {
    for (const auto& [end, status] : {std::pair{"abort", 128 + SIGABRT}, std::pair{"kill", 128 + SIGKILL}}) {
        EXPECT_EQ(record({traced, end}).status, status);
        const Trace trace = read();
        EXPECT_EQ(story(trace), "+7001 -7001") << end;
        EXPECT_EQ(trace.end(), format::End::killed) << end;
        EXPECT_EQ(trace.left_out(), 0) << end;
    }
}

TEST_F(Recording, OfAProgramThatBecomesAnotherEndsThere) {
    EXPECT_EQ(record({traced, "exec", "functions"}).status, 0);
    const Trace trace = read();
    EXPECT_EQ(story(trace), "+7001 -7001");
    EXPECT_EQ(trace.end(), format::End::killed);
}

TEST_F(Recording, HasNothingOfAForkHoweverItWasForked) {
    for (const char* const fork : {"fork", "raw-fork", "vfork"}) {
        EXPECT_EQ(record({traced, fork}).status, 0) << fork;
        const Trace trace = read();
        EXPECT_EQ(story(trace), "+7001 -7001 +7002 -7002") << fork;
        EXPECT_EQ(trace.end(), format::End::exited) << fork;
    }
}

TEST_F(Recording, OfProgramsThatItStartsIsInFilesOfTheirOwn) {
    EXPECT_EQ(
        run({tool, "--children=yes", "--trace=" + (directory_ / "trace.%p"), "--", traced, "start", "return"})
            .status,
        0);
    std::multiset<std::string> stories;
    for (const auto& entry : std::filesystem::directory_iterator{directory_.path()})
        stories.insert(story(read(entry.path())));
    EXPECT_EQ(stories, (std::multiset<std::string>{"+7001 -7001", "+7001 -7001"}));
    // Without that, they are not watched at all.
    EXPECT_EQ(record({traced, "start", "functions"}).status, 0);
    EXPECT_EQ(story(read()), "+7001 -7001");
}

TEST_F(Recording, GoesOnWhenTheProgramClosesEveryDescriptorAndTakesItsNumber) {
    const Ended ended = record({traced, "close-all"});
    EXPECT_EQ(ended.err, "");
    EXPECT_EQ(ended.status, 0);  // the program looked at the numbers that it got
    std::string all = "+7001 -7001";
    for (int i = 0; i < 60'000; ++i) all += " +7002 -7002";
    const Trace trace = read();
    EXPECT_TRUE(story(trace) == all);
    EXPECT_EQ(trace.end(), format::End::exited);
}

TEST_F(Recording, LetsAHandlerEndTheProcessWhateverItInterrupted) {
    for (int i = 0; i < 20; ++i) {
        const Ended ended = record({traced, "exit-in-handler", std::to_string(5000 + 37 * i)});
        EXPECT_EQ(ended.err, "");
        EXPECT_EQ(ended.status, 0);
        EXPECT_GT(read().operations().size(), 0U);
    }
}

TEST_F(Recording, DoesNotEndAProgramWhoseTraceAnotherRecordingReplaces) {
    Process first{{tool, "--trace=" + file(), "--", traced, "go-on-when-told"}};
    ASSERT_TRUE(first.read_until("ready"));
    EXPECT_EQ(record({traced, "return"}).status, 0);
    first.signal(SIGUSR1);
    EXPECT_EQ(first.wait().status, 0);
    EXPECT_EQ(story(read()), "+7001 -7001");
}

TEST_F(Recording, EndsAtItsGreatestSizeAndTheProgramGoesOn) {
    const Ended ended = record({traced, "many"}, {"--trace-limit=1"});
    EXPECT_EQ(ended.err,
              "zigmund: interpose_traced_O0: the trace ends here: it has its greatest size, 1 MiB\n");
    EXPECT_EQ(ended.status, 0);
    const Trace trace = read();
    EXPECT_EQ(trace.end(), format::End::limit);
    EXPECT_LE(std::filesystem::file_size(file()), 1U << 20);
    EXPECT_GT(std::filesystem::file_size(file()), 900U << 10);
    EXPECT_GT(trace.operations().size(), 100'000U);
}

TEST_F(Recording, EndsWhereTheProcessMayNotWriteMoreAndTheProgramGoesOn) {
    const Ended ended = run(
        {"/bin/sh", "-c", "ulimit -f 1000; exec \"$0\" --trace=\"$1\" -- \"$2\" many", tool, file(), traced});
    EXPECT_EQ(ended.status, 0);
    EXPECT_TRUE(ended.err.starts_with(
        "zigmund: interpose_traced_O0: the trace ends here: it has its greatest size, "))
        << ended.err;
    EXPECT_EQ(read().end(), format::End::limit);
}

TEST_F(Recording, EndsWithAWholeChunkWhereTheDiskIsFullThoughItIsInterrupted) {
    const Ended ended = record({traced, "many"}, {}, {"LD_PRELOAD=" ZIGMUND_FULL_DISK});
    EXPECT_EQ(ended.err, "zigmund: interpose_traced_O0: the trace ends here: No space left on device\n");
    EXPECT_EQ(ended.status, 0);
    // Of a hundred pages one is the head.
    EXPECT_EQ(std::filesystem::file_size(file()),
              format::head_bytes + 99 * 4096 / format::chunk_bytes * format::chunk_bytes);
    EXPECT_EQ(read().end(), format::End::no_space);
}

TEST_F(Recording, ReadsAChunkThatWasBeingMadeWhenTheProgramWasKilled) {
    const auto append = [this](std::size_t zeros, char last) {
        std::ofstream to{file(), std::ios::app};
        to << std::string(zeros, '\0') << std::string(last == 0 ? 0 : 1, last);
    };
    const std::string truncated = file() + ": truncated: chunk 2 ends at byte 135168, the file at byte ";
    EXPECT_EQ(record({traced, "kill"}).status, 128 + SIGKILL);
    append(5000, 0);
    EXPECT_EQ(story(read()), "+7001 -7001");
    append(0, 'x');
    EXPECT_EQ(Trace::read(file()).error(), truncated + "74633");
    EXPECT_EQ(record({traced, "return"}).status, 0);
    append(5000, 0);
    EXPECT_EQ(Trace::read(file()).error(), truncated + "74632");
}

TEST_F(Recording, MeetsTheLimitsOfAProcess) {
    const auto record_with = [this](const std::string& limit) {
        return run({"/bin/sh", "-c", "ulimit " + limit + "; exec \"$0\" --trace=\"$1\" -- \"$2\" many", tool,
                    file(), traced});
    };
    const Ended none = record_with("-f 1");
    EXPECT_EQ(none.err, "zigmund: cannot write the trace to " + file() + ": File too large\n");
    EXPECT_EQ(none.status, 125);
    const Ended few = record_with("-n 64");
    EXPECT_EQ(few.err, "");
    EXPECT_EQ(few.status, 0);
    const Ended small = record_with("-f 300");
    EXPECT_EQ(small.status, 0);
    EXPECT_TRUE(small.err.ends_with("it has its greatest size, 150 KiB\n")) << small.err;
}

// ---- call sites ----

TEST_F(Recording, NamesTheCallSitesOnRequest) {
    EXPECT_EQ(record({traced, "functions"}, {"--trace-sites=yes"}).status, 0);
    const Trace trace = read();
    ASSERT_TRUE(trace.has_sites());
    std::string name;
    for (std::size_t i = 0; i < trace.operations().size(); ++i)
        if (trace.operations()[i].size == 7008) name = trace.site_name(trace.site(i));
    EXPECT_TRUE(name.find("every_function") != std::string::npos) << name;
    EXPECT_TRUE(name.find(" at traced.cpp:") != std::string::npos) << name;
    EXPECT_TRUE(name.find(" < main at traced.cpp:") != std::string::npos) << name;
    EXPECT_EQ(record({traced, "functions"}).status, 0);
    EXPECT_FALSE(read().has_sites());
}

TEST_F(Recording, NamesCallSitesAlsoWhenItHasItsGreatestSize) {
    EXPECT_EQ(record({traced, "many"}, {"--trace-sites=yes", "--trace-limit=1"}).status, 0);
    const Trace trace = read();
    EXPECT_EQ(trace.end(), format::End::limit);
    EXPECT_LE(std::filesystem::file_size(file()), 1U << 20);
    const std::string name = name_of_last_made(trace, 7001);
    EXPECT_TRUE(name.find("come_and_go") != std::string::npos) << name;
}

TEST_F(Recording, NamesTheLibraryThatWasUnloaded) {
    EXPECT_EQ(record({traced, "unload", ZIGMUND_PLUGIN}, {"--trace-sites=yes"}).status, 0);
    const Trace trace = read();
    const std::string name = name_of_last_made(trace, 7001);
    EXPECT_TRUE(name.starts_with("? in libinterpose_plugin.so+0x")) << name;
    EXPECT_TRUE(name.find(" < load_and_unload") != std::string::npos) << name;
}

// ---- what it finds beside ----

TEST_F(Recording, OfAProgramThatFreesTwiceSaysWhichOperationThatIs) {
    EXPECT_EQ(record({traced, "double-free"}).status, 0);
    const auto trace = Trace::read(file());
    ASSERT_FALSE(trace);
    EXPECT_TRUE(trace.error().starts_with(file() + ": operation ")) << trace.error();
    EXPECT_TRUE(trace.error().ends_with(" frees a block that is not live")) << trace.error();
    // A tier that finds errors records what was free of them.
    const Ended found = record({traced, "double-free"}, {"--tier=traced"});
    EXPECT_TRUE(found.err.find("double free") != std::string::npos);
    EXPECT_EQ(found.status, 23);
    EXPECT_EQ(story(read()), "+7001 -7001 +7002 -7002");
}

TEST_F(Recording, LeaksAreToldOfWhereATierIsNamed) {
    EXPECT_EQ(record({ZIGMUND_LOST_OF_TRACE, "chain"}).status, 0);
    const Ended ended = record({ZIGMUND_LOST_OF_TRACE, "chain"}, {"--tier=traced"});
    EXPECT_TRUE(ended.err.find("leak: 240 bytes in 5 blocks from 1 call site") != std::string::npos)
        << ended.err;
    EXPECT_EQ(ended.status, 23);
}

// ---- the file ----

TEST_F(Recording, ReplacesOnlyATraceOrAnEmptyFile) {
    // Shorter than the head of a trace, and longer.
    for (const std::string& other : {std::string{"a program"}, std::string(5000, 'p')}) {
        directory_.write("trace", other);
        const Ended ended = record({traced, "return"});
        EXPECT_EQ(ended.err, "zigmund: " + file() + " is there, and is no trace\n");
        EXPECT_EQ(ended.status, 125);
        EXPECT_EQ(directory_.read("trace"), other);
    }
    directory_.write("trace", "");
    std::filesystem::permissions(file(), std::filesystem::perms::owner_all);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(record({traced, "return"}).status, 0);
    EXPECT_EQ(story(read()), "+7001 -7001");
    EXPECT_EQ(std::filesystem::status(file()).permissions(), std::filesystem::perms::owner_all);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator{directory_.path()}, {}), 1);
}

TEST_F(Recording, DoesNotWaitForAReaderOfAPipe) {
    ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
    const Ended ended = record({traced, "return"});
    EXPECT_EQ(ended.err, "zigmund: " + file() + " is no regular file\n");
    EXPECT_EQ(ended.status, 125);
}

TEST_F(Recording, OfAProgramThatItselfBecomesAnotherOneIsNumbered) {
    Process process{
        {tool, "--children=yes", "--trace=" + (directory_ / "trace.%p"), "--", traced, "exec", "functions"}};
    const std::string first = directory_ / ("trace." + std::to_string(process.pid()));
    EXPECT_EQ(process.wait().status, 0);
    EXPECT_EQ(story(read(first)), "+7001 -7001");
    EXPECT_TRUE(story(read(first + ".1")).starts_with("+7001 +7002 ~7900"));
}

// ---- what it does not understand ----

TEST_F(Recording, BadWordsAreAnsweredExactly) {
    const auto says = [](const Words& words, const std::string& message) {
        Words all{tool};
        all.insert(all.end(), words.begin(), words.end());
        all.insert(all.end(), {"--", traced, "return"});
        const Ended ended = run(all);
        EXPECT_EQ(ended.err, message + "\n");
        EXPECT_EQ(ended.status, 125);
    };
    says({"--trace=/nowhere/x"}, "zigmund: cannot write the trace to /nowhere/x: No such file or directory");
    says({"--trace=/"}, "zigmund: / is no regular file");
    says({"--trace=/nowhere/%p"},
         "zigmund: cannot write the trace to /nowhere/%p: No such file or directory");
    says({"--trace=/dev/null"}, "zigmund: /dev/null is no regular file");
    says({"--trace=x", "--children=yes"},
         "zigmund-leaks: trace 'x' has no %p, which it needs with children=yes");
    says({"--trace=%p", "--trace-limit=0"},
         "zigmund-leaks: trace_limit '0' is not a number from 1 to 1048576");
    says({"--trace="}, "zigmund-leaks: trace '' is no name of a file");
    says({"--trace-sites=yes"}, "zigmund-leaks: trace_sites=yes needs trace=FILE");
    says({"--trace=%p", "--trace-sites=all"}, "zigmund-leaks: trace_sites 'all' is neither yes nor no");
    says({"--trace=" + std::string(5000, 'x')},
         "zigmund-leaks: trace '" + std::string(60, 'x') + "...' is too long");
}

}  // namespace
