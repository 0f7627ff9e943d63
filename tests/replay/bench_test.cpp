// zigmund-bench as a tool, on traces of real programs: what it counts, and what it says of what it does not
// understand. How fast something is, no test says.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "../interpose/process.hpp"
#include "trace_bytes.hpp"

namespace {

using namespace zigmund::testing;

const std::string bench = ZIGMUND_BENCH;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

class Bench : public ::testing::Test {
  protected:
    [[nodiscard]] std::string file() const { return directory_ / "trace"; }
    void record(const Words& program, const Words& options = {}) const {
        Words words{ZIGMUND_LEAKS, "--trace=" + file()};
        words.insert(words.end(), options.begin(), options.end());
        words.push_back("--");
        words.insert(words.end(), program.begin(), program.end());
        const Ended ended = run(words, {"PYTHONMALLOC=malloc"}, directory_.path());
        ASSERT_EQ(ended.status, 0) << ended.err;
    }
    [[nodiscard]] Ended replay(const Words& options = {}) const {
        Words words{bench};
        words.insert(words.end(), options.begin(), options.end());
        words.push_back(file());
        return run(words);
    }
    void write(const std::vector<std::byte>& bytes) const {
        directory_.write("trace", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    /// Python's word on the JSON file: `check` sees it as j.
    void expect_json(const std::string& check) const {
        const Ended ended =
            run({"/usr/bin/python3", "-c", "import json, sys\nj = json.load(open(sys.argv[1]))\n" + check,
                 directory_ / "json"});
        EXPECT_EQ(ended.status, 0) << ended.err << directory_.read("json");
    }

    Directory directory_;
};

TEST_F(Bench, CountsWhatAProgramOfKnownShapeDoes) {
    record({ZIGMUND_REQUESTS});
    const Ended ended = replay({"--rounds=3", "--json=" + (directory_ / "json")});
    EXPECT_EQ(ended.status, 0);
    EXPECT_EQ(ended.err, "");
    // 1000 requests of 200 blocks, one of which is kept of every tenth; see requests.cpp.
    EXPECT_TRUE(contains(ended.out, "  1,000 resets; 99.9 % of all allocations are dead by the next one\n"))
        << ended.out;
    EXPECT_TRUE(contains(ended.out, "  survivors, which must live elsewhere: 100 allocations of 100 KiB\n"))
        << ended.out;
    expect_json(R"py(
assert j["program"] == "requests" and j["end"] == "exited" and j["rounds"] == 3
names = [a["name"] for a in j["allocators"]]
assert names == ["malloc", "mimalloc", "jemalloc", "tcmalloc", "gpa-off", "gpa-sampled", "gpa-counted", "gpa-traced",
                 "pmr-pool", "pmr-monotonic", "pools", "arena-recycle", "arena-reset"], names
for a in j["allocators"]:
    if "left_out" in a:
        assert a["left_out"].endswith(" is not installed"), a
        continue
    assert len(a["samples"]) == 3 and min(a["samples"]) <= a["median"] <= max(a["samples"]), a
    assert a["refused"] == 0 and a["resident_bytes"] > 0 and a["ratio"] > 0, a
assert j["allocators"][0]["ratio"] == 1
arena = j["arena"]
assert arena["resets"] == 1000 and arena["survivors"] == 100 and arena["survivor_bytes"] == 102400, arena
assert arena["allocations"] == 199900, arena
assert arena["allocations"] + arena["survivors"] + arena["outside"] == j["allocations"]
)py");
}

TEST_F(Bench, NamesWhereSurvivorsAreMade) {
    record({ZIGMUND_REQUESTS}, {"--trace-sites=yes"});
    const Ended ended = replay({"--rounds=1", "--allocators=arena-reset"});
    EXPECT_TRUE(contains(ended.out, "\n    100 KiB in 100 blocks: remember at requests.cpp:")) << ended.out;
}

TEST_F(Bench, ReplaysADatabase) {
    directory_.write("work.sql", R"sql(
create table t(a integer primary key, b text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) insert into t select i, 'row ' || i from n;
select count(*), max(b) from t where a > 100;
)sql");
    record({"sqlite3", ":memory:", ".read work.sql"});
    const Ended ended = replay({"--rounds=1", "--json=" + (directory_ / "json")});
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.err, "");
    expect_json(R"py(
assert j["program"] == "sqlite3" and j["end"] == "exited" and j["threads"] == 1
assert j["allocations"] > 5000 and j["frees"] <= j["allocations"]
assert j["allocations"] - j["frees"] == j["live_blocks"]
assert all(a.get("refused", 0) == 0 for a in j["allocators"])
)py");
}

TEST_F(Bench, ReplaysAnInterpreterWithThreads) {
    record({"/usr/bin/python3", "-c", R"py(
import json, threading
def work():
    for i in range(100): json.loads(json.dumps({str(k): [k] * 3 for k in range(50)}))
threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
)py"});
    const Ended ended = replay({"--rounds=1", "--json=" + (directory_ / "json")});
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_TRUE(contains(ended.out, "\nby one thread: what threads cost each other is not in it; "))
        << ended.out;
    expect_json(R"py(
assert j["threads"] > 1 and j["allocations"] > 10000
assert j["allocations"] - j["frees"] == j["live_blocks"]
assert all(a.get("refused", 0) == 0 for a in j["allocators"])
)py");
}

TEST_F(Bench, ComparesTheOnesThatAreAskedForWithMalloc) {
    write(TraceBytes{}.allocate(1, 10).free(1).bytes());
    const Ended ended =
        replay({"--allocators", "pools,gpa-off", "--rounds", "1", "--json", directory_ / "json"});
    EXPECT_EQ(ended.status, 0);
    expect_json("assert [a['name'] for a in j['allocators']] == ['malloc', 'pools', 'gpa-off']");
}

TEST_F(Bench, SaysThatAnArenaDoesNotSuitChurn) {
    TraceBytes bytes;
    std::uint64_t last = 0;
    for (; last < 1000; ++last) bytes.allocate(last, 100);
    for (std::uint64_t first = 0; first < 30'000; ++first) bytes.free(first).allocate(last++, 100);
    write(bytes.bytes());
    const Ended ended = replay({"--rounds=1", "--allocators=arena-reset"});
    EXPECT_EQ(ended.status, 0);
    EXPECT_TRUE(contains(ended.out, "Arena, reset after each phase       no point to reset it at\n"))
        << ended.out;
    EXPECT_TRUE(
        contains(ended.out,
                 "An arena does not suit: there is no point at which nearly all that was allocated shortly "
                 "before\nis dead."))
        << ended.out;
}

TEST_F(Bench, SaysHowATraceEndedThatHasNoEnd) {
    write(TraceBytes{format::End::killed}.allocate(1, 10).by(2).at(3).free(1).bytes());
    EXPECT_TRUE(
        contains(replay({"--rounds=1", "--allocators=malloc"}).out,
                 "\nthe trace ends where the program was killed or became another, but for the last 1 "
                 "operation, among which some are missing\n"));
    write(TraceBytes{format::End::limit}.allocate(1, 10).bytes());
    EXPECT_TRUE(contains(replay({"--rounds=1", "--allocators=malloc"}).out,
                         "\nthe trace ends early: its file had its greatest size (--trace-limit)\n"));
}

TEST_F(Bench, ShowsProgressOnATerminalOrOnRequestOnly) {
    write(TraceBytes{}.allocate(1, 10).free(1).bytes());
    EXPECT_EQ(replay({"--rounds=2", "--allocators=pools"}).err, "");
    const Ended ended = replay({"--rounds=2", "--allocators=pools", "--progress"});
    EXPECT_TRUE(contains(ended.err, "0 of 6, 0 s to go: malloc of the C library")) << ended.err;
    EXPECT_TRUE(contains(ended.err, "5 of 6, ")) << ended.err;
    EXPECT_TRUE(ended.err.ends_with("\r\033[K")) << ended.err;
}

// ---- what it does not understand ----

TEST_F(Bench, HelpNamesEveryOptionAndVersionIsAVersion) {
    const Ended help = run({bench, "--help"});
    EXPECT_EQ(help.status, 0);
    for (const char* const option :
         {"--allocators", "--rounds", "--touch", "--json", "--progress", "--help", "--version"})
        EXPECT_TRUE(contains(help.out, option)) << option;
    const Ended version = run({bench, "--version"});
    EXPECT_TRUE(version.out.starts_with("zigmund-bench 0.")) << version.out;
    EXPECT_EQ(version.status, 0);
}

TEST_F(Bench, BadWordsAreAnsweredExactly) {
    const auto says = [](const Words& words, const std::string& message) {
        Words all{bench};
        all.insert(all.end(), words.begin(), words.end());
        const Ended ended = run(all);
        EXPECT_EQ(ended.err, "zigmund-bench: " + message + "\n");
        EXPECT_EQ(ended.out, "");
        EXPECT_EQ(ended.status, 2);
    };
    says({}, "no trace: write zigmund-bench [OPTIONS] TRACE");
    says({"a", "b"}, "more than one trace: a and b");
    says({"--fast", "a"}, "unknown option '--fast' (see zigmund-bench --help)");
    says({"a", "--rounds"}, "--rounds needs a value");
    says({"a", "--rounds=0"}, "rounds '0' is not a number from 1 to 1000");
    says({"a", "--rounds=9x"}, "rounds '9x' is not a number from 1 to 1000");
    says({"a", "--touch=all"}, "unknown touch 'all' (there are lines, ends, none)");
    says({"a", "--allocators=malloc,hoard"},
         "unknown allocator 'hoard' (there are malloc, mimalloc, jemalloc, tcmalloc, gpa-off, gpa-sampled, "
         "gpa-counted, "
         "gpa-traced, pmr-pool, pmr-monotonic, pools, arena-recycle, arena-reset)");
}

TEST_F(Bench, BadTracesAreAnsweredExactly) {
    const auto says = [this](const std::string& message, const Words& options = {}) {
        const Ended ended = replay(options);
        EXPECT_EQ(ended.err, "zigmund-bench: " + message + "\n");
        EXPECT_EQ(ended.out, "");
        EXPECT_EQ(ended.status, 1);
    };
    says("cannot open " + file() + ": No such file or directory");
    directory_.write("trace", "alloc 100 16 0x7f12d4000b20\n");
    says(file() + ": not a trace of zigmund-leaks");
    write(TraceBytes{}.allocate(1, 10).free(2).bytes());
    says(file() + ": operation 2 frees a block that is not live");
    write(TraceBytes{}.allocate(1, 10).free(1).bytes());
    says("cannot write /nowhere/x: No such file or directory", {"--json=/nowhere/x"});
}

TEST_F(Bench, ATraceThatNeedsMoreThanTheMachineHasIsNotReplayed) {
    write(TraceBytes{}.allocate(1, std::uint64_t{1} << 45).free(1).bytes());
    const Ended ended = replay({"--rounds=1"});
    EXPECT_TRUE(ended.err.starts_with(
        "zigmund-bench: the program had 32.0 TiB live at a time, and this machine has "))
        << ended.err;
    EXPECT_TRUE(ended.err.ends_with(" free: --touch=none writes nothing to them\n")) << ended.err;
    EXPECT_EQ(ended.status, 1);
}

TEST_F(Bench, DamagedTracesEndWithAMessageAndNeverWithASignal) {
    record({ZIGMUND_REQUESTS});
    const std::string good = directory_.read("trace");
    std::uint64_t state = 20261130;
    const auto random = [&state](std::uint64_t below) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        return (state >> 33) % below;
    };
    for (int i = 0; i < 40; ++i) {
        std::string bytes = good;
        for (int n = 0; n < 3; ++n) bytes[random(good.size())] = static_cast<char>(random(256));
        if (i % 8 == 0) bytes.resize(random(bytes.size()));
        directory_.write("trace", bytes);
        const Ended ended = replay({"--rounds=1", "--allocators=malloc", "--touch=none"});
        if (ended.status == 0) continue;
        EXPECT_EQ(ended.status, 1);
        EXPECT_TRUE(ended.err.starts_with("zigmund-bench: " + file() + ": ")) << ended.err;
    }
}

}  // namespace
