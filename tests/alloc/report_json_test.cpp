// The JSON of a report, as a JSON library reads it.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <string_view>

#include "captured_report.hpp"

namespace {

using namespace zigmund::alloc;
namespace json = boost::json;

constexpr int line_of_plant = __LINE__ + 2;
[[gnu::noinline]] void* plant(Allocator a, std::size_t size) {
    void* p = a.allocate(size);
    static_cast<unsigned char*>(p)[0] = 0x5A;
    return p;
}

[[gnu::noinline]] void* load_cache(Allocator a, std::size_t size) {
    void* p = plant(a, size);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // no tail call: the frame must be there
    return p;
}

TEST(JsonReport, HasEachCallSiteWithItsStack) {
    CapturedReport report;
    constexpr std::array<std::string_view, 1> known{"load_*"};
    {
        GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                     .name = "cache",
                                     .report_descriptor = report.descriptor(),
                                     .report_format = ReportFormat::json,
                                     .suppressions = known}};
        (void)plant(gpa.allocator(), 1000);
        const Mark mark = gpa.mark();
        for (int i = 0; i < 3; ++i) (void)plant(gpa.allocator(), 64);
        (void)load_cache(gpa.allocator(), 7);
        EXPECT_EQ(gpa.deinit(mark), LeakCheck::leak);
    }
    const json::object whole = json::parse(report.text()).as_object();
    EXPECT_EQ(whole.at("report").as_string(), "leak");
    EXPECT_EQ(whole.at("allocator").as_string(), "cache");
    EXPECT_EQ(whole.at("bytes").to_number<int>(), 192);
    EXPECT_EQ(whole.at("blocks").to_number<int>(), 3);
    EXPECT_EQ(whole.at("suppressed").at("bytes").to_number<int>(), 7);
    EXPECT_EQ(whole.at("suppressed").at("blocks").to_number<int>(), 1);
    EXPECT_EQ(whole.at("before_mark").at("bytes").to_number<int>(), 1000);
    const json::array& sites = whole.at("call_sites").as_array();
    ASSERT_EQ(sites.size(), 1U);
    EXPECT_EQ(sites[0].at("bytes").to_number<int>(), 192);
    EXPECT_EQ(sites[0].at("blocks").to_number<int>(), 3);
    EXPECT_EQ(sites[0].at("smallest").to_number<int>(), 64);
    EXPECT_EQ(sites[0].at("largest").to_number<int>(), 64);
    EXPECT_TRUE(sites[0].at("example").at("content").as_string().starts_with("5a"));
    const json::array& stack = sites[0].at("stack").as_array();
    ASSERT_GE(stack.size(), 2U);
    EXPECT_NE(std::string_view{stack[0].at("function").as_string()}.find("plant"), std::string_view::npos);
    EXPECT_TRUE(stack[0].at("file").as_string().ends_with("report_json_test.cpp"));
    EXPECT_EQ(stack[0].at("line").to_number<int>(), line_of_plant);
}

TEST(JsonReport, NamesOfAnyBytesStayValid) {
    CapturedReport report;
    {
        GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                     .name = "a\"b\\c\n\x01 \xC3\xA9 \xFF\xC0\x80 \xED\xA0\x80 \xE2\x82",
                                     .report_descriptor = report.descriptor(),
                                     .report_format = ReportFormat::json}};
        (void)plant(gpa.allocator(), 8);
    }
    EXPECT_EQ(json::parse(report.text()).at("allocator").as_string(),
              "a\"b\\c\n\x01 \xC3\xA9 \uFFFD\uFFFD\uFFFD \uFFFD\uFFFD\uFFFD \uFFFD\uFFFD");
}

TEST(JsonReport, OfAnErrorHasTheBlockAndTheStacksOneByOne) {
    std::string line;
    const auto collect = [](const MemoryError& error, void* context) {
        *static_cast<std::string*>(context) = error.json;
    };
    {
        GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                     .name = "cache",
                                     .report_format = ReportFormat::json,
                                     .on_error = collect,
                                     .on_error_context = &line}};
        void* const p = plant(gpa.allocator(), 64);
        gpa.allocator().deallocate(p, 64);
        gpa.allocator().deallocate(p, 64);
    }
    EXPECT_TRUE(line.ends_with("}\n"));
    const json::object error = json::parse(line).as_object();
    EXPECT_EQ(error.at("report").as_string(), "error");
    EXPECT_EQ(error.at("kind").as_string(), "double free");
    EXPECT_EQ(error.at("size").to_number<int>(), 64);
#if !defined(ZIGMUND_SANITIZED)  // which keeps freed blocks itself: of one we remember size and stacks
    EXPECT_EQ(error.at("block").at("size").to_number<int>(), 64);
    EXPECT_EQ(error.at("block").at("alignment").to_number<int>(), 16);
    EXPECT_EQ(error.at("block").at("address"), error.at("address"));
#endif
    const json::array& stacks = error.at("stacks").as_array();
    ASSERT_EQ(stacks.size(), 3U);
    EXPECT_EQ(stacks[0].at("what").as_string(), "allocated");
    EXPECT_EQ(stacks[1].at("what").as_string(), "first given back");
    EXPECT_EQ(stacks[2].at("what").as_string(), "free");
    const json::value& frame = stacks[0].at("frames").at(0);
    EXPECT_TRUE(frame.at("file").as_string().ends_with("report_json_test.cpp"));
    EXPECT_EQ(frame.at("line").to_number<int>(), line_of_plant);
}

}  // namespace
