#include <zigmund/alloc.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace zigmund::alloc;

TEST(Version, IsThatOfTheCMakeProject) { EXPECT_EQ(version_text, ZIGMUND_PROJECT_VERSION); }

TEST(Version, NumbersAreThoseOfTheText) {
    EXPECT_EQ(std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
                  std::to_string(version.patch),
              version_text);
}

// With the preprocessor, for code that must compile with an older release as well.
#if ZIGMUND_VERSION_MAJOR * 10000 + ZIGMUND_VERSION_MINOR * 100 + ZIGMUND_VERSION_PATCH < 100
#error "the version is not known to the preprocessor"
#endif

TEST(Version, IsOrderedByNumberAndNotByText) {
    static_assert(Version{0, 10, 0} > Version{0, 9, 9});
    static_assert(Version{1, 0, 0} > Version{0, 99, 99});
    static_assert(Version{1, 2, 3} == Version{1, 2, 3});
    static_assert(version >= Version{0, 1, 0});
}

}  // namespace
