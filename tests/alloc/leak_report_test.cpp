// What deinit() and report_live() say of blocks by call site, in each form, and what they leave out.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/suppressions.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "captured_report.hpp"

namespace {

using namespace zigmund::alloc;

constexpr int line_of_plant = __LINE__ + 2;
[[gnu::noinline]] void* plant(Allocator a, std::size_t size) {
    void* p = a.allocate(size);
    std::fill_n(static_cast<unsigned char*>(p), size, static_cast<unsigned char>(0x5A));
    return p;
}

// Different functions, which a compiler would fold into one if they did the same.
std::atomic<int> loads = 0;
std::atomic<int> sessions = 0;

[[gnu::noinline]] void* load_cache(Allocator a, std::size_t size) {
    void* p = plant(a, size);
    ++loads;
    return p;
}

[[gnu::noinline]] void* open_session(Allocator a, std::size_t size) {
    void* p = plant(a, size);
    ++sessions;
    return p;
}

/// As many call sites as there are numbers.
template <std::size_t n>
[[gnu::noinline]] void leak_here(Allocator a) {
    static_cast<unsigned char*>(a.allocate(8 * (n + 1)))[0] = static_cast<unsigned char>(n);
}

template <std::size_t... n>
void leak_at_each(Allocator a, std::index_sequence<n...>) {
    (leak_here<n>(a), ...);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream{text};
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(LeakReport, FitsAScreenHoweverManyCallSitesLeak) {
    CapturedReport report;
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .report_descriptor = report.descriptor()}};
    for (int i = 0; i < 500; ++i) leak_at_each(gpa.allocator(), std::make_index_sequence<40>{});
    EXPECT_EQ(gpa.deinit(), LeakCheck::leak);
    const auto lines = lines_of(report.text());
    EXPECT_EQ(lines.size(), 24U) << report.text();
    EXPECT_EQ(lines[0], "zigmund: gpa: leak: 3280000 bytes in 20000 blocks from 40 call sites");
    EXPECT_EQ(lines[1], "  160000 bytes (4.9 %) in 500 blocks of 320 bytes, allocated at");
    EXPECT_TRUE(has(lines[2], "    #0 ") && has(lines[2], "leak_here")) << lines[2];
    EXPECT_TRUE(std::regex_match(
        lines.back(), std::regex{"  \\.\\.\\. and [0-9]+ more call sites: [0-9]+ bytes in [0-9]+ blocks"}))
        << lines.back();
    // What is on one line names the place all the same.
    EXPECT_TRUE(std::regex_match(lines[22],
                                 std::regex{"  [0-9]+ bytes \\([0-9.]+ %\\) in 500 blocks of [0-9]+ bytes, "
                                            "allocated at .*leak_here.* at .*leak_report_test.cpp:[0-9]+"}))
        << lines[22];
}

TEST(LeakReport, LinesAddUpToTheTotal) {
    for (const unsigned most : {1U, 8U, 24U, 0U}) {
        CapturedReport report;
        GeneralPurposeAllocator gpa{
            {.tier = Tier::traced, .report_lines = most, .report_descriptor = report.descriptor()}};
        leak_at_each(gpa.allocator(), std::make_index_sequence<40>{});
        EXPECT_EQ(gpa.deinit(), LeakCheck::leak);
        std::size_t bytes = 0;
        std::size_t sites = 0;
        const auto lines = lines_of(report.text());
        for (const std::string& line : lines) {
            std::smatch match;
            if (std::regex_search(line, match, std::regex{"^  ([0-9]+) bytes \\("})) {
                bytes += std::stoul(match[1]);
                ++sites;
            }
            if (std::regex_search(line, match,
                                  std::regex{"^  \\.\\.\\. and ([0-9]+) more call sites: ([0-9]+) bytes"})) {
                sites += std::stoul(match[1]);
                bytes += std::stoul(match[2]);
            }
        }
        EXPECT_EQ(bytes, 40U * 41U / 2 * 8) << report.text();
        EXPECT_EQ(sites, 40U) << report.text();
        if (most == 0) {
            EXPECT_FALSE(has(report.text(), "more call sites"));
            EXPECT_GT(lines.size(), 160U);
        } else {
            EXPECT_LE(lines.size(), std::max(most, 8U));
        }
    }
}

TEST(LeakReport, TellsTheOldestBlockOfACallSiteWithThreadAgeAndContent) {
    CapturedReport report;
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .report_descriptor = report.descriptor()}};
    void* const p = load_cache(gpa.allocator(), 24);
    EXPECT_EQ(gpa.deinit(), LeakCheck::leak);
    std::array<char, 32> address;
    std::snprintf(address.data(), address.size(), "%p", p);
    const auto lines = lines_of(report.text());
    EXPECT_TRUE(
        std::regex_match(lines.back(), std::regex{"    one of them, at " + std::string{address.data()} +
                                                  ", made [0-9]+ s ago by thread [0-9]+, holds( 5a){16}"}))
        << lines.back();
    EXPECT_TRUE(has(lines[2], "leak_report_test.cpp:" + std::to_string(line_of_plant))) << lines[2];
    EXPECT_TRUE(has(lines[3], "load_cache")) << lines[3];
}

// ---- since a mark ----

TEST(LeakReport, LeavesOutWhatIsOlderThanTheMark) {
    CapturedReport report;
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .report_descriptor = report.descriptor()}};
    void* const older = load_cache(gpa.allocator(), 1000);
    const Mark first = gpa.mark();
    (void)open_session(gpa.allocator(), 200);
    const Mark second = gpa.mark();
    (void)open_session(gpa.allocator(), 30);
    // An address that was used before the mark, and a block that keeps its age when it is resized.
    gpa.allocator().deallocate(older, 1000);
    void* const fresh = plant(gpa.allocator(), 4);
    EXPECT_EQ(gpa.report_live(second), 2U);
    EXPECT_EQ(report.first_line(), "zigmund: gpa: live: 34 bytes in 2 blocks from 2 call sites");
    EXPECT_TRUE(report.text().ends_with("  before the mark: 200 bytes in 1 block\n")) << report.text();
    gpa.allocator().deallocate(fresh, 4);
    EXPECT_EQ(gpa.report_live(first), 2U);
    EXPECT_EQ(gpa.report_live(), 2U);
    EXPECT_EQ(gpa.deinit(second), LeakCheck::leak);
    EXPECT_TRUE(has(report.text(), "zigmund: gpa: leak: 30 bytes in 1 block from 1 call site\n"));
}

TEST(LeakReport, IsSilentWhenAllThatIsLiveIsOlderThanTheMark) {
    for (const Tier tier : {Tier::counted, Tier::traced, Tier::guarded}) {
        CapturedReport report;
        GeneralPurposeAllocator gpa{{.tier = tier, .report_descriptor = report.descriptor()}};
        (void)load_cache(gpa.allocator(), 1000);
        EXPECT_EQ(gpa.deinit(gpa.mark()), LeakCheck::ok);
        EXPECT_EQ(report.text(), "");
    }
}

TEST(LeakReport, ABlockIsAsOldAfterItsResizeAsBefore) {
    CapturedReport report;
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .report_descriptor = report.descriptor()}};
    void* const p = load_cache(gpa.allocator(), 1000);
    const Mark mark = gpa.mark();
    EXPECT_TRUE(gpa.allocator().resize(p, 1000, default_align, 990));
    EXPECT_EQ(gpa.report_live(mark), 0U);
    gpa.allocator().deallocate(p, 990);
}

TEST(LeakReport, OfLiveBlocksGoesOnWhileOthersAllocate) {
    CapturedReport report;
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .report_descriptor = report.descriptor()}};
    const Allocator a = gpa.allocator();
    (void)load_cache(a, 123);
    std::atomic<bool> stop = false;
    std::vector<std::jthread> team;
    for (int i = 0; i < 3; ++i)
        team.emplace_back([&] {
            for (std::size_t size = 1; !stop; size = size * 5 % 300'007) {
                void* p = a.allocate(size);
                a.deallocate(p, size);
            }
        });
    for (int i = 0; i < 20; ++i) EXPECT_GE(gpa.report_live(), 1U);
    stop = true;
    team.clear();
    EXPECT_EQ(gpa.deinit(), LeakCheck::leak);
    EXPECT_TRUE(has(report.text(), "zigmund: gpa: leak: 123 bytes in 1 block from 1 call site\n"));
}

// ---- suppressions ----

TEST(LeakReport, LeavesOutAndCountsWhatIsSuppressedByFunction) {
    CapturedReport report;
    constexpr std::array<std::string_view, 2> known{"nothing_like_it", "load_*"};
    GeneralPurposeAllocator gpa{
        {.tier = Tier::traced, .report_descriptor = report.descriptor(), .suppressions = known}};
    for (int i = 0; i < 3; ++i) (void)load_cache(gpa.allocator(), 64);
    (void)open_session(gpa.allocator(), 32);
    EXPECT_EQ(gpa.deinit(), LeakCheck::leak);
    EXPECT_EQ(report.first_line(), "zigmund: gpa: leak: 32 bytes in 1 block from 1 call site");
    EXPECT_TRUE(has(report.text(), "  32 bytes (100.0 %)")) << report.text();
    EXPECT_TRUE(report.text().ends_with("  suppressed: 192 bytes in 3 blocks\n")) << report.text();
}

TEST(LeakReport, IsSilentWhenEverythingIsSuppressed) {
    const auto known = Suppressions::parse("leak:leak_report_test.cpp\n");
    ASSERT_TRUE(known.has_value());
    CapturedReport report;
    {
        GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                     .report_descriptor = report.descriptor(),
                                     .suppressions = known->patterns()}};
        (void)load_cache(gpa.allocator(), 64);
        EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
        EXPECT_EQ(report.text(), "");
    }
    GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                 .report_descriptor = report.descriptor(),
                                 .suppressions = known->patterns(),
                                 .report_when_clean = true}};
    (void)load_cache(gpa.allocator(), 64);
    EXPECT_EQ(gpa.deinit(), LeakCheck::ok);
    EXPECT_EQ(report.text(),
              "zigmund: gpa: no leaks (peak 64 B live, 1 allocation)\n"
              "  suppressed: 64 bytes in 1 block\n");
}

// ---- where to ----

TEST(LeakReport, GoesToTheFileThatIsNamed) {
    CapturedReport report;
    std::string path = "/tmp/leak_report_test.XXXXXX";
    ::close(::mkstemp(path.data()));
    std::ofstream{path} << "what was there before, which is longer than nothing at all\n";
    {
        GeneralPurposeAllocator gpa{
            {.tier = Tier::traced, .report_descriptor = report.descriptor(), .report_path = path.c_str()}};
        (void)plant(gpa.allocator(), 8);
    }
    std::ifstream file{path};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_TRUE(text.starts_with("zigmund: gpa: leak: 8 bytes in 1 block from 1 call site\n")) << text;
    EXPECT_EQ(report.text(), "");
    std::remove(path.c_str());
}

TEST(LeakReport, GoesToTheDescriptorWhenTheFileCannotBeOpened) {
    CapturedReport report;
    {
        GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                     .report_descriptor = report.descriptor(),
                                     .report_path = "/nowhere/leaks.txt"}};
        (void)plant(gpa.allocator(), 8);
    }
    EXPECT_TRUE(
        report.text().starts_with("zigmund: gpa: cannot open /nowhere/leaks.txt: No such file or directory\n"
                                  "zigmund: gpa: leak: 8 bytes in 1 block from 1 call site\n"))
        << report.text();
}

TEST(LeakReport, IsColouredOnATerminalUnlessItsUserWantsNone) {
    const auto on_a_terminal = [](const char* no_color, const char* term) {
        no_color == nullptr ? ::unsetenv("NO_COLOR") : ::setenv("NO_COLOR", no_color, 1);
        ::setenv("TERM", term, 1);
        const int ours = ::posix_openpt(O_RDWR | O_NOCTTY);
        EXPECT_EQ(::grantpt(ours), 0);
        EXPECT_EQ(::unlockpt(ours), 0);
        const int theirs = ::open(::ptsname(ours), O_RDWR | O_NOCTTY);
        {
            GeneralPurposeAllocator gpa{{.tier = Tier::traced, .report_descriptor = theirs}};
            (void)plant(gpa.allocator(), 8);
        }
        std::string text;
        while (!has(text, "holds")) {
            std::array<char, 4096> buffer;
            const ssize_t got = ::read(ours, buffer.data(), buffer.size());
            if (got <= 0) break;
            text.append(buffer.data(), static_cast<std::size_t>(got));
        }
        ::close(theirs);
        ::close(ours);
        return text;
    };
    EXPECT_TRUE(
        on_a_terminal(nullptr, "xterm")
            .starts_with("\x1b[1;31mzigmund: gpa: leak: 8 bytes in 1 block from 1 call site\x1b[0m\r\n"));
    EXPECT_TRUE(has(on_a_terminal("", "xterm"), "\x1b[36m at "));
    EXPECT_FALSE(has(on_a_terminal("1", "xterm"), "\x1b"));
    EXPECT_FALSE(has(on_a_terminal(nullptr, "dumb"), "\x1b"));
}

// ---- other forms ----

TEST(LeakReport, FoldedStacksBeginAtMainAndEndWithTheBytes) {
    CapturedReport report;
    {
        GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                     .report_descriptor = report.descriptor(),
                                     .report_format = ReportFormat::folded}};
        for (int i = 0; i < 3; ++i) (void)load_cache(gpa.allocator(), 64);
        (void)open_session(gpa.allocator(), 500);
    }
    const auto lines = lines_of(report.text());
    ASSERT_EQ(lines.size(), 2U) << report.text();
    EXPECT_TRUE(std::regex_match(lines[0], std::regex{".+;[^;]*open_session[^;]*;[^;]*plant[^;]* 500"}))
        << lines[0];
    EXPECT_TRUE(std::regex_match(lines[1], std::regex{".+;[^;]*load_cache[^;]*;[^;]*plant[^;]* 192"}))
        << lines[1];
}

TEST(LeakReport, FoldedStacksNameWhatHasNone) {
    CapturedReport report;
    {
        GeneralPurposeAllocator gpa{{.tier = Tier::counted,
                                     .report_descriptor = report.descriptor(),
                                     .report_format = ReportFormat::folded}};
        (void)plant(gpa.allocator(), 64);
    }
    EXPECT_EQ(report.text(), "(no stack) 64\n");
}

/// Reads one protobuf message into its fields: numbers as they are, the rest as bytes.
struct Field {
    unsigned number;
    std::uint64_t value;
    std::string bytes;
};

std::uint64_t take_varint(std::string_view& text) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (text.empty()) throw std::runtime_error{"cut off"};
        const auto byte = static_cast<unsigned char>(text.front());
        text.remove_prefix(1);
        value |= std::uint64_t{byte & 0x7FU} << shift;
        if (byte < 0x80) return value;
    }
    throw std::runtime_error{"too long"};
}

std::vector<Field> fields_of(std::string_view text) {
    std::vector<Field> fields;
    while (!text.empty()) {
        const std::uint64_t key = take_varint(text);
        Field field{static_cast<unsigned>(key >> 3), 0, {}};
        if ((key & 7U) == 0) {
            field.value = take_varint(text);
        } else if ((key & 7U) == 2) {
            const std::size_t size = take_varint(text);
            if (size > text.size()) throw std::runtime_error{"cut off"};
            field.bytes = text.substr(0, size);
            text.remove_prefix(size);
        } else {
            throw std::runtime_error{"no such wire type in profile.proto"};
        }
        fields.push_back(field);
    }
    return fields;
}

std::vector<std::uint64_t> packed(std::string_view text) {
    std::vector<std::uint64_t> numbers;
    while (!text.empty()) numbers.push_back(take_varint(text));
    return numbers;
}

/// As much of a profile as a viewer needs to draw it.
class Profile {
  public:
    explicit Profile(const std::string& text) {
        for (const Field& field : fields_of(text)) {
            if (field.number == 6) strings.push_back(field.bytes);
            if (field.number == 1) types.push_back(fields_of(field.bytes));
            if (field.number == 2) samples.push_back(fields_of(field.bytes));
            if (field.number == 4) locations.push_back(fields_of(field.bytes));
            if (field.number == 5) functions.push_back(fields_of(field.bytes));
        }
    }

    [[nodiscard]] static std::uint64_t number(const std::vector<Field>& message, unsigned wanted) {
        for (const Field& field : message)
            if (field.number == wanted) return field.value;
        return 0;
    }
    [[nodiscard]] const std::vector<Field>& with_id(const std::vector<std::vector<Field>>& messages,
                                                    std::uint64_t id) const {
        for (const auto& message : messages)
            if (number(message, 1) == id) return message;
        throw std::runtime_error{"dangling id"};
    }
    /// `plant:33`, innermost first.
    [[nodiscard]] std::vector<std::string> stack(const std::vector<Field>& sample) const {
        std::vector<std::string> frames;
        for (const Field& field : sample) {
            if (field.number != 1) continue;
            for (const std::uint64_t id : packed(field.bytes))
                for (const Field& line : with_id(locations, id)) {
                    if (line.number != 4) continue;
                    const auto fields = fields_of(line.bytes);
                    const auto& function = with_id(functions, number(fields, 1));
                    frames.push_back(strings.at(number(function, 2)) + ":" +
                                     std::to_string(number(fields, 2)));
                }
        }
        return frames;
    }
    [[nodiscard]] std::vector<std::uint64_t> values(const std::vector<Field>& sample) const {
        for (const Field& field : sample)
            if (field.number == 2) return packed(field.bytes);
        return {};
    }

    std::vector<std::string> strings;
    std::vector<std::vector<Field>> types;
    std::vector<std::vector<Field>> samples;
    std::vector<std::vector<Field>> locations;
    std::vector<std::vector<Field>> functions;
};

TEST(LeakReport, PprofHasASampleForEachCallSite) {
    CapturedReport report;
    {
        GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                     .report_descriptor = report.descriptor(),
                                     .report_format = ReportFormat::pprof}};
        for (int i = 0; i < 3; ++i) (void)load_cache(gpa.allocator(), 64);
        (void)open_session(gpa.allocator(), 500);
    }
    const Profile profile{report.text()};
    ASSERT_EQ(profile.types.size(), 2U);
    EXPECT_EQ(profile.strings.at(0), "");
    EXPECT_EQ(profile.strings.at(Profile::number(profile.types[0], 1)), "inuse_objects");
    EXPECT_EQ(profile.strings.at(Profile::number(profile.types[0], 2)), "count");
    EXPECT_EQ(profile.strings.at(Profile::number(profile.types[1], 1)), "inuse_space");
    EXPECT_EQ(profile.strings.at(Profile::number(profile.types[1], 2)), "bytes");
    ASSERT_EQ(profile.samples.size(), 2U);
    EXPECT_EQ(profile.values(profile.samples[0]), (std::vector<std::uint64_t>{1, 500}));
    EXPECT_EQ(profile.values(profile.samples[1]), (std::vector<std::uint64_t>{3, 192}));
    const auto stack = profile.stack(profile.samples[1]);
    ASSERT_GE(stack.size(), 3U);
    EXPECT_TRUE(has(stack[0], "plant")) << stack[0];
    EXPECT_TRUE(stack[0].ends_with(":" + std::to_string(line_of_plant))) << stack[0];
    EXPECT_TRUE(has(stack[1], "load_cache")) << stack[1];
}

TEST(LeakReport, OfACleanAllocatorIsEmptyInEachForm) {
    for (const ReportFormat format : {ReportFormat::json, ReportFormat::folded, ReportFormat::pprof}) {
        CapturedReport silent;
        CapturedReport report;
        {
            GeneralPurposeAllocator gpa{
                {.tier = Tier::traced, .report_descriptor = silent.descriptor(), .report_format = format}};
            GeneralPurposeAllocator speaking{{.tier = Tier::traced,
                                              .report_descriptor = report.descriptor(),
                                              .report_format = format,
                                              .report_when_clean = true}};
        }
        EXPECT_EQ(silent.text(), "");
        if (format == ReportFormat::pprof) {
            EXPECT_TRUE(Profile{report.text()}.samples.empty());
        } else if (format == ReportFormat::json) {
            EXPECT_EQ(report.text(),
                      R"({"report":"leak","allocator":"gpa","bytes":0,"blocks":0,)"
                      R"("suppressed":{"bytes":0,"blocks":0},"before_mark":{"bytes":0,"blocks":0},)"
                      R"("call_sites":[]})"
                      "\n");
        } else {
            EXPECT_EQ(report.text(), "");
        }
    }
}

}  // namespace
