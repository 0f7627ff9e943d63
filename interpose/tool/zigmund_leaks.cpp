// zigmund-leaks: runs a program under zigmund::alloc_interpose. It becomes the program (exec), so that
// signals, the terminal and the exit status are the program's own; what it has to say is the preloaded
// library's part.
#include <zigmund/alloc/version.hpp>

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace {

using namespace zigmund::alloc::interpose;

constexpr const char* help = R"(Usage: zigmund-leaks [OPTIONS] -- PROGRAM [ARGUMENTS]

Runs PROGRAM, which must be dynamically linked, with every malloc, free, new and delete of it watched, and tells
of memory errors as they happen and of lost memory at the end. Exits as PROGRAM does, but for an error or a leak.

  --tier=TIER          what is watched, and what it costs: off, sampled, counted, traced (the default), guarded
  --format=FORMAT      of leak reports: text (the default), json, folded, pprof; errors are text, or json
  --output=FILE        where reports go instead of standard error; %p in it becomes the process's number
  --suppressions=FILE  leaks that are known: lines of the form leak:PATTERN
  --exit-code=N        exit status of an error or a leak, 0 to 255; 0 leaves the program's own (default 23)
  --on-error=WHAT      after a memory error: exit (the default), abort, continue
  --children=yes       also watches the programs that PROGRAM starts, which keep their exit status (default no)
  --reachable=yes      lists memory that is not lost as well (default no)
  --frames=N           of a stack, 0 to 32 (default 8)
  --lines=N            of a leak report as text; 0: as many as it takes (default 24)
  --trace=FILE         records every allocation, resize and free into FILE, for zigmund-bench; the tier is off then,
                       unless one is named; %p in it becomes the process's number. Replaces a trace or an empty
                       file, nothing else. After SIGKILL, SIGTERM or another signal that ends PROGRAM the trace is
                       there, less the operations that were under way, and no call site has a name.
                       Children of fork() are not recorded, nor what PROGRAM becomes by exec(), but for programs
                       that they start with --children=yes, each into its own FILE: it needs %p then, and what the
                       same process becomes goes to FILE.1, FILE.2
  --trace-sites=yes    records the stacks of allocations as well, which costs about what the tier traced does
  --trace-limit=MIB    size of FILE at which recording stops and the program goes on, 1 to 1048576 (default 1024);
                       an eighth of it is kept for the names of call sites
  --help, --version

A value may also be a word of its own. ZIGMUND_ALLOC in the environment holds the same as KEY=VALUE, with colons
between: ZIGMUND_ALLOC=tier=counted:exit_code=1. What is given here goes before it.

Exit status: 125 if zigmund-leaks fails, 126 if PROGRAM cannot be run under it, 127 if it is not found.
)";

constexpr int failed = 125;
constexpr int not_runnable = 126;
constexpr int not_found = 127;

[[noreturn]] void fail(int status, const std::string& why) {
    std::fprintf(stderr, "zigmund-leaks: %s\n", why.c_str());
    std::exit(status);
}

/// Options as the library reads them.
class Request {
  public:
    /// True: `word` was an option; `next` moves on over its value.
    bool take(std::string_view word, const std::vector<std::string>& words, std::size_t& next) {
        const std::size_t equals = word.find('=');
        const std::string_view name = word.substr(0, equals);
        for (const auto& [option, key] : known) {
            if (option != name) continue;
            std::string value;
            if (equals != std::string_view::npos) {
                value = word.substr(equals + 1);
            } else if (next < words.size()) {
                value = words[next++];
            } else {
                fail(failed, std::string{name} + " needs a value");
            }
            add(key, value);
            return true;
        }
        return false;
    }
    void add(std::string_view key, std::string_view value) {
        text_ += text_.empty() ? "" : ":";
        text_ += key;
        text_ += '=';
        for (const char c : value) {
            if (c == ':' || c == '\\') text_ += '\\';
            text_ += c;
        }
        Options checked;
        OptionError error;
        if (!parse_each_option(text_, checked, error)) fail(failed, error.text.data());
    }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    struct Known {
        std::string_view option;
        std::string_view key;
    };
    static constexpr std::array<Known, 13> known{{{"--tier", "tier"},
                                                  {"--format", "format"},
                                                  {"--output", "output"},
                                                  {"--suppressions", "suppressions"},
                                                  {"--exit-code", "exit_code"},
                                                  {"--on-error", "on_error"},
                                                  {"--children", "children"},
                                                  {"--reachable", "reachable"},
                                                  {"--frames", "frames"},
                                                  {"--lines", "lines"},
                                                  {"--trace", "trace"},
                                                  {"--trace-sites", "trace_sites"},
                                                  {"--trace-limit", "trace_limit"}}};
    std::string text_;
};

/// The file that the shell would run.
std::string find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) {
        if (::access(name.c_str(), F_OK) != 0) fail(not_found, name + ": " + std::strerror(errno));
        if (::access(name.c_str(), X_OK) != 0) fail(not_runnable, name + ": " + std::strerror(errno));
        return name;
    }
    const char* const path = std::getenv("PATH");
    std::string_view folders = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
    while (!folders.empty()) {
        const std::size_t end = std::min(folders.find(':'), folders.size());
        const std::string file = std::string{end == 0 ? "." : folders.substr(0, end)} + "/" + name;
        struct stat status{};
        if (::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
            ::access(file.c_str(), X_OK) == 0)
            return file;
        folders.remove_prefix(std::min(end + 1, folders.size()));
    }
    fail(not_found, name + ": not found");
}

/// Ends with a message where a preloaded library would not be, or would not get in malloc's place.
void check_program(const std::string& file, unsigned depth = 0) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        if (errno == EACCES) return;  // may be run, but not be read
        fail(not_runnable, file + ": " + std::strerror(errno));
    }
    struct stat status{};
    if (::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode))
        fail(not_runnable, file + ": " + std::strerror(EISDIR));
    if ((status.st_mode & S_ISUID) != 0 && status.st_uid != ::geteuid())
        fail(not_runnable, file + " is set-user-ID: the dynamic linker preloads nothing for it");
    if ((status.st_mode & S_ISGID) != 0 && status.st_gid != ::getegid())
        fail(not_runnable, file + " is set-group-ID: the dynamic linker preloads nothing for it");
    std::array<char, 4096> head{};
    const ssize_t size = ::pread(descriptor, head.data(), head.size() - 1, 0);
    if (std::string_view{head.data(), 2} == "#!" && depth < 4) {
        ::close(descriptor);
        std::string_view line{head.data() + 2};
        line = line.substr(0, line.find('\n'));
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        return check_program(std::string{line.substr(0, line.find_first_of(" \t"))}, depth + 1);
    }
    Elf64_Ehdr header{};
    if (size < static_cast<ssize_t>(sizeof header) || std::memcmp(head.data(), ELFMAG, SELFMAG) != 0)
        fail(not_runnable, file + " is neither a program nor a script");
    std::memcpy(&header, head.data(), sizeof header);
#if defined(__x86_64__)
    constexpr unsigned machine = EM_X86_64;
#elif defined(__aarch64__)
    constexpr unsigned machine = EM_AARCH64;
#endif
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != machine)
        fail(not_runnable, file + " is a program for another kind of processor");
    bool dynamic = false;
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment{};
        const auto place = static_cast<off_t>(header.e_phoff + std::size_t{i} * header.e_phentsize);
        if (::pread(descriptor, &segment, sizeof segment, place) == static_cast<ssize_t>(sizeof segment) &&
            segment.p_type == PT_INTERP)
            dynamic = true;
    }
    ::close(descriptor);
    if (!dynamic)
        fail(not_runnable, file + " is statically linked: there is no dynamic linker to preload for it");
}

std::string find_library() {
    std::array<char, 4096> path{};
    const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    std::string folder{path.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    folder.resize(folder.rfind('/') == std::string::npos ? 0 : folder.rfind('/') + 1);
    for (const char* const place : {"", "../" ZIGMUND_LIBRARY_FOLDER "/"}) {
        const std::string file = folder + place + "libzigmund_alloc_interpose.so";
        if (::access(file.c_str(), R_OK) == 0) {
            if (char* const whole = ::realpath(file.c_str(), nullptr); whole != nullptr) {
                const std::string found = whole;
                std::free(whole);
                return found;
            }
        }
    }
    fail(failed, "libzigmund_alloc_interpose.so is neither in " + folder + " nor in " + folder +
                     "../" ZIGMUND_LIBRARY_FOLDER);
}

/// A file whose name is known before the process is.
void make_empty(const OptionText& name) {
    if (name.empty() || name.view().find("%p") != std::string_view::npos) return;
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) fail(failed, "cannot write " + std::string{name.view()} + ": " + std::strerror(errno));
    ::close(file);
}

}  // namespace

int main(int count, char** arguments) {
    const std::vector<std::string> words(arguments + 1, arguments + count);
    const char* const given = std::getenv(variable);
    Request request;
    request.add("exit_code", "23");
    request.add("on_error", "exit");
    std::size_t next = 0;
    while (next < words.size() && words[next].starts_with("-")) {
        const std::string& word = words[next++];
        if (word == "--") break;
        if (word == "--help") return std::fputs(help, stdout) < 0 ? failed : 0;
        if (word == "--version")
            return std::printf("zigmund-leaks %s\n", zigmund::alloc::version_text.data()) < 0 ? failed : 0;
        if (!request.take(word, words, next))
            fail(failed, "unknown option '" + word + "' (see zigmund-leaks --help)");
    }
    if (next == words.size())
        fail(failed, "no program: write zigmund-leaks [OPTIONS] -- PROGRAM [ARGUMENTS]");

    // The environment's options stand between the defaults and what was said here.
    std::string text = "exit_code=23:on_error=exit";
    if (given != nullptr && *given != 0) text += std::string{":"} + given;
    text += request.text().substr(std::string_view{"exit_code=23:on_error=exit"}.size());
    Options options;
    OptionError error;
    if (!parse_each_option(text, options, error))
        fail(failed, std::string{variable} + ": " + error.text.data());
    if (!join_options(options, error)) fail(failed, error.text.data());

    const std::string program = find_program(words[next]);
    check_program(program);
    const std::string library = find_library();
    if (library.find_first_of(": ") != std::string::npos)
        fail(failed, library + ": the dynamic linker takes no file with a blank or a colon in its name");

    make_empty(options.output);
    const char* const before = std::getenv("LD_PRELOAD");
    const std::string preload = before != nullptr && *before != 0 ? library + ":" + before : library;
    ::setenv("LD_PRELOAD", preload.c_str(), 1);
    ::setenv(variable, text.c_str(), 1);
    ::execv(program.c_str(), arguments + 1 + next);
    fail(not_runnable, program + ": " + std::strerror(errno));
}
