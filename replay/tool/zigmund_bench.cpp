// zigmund-bench: which allocator suits a program, by a trace of what the program does.
#include <zigmund/alloc/version.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "machine.hpp"
#include "measure.hpp"
#include "memories.hpp"
#include "phases.hpp"
#include "report.hpp"
#include "text.hpp"
#include "trace.hpp"

namespace {

using namespace zigmund::replay;

constexpr const char* help = R"(Usage: zigmund-bench [OPTIONS] TRACE

Repeats on one allocator after the other what a program did with its memory, and tells which suits it, and what an
arena with resets would save. TRACE is recorded by

  zigmund-leaks --trace=TRACE -- PROGRAM [ARGUMENTS]

  --allocators=LIST  what to replay on, by commas: malloc, mimalloc, jemalloc, tcmalloc, gpa-off, gpa-sampled,
                     gpa-counted, gpa-traced, pmr-pool, pmr-monotonic, pools, arena-recycle, arena-reset
                     (default: all); malloc is always there, because the others are compared with it
  --rounds=N         how often each is replayed, 1 to 1000 (default 9)
  --touch=WHAT       what is written of a block: lines, each cache line of its first page and a byte of each page
                     behind (the default), ends, its first and last byte, or none
  --json=FILE        writes what was measured to FILE as well
  --progress         shows what is done and what is to go on standard error, also where that is no terminal
  --help, --version

A value may also be a word of its own. Times are processor time, with that of the replay itself. Resident memory is
what the process grew by at most. One thread replays what all threads did, in the order in which they did it.

Exit status: 1 if the trace cannot be read or replayed, or what is found cannot be written, 2 if an option is not understood.
)";

constexpr int no_trace = 1;
constexpr int bad_usage = 2;

[[noreturn]] void fail(int status, const std::string& why) {
    std::fprintf(stderr, "zigmund-bench: %s\n", why.c_str());
    std::exit(status);
}

struct Command {
    Settings settings;
    std::string trace;
    std::string json;
};

std::vector<const Kind*> parse_kinds(std::string_view list) {
    std::vector<const Kind*> found{&kinds().front()};
    for (bool more = true; more;) {
        const std::size_t comma = list.find(',');
        const std::string_view name = list.substr(0, comma);
        more = comma != std::string_view::npos;
        if (more) list.remove_prefix(comma + 1);
        const auto kind = std::ranges::find(kinds(), name, &Kind::name);
        if (kind == kinds().end()) {
            std::string there;
            for (const Kind& one : kinds()) there += (there.empty() ? "" : ", ") + std::string{one.name};
            fail(bad_usage, "unknown allocator '" + std::string{name} + "' (there are " + there + ")");
        }
        if (std::ranges::find(found, &*kind) == found.end()) found.push_back(&*kind);
    }
    return found;
}

void set(Command& command, std::string_view option, const std::string& value) {
    if (option == "--allocators") {
        command.settings.kinds = parse_kinds(value);
    } else if (option == "--json") {
        command.json = value;
    } else if (option == "--touch") {
        if (value != "lines" && value != "ends" && value != "none")
            fail(bad_usage, "unknown touch '" + value + "' (there are lines, ends, none)");
        command.settings.touch = value == "lines"  ? Touch::lines
                                 : value == "ends" ? Touch::ends
                                                   : Touch::none;
    } else {
        unsigned& rounds = command.settings.rounds;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), rounds);
        if (error != std::errc{} || end != value.data() + value.size() || rounds < 1 || rounds > 1000)
            fail(bad_usage, "rounds '" + value + "' is not a number from 1 to 1000");
    }
}

Command parse(const std::vector<std::string>& words) {
    Command command;
    for (const Kind& kind : kinds()) command.settings.kinds.push_back(&kind);
    command.settings.show_progress = ::isatty(STDERR_FILENO) == 1;
    bool options = true;
    for (std::size_t next = 0; next < words.size();) {
        const std::string& word = words[next++];
        if (!options || !word.starts_with("-")) {
            if (!command.trace.empty())
                fail(bad_usage, "more than one trace: " + command.trace + " and " + word);
            command.trace = word;
            continue;
        }
        const std::size_t equals = word.find('=');
        const std::string option = word.substr(0, equals);
        if (word == "--") {
            options = false;
        } else if (word == "--progress") {
            command.settings.show_progress = true;
        } else if (option == "--allocators" || option == "--rounds" || option == "--touch" ||
                   option == "--json") {
            if (equals == std::string::npos && next == words.size())
                fail(bad_usage, option + " needs a value");
            set(command, option, equals == std::string::npos ? words[next++] : word.substr(equals + 1));
        } else {
            fail(bad_usage, "unknown option '" + word + "' (see zigmund-bench --help)");
        }
    }
    if (command.trace.empty()) fail(bad_usage, "no trace: write zigmund-bench [OPTIONS] TRACE");
    return command;
}

/// A machine without room for what the program had live would tell nothing of allocators.
void check_room(const Trace& trace, const Settings& settings) {
    const std::uint64_t there = available_bytes();
    const std::uint64_t live = trace.summary().peak_bytes;
    if (settings.touch != Touch::none && there != 0 && live > there)
        fail(no_trace, "the program had " + bytes_text(live) + " live at a time, and this machine has " +
                           bytes_text(there) + " free: --touch=none writes nothing to them");
}

void write_json(const std::string& name, const std::string& text) {
    std::FILE* const file = std::fopen(name.c_str(), "we");
    if (file == nullptr) fail(no_trace, "cannot write " + name + ": " + std::strerror(errno));
    const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (std::fclose(file) != 0 || !written)
        fail(no_trace, "cannot write " + name + ": " + std::strerror(errno));
}

void print(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        fail(no_trace, std::string{"cannot write to standard output: "} + std::strerror(errno));
}

/// Writing the one would destroy the other, whatever their names.
bool are_same_file(const std::string& one, const std::string& other) {
    struct stat first{};
    struct stat second{};
    return ::stat(one.c_str(), &first) == 0 && ::stat(other.c_str(), &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

void run(const Command& command) {
    const auto trace = Trace::read(command.trace);
    if (!trace) fail(no_trace, trace.error());
    check_room(*trace, command.settings);
    if (are_same_file(command.trace, command.json))
        fail(no_trace, "cannot write " + command.json + ": it is the trace");
    if (!command.json.empty()) write_json(command.json, "");
    print(describe(*trace, command.settings));
    const Phases phases = find_phases(*trace);
    const std::vector<Measured> all = measure(*trace, phases, command.settings);
    print(table(all, *trace) + describe(phases, *trace) + verdict(all, phases, *trace));
    if (!command.json.empty()) write_json(command.json, json(all, phases, *trace, command.settings));
}

}  // namespace

int main(int count, char** arguments) {
    const std::vector<std::string> words(arguments + 1, arguments + count);
    if (std::ranges::find(words, "--help") != words.end()) {
        print(help);
        return 0;
    }
    if (std::ranges::find(words, "--version") != words.end()) {
        print("zigmund-bench " + std::string{zigmund::alloc::version_text} + "\n");
        return 0;
    }
    const Command command = parse(words);
    if (const std::string library = foreign_malloc(); !library.empty())
        fail(no_trace, "malloc is that of " + library +
                           " here, and not the C library's, which the others are " +
                           "compared with: start zigmund-bench without LD_PRELOAD");
    reserve_thread_local_room(arguments);
    try {
        run(command);
    } catch (const std::bad_alloc&) {
        fail(no_trace, "not enough memory: " + command.trace + " takes some 50 bytes an operation");
    } catch (const std::exception& error) {
        fail(no_trace, error.what());
    }
}
