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

/// Counts what is in a trace, without a line of what is tested.
const std::string count_records = R"py(
import json, struct, sys
data = open(sys.argv[1], "rb").read()
j = json.load(open(sys.argv[2]))
records, threads = [], set()
def number(at):
    value, shift = 0, 0
    while data[at] >= 0x80:
        value |= (data[at] & 0x7f) << shift
        at, shift = at + 1, shift + 7
    return value | data[at] << shift, at + 1
def signed(value): return -(value + 1 >> 1) if value & 1 else value >> 1
for begin in range(4096, len(data), 65536):
    magic, _, order = struct.unpack_from("=IIQ", data, begin)
    at, end, address = begin + 16, begin + 65536, 0
    while magic and at < end and data[at]:
        kind, flags = data[at] & 7, data[at] & ~7
        value, at = number(at + 1)
        if kind == 5: thread = value; continue
        if kind == 6: size, at = number(at); at += size; continue
        order += value
        places = []
        for _ in range(2 if kind == 4 else 1):
            value, at = number(at)
            address += signed(value)
            places.append(address)
        size, at = number(at) if kind != 2 else (0, at)
        for flag in (8, 16):
            if flags & flag: _, at = number(at)
        records.append((order, kind, places, size, thread))
live, peak, total, elsewhere, counts = {}, 0, 0, 0, [0] * 5
for order, kind, places, size, thread in sorted(records):
    counts[kind] += 1
    old, owner = live.pop(places[0], (0, thread))
    if kind != 2: live[places[-1]] = (size, owner)
    elif owner != thread: elsewhere += 1
    total += size - old
    peak = max(peak, total)
assert j["allocations"] == counts[1] and j["frees"] == counts[2], counts
assert j["resizes"] == counts[3] + counts[4] and j["operations"] == len(records), counts
assert j["peak_bytes"] == peak and j["live_bytes"] == total and j["live_blocks"] == len(live), (peak, total)
assert j["freed_elsewhere"] == elsewhere and j["threads_at_a_time"] == len({r[4] for r in records}), elsewhere
)py";

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
    /// Python's reading of the trace by what the format's description says: `check` sees what it counted.
    void expect_counts(const std::string& check) const {
        const Ended ended =
            run({"/usr/bin/python3", "-c", count_records + check, file(), directory_ / "json"});
        EXPECT_EQ(ended.status, 0) << ended.err << directory_.read("json");
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
assert j["program"] == "replay_requests" and j["end"] == "exited" and j["rounds"] == 3
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
    expect_counts(R"py(
assert j["program"] == "sqlite3" and j["end"] == "exited" and j["threads_at_a_time"] == 1
assert j["allocations"] > 5000
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
    expect_counts(R"py(
assert j["threads_at_a_time"] > 1 and j["allocations"] > 10000
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
    EXPECT_TRUE(contains(
        replay({"--rounds=1", "--allocators=malloc"}).out,
        "\nthe trace ends where the program was killed, or still runs, or became another, but for the last 1 "
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

TEST_F(Bench, SaysNothingForCertainOfFewRounds) {
    TraceBytes bytes;
    for (std::uint64_t i = 0; i < 3000; ++i) bytes.allocate(i, 20'000).free(i);
    write(bytes.bytes());
    const std::string few = "\nOf fewer than 5 rounds nothing is certain.\n";
    const Words some{"--allocators=mimalloc,gpa-traced,arena-reset", "--json=" + (directory_ / "json")};
    Words words = some;
    words.emplace_back("--rounds=4");
    const Ended four = replay(words);
    EXPECT_TRUE(contains(four.out, few)) << four.out;
    // What is not told apart from malloc is not held against it either.
    EXPECT_FALSE(contains(four.out, " alone.\n")) << four.out;
    expect_json("assert all(not a['certain'] for a in j['allocators'])");
    words.back() = "--rounds=5";
    EXPECT_FALSE(contains(replay(words).out, few));
}

TEST_F(Bench, SaysThatAQueueMayHaveSurvivorsThatNothingTellsApart) {
    TraceBytes bytes;
    for (std::uint64_t i = 0; i < 30'000; ++i) {
        if (i >= 10) bytes.free(i - 10);
        bytes.allocate(i, 64);
    }
    write(bytes.bytes());
    const Ended ended = replay({"--rounds=1", "--allocators=arena-reset"});
    EXPECT_TRUE(contains(ended.out, "\nAn arena that is reset after each phase may suit ")) << ended.out;
    EXPECT_TRUE(contains(ended.out,
                         "\nWhether a program can tell the survivors apart depends on its call sites: record "
                         "with --trace-sites=yes.\n"))
        << ended.out;
}

TEST_F(Bench, SaysWhereAnArenaWouldHoldTooMuch) {
    TraceBytes bytes;
    for (std::uint64_t i = 0; i < 30'000; ++i) {
        if (i >= 1000) bytes.free(i - 1000);
        bytes.allocate(i, 64);
    }
    write(bytes.bytes());
    const Ended ended = replay({"--rounds=1", "--allocators=arena-reset"});
    EXPECT_TRUE(contains(ended.out, "\nLater there is one, but there an arena would hold ")) << ended.out;
}

TEST_F(Bench, OfNoBytesSaysNothingOfTimesWhatIsLive) {
    write(TraceBytes{}.allocate(1, 0).free(1).bytes());
    const Ended ended = replay({"--rounds=1", "--allocators=malloc"});
    EXPECT_EQ(ended.status, 0);
    EXPECT_FALSE(contains(ended.out, "inf")) << ended.out;
    EXPECT_FALSE(contains(ended.out, "nan")) << ended.out;
}

TEST_F(Bench, WritesJsonInUtf8WhateverTheNamesAre) {
    TraceBytes bytes{format::End::killed, true};
    for (std::uint64_t i = 0; i < 100; ++i) {
        for (std::uint64_t k = 0; k < 40; ++k) bytes.allocate(i * 100 + k, 100, 16, 1);
        bytes.allocate(i * 100 + 99, 100, 16, 2);
        for (std::uint64_t k = 0; k < 40; ++k) bytes.free(i * 100 + k);
    }
    bytes.name(2, "caf\xc3\xa9 at \xe2\x82");  // cut within a letter
    std::string_view{"bad\xffname"}.copy(bytes.head().program.data(), 9);
    write(bytes.bytes());
    EXPECT_EQ(
        replay({"--rounds=1", "--allocators=arena-reset", "--touch=ends", "--json=" + (directory_ / "json")})
            .status,
        0);
    expect_json(R"py(
assert j["program"] == "bad\ufffdname", j["program"]
assert j["arena"]["sites"][0]["site"] == "caf\u00e9 at ", j["arena"]
assert j["touch"] == "ends" and j["left_out"] == 0
assert j["arena"]["share"] == 0.97561, j["arena"]
)py");
}

TEST_F(Bench, OpensOtherLibrariesWhateverTunablesAreSet) {
    write(TraceBytes{}.allocate(1, 10).free(1).bytes());
    const Words words{bench, "--rounds=1", "--allocators=jemalloc", file()};
    const Ended ended = run(words, {"GLIBC_TUNABLES=glibc.malloc.check=0"});
    EXPECT_EQ(ended.status, 0) << ended.err;
    const Ended plain = run(words);
    EXPECT_EQ(contains(ended.out, "libjemalloc.so.2"), contains(plain.out, "libjemalloc.so.2")) << ended.out;
}

TEST_F(Bench, ComparesWithNoMallocButTheCLibrarys) {
    write(TraceBytes{}.allocate(1, 10).free(1).bytes());
    const Ended ended = run({bench, "--rounds=1", file()}, {"LD_PRELOAD=libtcmalloc_minimal.so.4"});
    EXPECT_EQ(ended.status, 1);
    EXPECT_TRUE(ended.err.starts_with("zigmund-bench: malloc is that of /")) << ended.err;
    EXPECT_TRUE(ended.err.ends_with(
        "/libtcmalloc_minimal.so.4 here, and not the C library's, which the others are compared with: start "
        "zigmund-bench without LD_PRELOAD\n"))
        << ended.err;
}

TEST_F(Bench, DoesNotOverwriteItsTrace) {
    write(TraceBytes{}.allocate(1, 10).free(1).bytes());
    const std::string before = directory_.read("trace");
    std::filesystem::create_hard_link(file(), directory_ / "other");
    for (const std::string& name : {file(), directory_ / "other"}) {
        const Ended ended = replay({"--json=" + name});
        EXPECT_EQ(ended.err, "zigmund-bench: cannot write " + name + ": it is the trace\n");
        EXPECT_EQ(ended.out, "");
        EXPECT_EQ(ended.status, 1);
        EXPECT_EQ(directory_.read("trace"), before);
    }
}

TEST_F(Bench, SaysWhatItCannotWriteAndWhatItHasNoMemoryFor) {
    write(TraceBytes{}.allocate(1, 10).free(1).bytes());
    const auto shell = [this](const std::string& command) {
        return run({"/bin/sh", "-c", command, bench, file()});
    };
    for (const std::string words : {R"("$0" --rounds=1 "$1" >/dev/full)", R"("$0" --help >/dev/full)"}) {
        const Ended ended = shell(words);
        EXPECT_EQ(ended.err, "zigmund-bench: cannot write to standard output: No space left on device\n");
        EXPECT_EQ(ended.status, 1);
    }
    TraceBytes bytes;
    for (std::uint64_t i = 0; i < 1'000'000; ++i) bytes.allocate(i, 10).free(i);
    write(bytes.bytes());
    const Ended ended = shell(R"(ulimit -v 80000 && exec "$0" --rounds=1 "$1")");
    EXPECT_TRUE(ended.err.starts_with("zigmund-bench: " + file() +
                                      ": reading 2,000,000 operations takes 91.6 MiB, and "))
        << ended.err;
    EXPECT_EQ(ended.status, 1);
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
