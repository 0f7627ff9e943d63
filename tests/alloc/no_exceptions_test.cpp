// Compiled with -fno-exceptions: every header is usable in such a build.
#include <zigmund/alloc.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

#if defined(__cpp_exceptions)
#error "this test is about builds without exceptions"
#endif

namespace {

using namespace zigmund::alloc;

Result<int*> make(Allocator a, bool success, std::string& log) {
    ErrScope scope;
    const auto always = defer([&] { log += 'd'; });
    int* const n = ZIGMUND_TRY(a.try_create<int>(3));
    const auto undo = scope.errdefer([&] {
        log += 'u';
        a.destroy(n);
    });
    if (!success) return scope.fail(Error::out_of_memory);
    return scope.ok(n);
}

TEST(NoExceptions, GuardsAndTryWork) {
    std::string log;
    EXPECT_FALSE(make(heap(), false, log).has_value());
    EXPECT_EQ(std::exchange(log, ""), "ud");
    const auto made = make(heap(), true, log);
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(log, "d");
    EXPECT_EQ(**made, 3);
    heap().destroy(*made);
}

TEST(NoExceptions, AllocatorsVerbsWork) {
    const auto text = heap().try_dupe("the answer is 42");
    ASSERT_TRUE(text.has_value());
    EXPECT_EQ(*text, "the answer is 42");
    heap().free(*text);
    std::string* const made = heap().create<std::string>("made");
    EXPECT_EQ(*made, "made");
    heap().destroy(made);
}

}  // namespace
