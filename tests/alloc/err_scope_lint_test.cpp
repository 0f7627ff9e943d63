// The message about a guard that ran although no error was raised belongs to builds without NDEBUG.
#undef NDEBUG
#include <zigmund/alloc/err_scope.hpp>
#include <zigmund/alloc/error.hpp>
#include <zigmund/alloc/try.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace {

using namespace zigmund::alloc;

template <class F>
std::string stderr_of(F&& f) {
    testing::internal::CaptureStderr();
    f();
    return testing::internal::GetCapturedStderr();
}

Result<int> refuse() { return std::unexpected(Error::out_of_memory); }

TEST(ErrScopeLint, AForgottenOkIsNamedWithTheGuardsLineOnce) {
    int line = 0;
    const auto forgets = [&]() -> Result<int> {
        ErrScope scope;
        line = __LINE__ + 1;
        const auto undo = scope.errdefer([] {});
        return 1;
    };
    const std::string said = stderr_of([&] { EXPECT_TRUE(forgets().has_value()); });
    EXPECT_EQ(said, "zigmund: errdefer at " + std::string(__FILE__) + ":" + std::to_string(line) +
                        " ran, but no error was raised in its scope: if the function succeeded, return "
                        "scope.ok(value); if it failed, return scope.fail(error)\n");
    EXPECT_EQ(stderr_of([&] { (void)forgets(); }), "");
}

TEST(ErrScopeLint, APlainUnexpectedCannotBeSeenAndIsNamedToo) {
    const auto plain = []() -> Result<int> {
        ErrScope scope;
        const auto undo = scope.errdefer([] {});
        return std::unexpected(Error::out_of_memory);
    };
    EXPECT_NE(stderr_of([&] { (void)plain(); }), "");
}

TEST(ErrScopeLint, RaisedErrorsAndSuccessesAreNotNamed) {
    const auto leave = [](int way) -> Result<int> {
        ErrScope scope;
        const auto undo = scope.errdefer([] {});
        switch (way) {
            case 0:
                return scope.fail(Error::out_of_memory);
            case 1:
                return ZIGMUND_TRY(refuse());
            case 2:
                return scope.ok(refuse());
            case 3:
                throw std::runtime_error("out");
            case 4:
                scope.fail();
                return std::unexpected(Error::out_of_memory);
            default:
                return scope.ok(1);
        }
    };
    EXPECT_EQ(stderr_of([&] {
                  for (const int way : {0, 1, 2, 4, 5}) (void)leave(way);
                  EXPECT_THROW((void)leave(3), std::runtime_error);
              }),
              "");
}

TEST(ErrScopeLint, AnErrorThatWasRaisedBeforeTheScopeIsNoExcuse) {
    const auto raises = []() -> Result<int> { return ZIGMUND_TRY(refuse()); };
    const auto forgets = []() -> Result<int> {
        ErrScope scope;
        const auto undo = scope.errdefer([] {});
        return 1;
    };
    EXPECT_NE(stderr_of([&] {
                  (void)raises();
                  try {
                      throw std::runtime_error("handled");
                  } catch (const std::exception&) {
                      (void)forgets();
                  }
              }),
              "");
}

TEST(ErrScopeLint, ADismissedGuardHasNothingToSay) {
    const auto dismisses = []() -> Result<int> {
        ErrScope scope;
        auto undo = scope.errdefer([] {});
        undo.dismiss();
        return 1;
    };
    EXPECT_EQ(stderr_of([&] { (void)dismisses(); }), "");
}

}  // namespace
