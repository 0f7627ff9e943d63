#include <zigmund/inject/signature.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <type_traits>

// Declared only: nothing here is called.
namespace declared {
struct Config {};
int plain(int, const Config&);
void quiet(std::string&&) noexcept;
}  // namespace declared

namespace {

using zigmund::inject::Parameters;
using zigmund::inject::Result;
using zigmund::inject::Types;

using declared::Config;
using declared::plain;
using declared::quiet;

struct ByConst {
    bool operator()(Config&, const int*) const;
};
struct ByRvalue {
    void operator()(int) && noexcept;
};

template <class F, class R, class... Ps>
constexpr bool reads = std::is_same_v<Parameters<F>, Types<Ps...>> && std::is_same_v<Result<F>, R>;

TEST(Signature, OfFunctionsTheirPointersAndReferences) {
    EXPECT_TRUE((reads<decltype(plain), int, int, const Config&>));
    EXPECT_TRUE((reads<decltype(&plain), int, int, const Config&>));
    EXPECT_TRUE((reads<decltype((plain)), int, int, const Config&>));
    EXPECT_TRUE((reads<int (*const)(), int>));
    EXPECT_TRUE((reads<decltype(quiet), void, std::string&&>));
    EXPECT_TRUE((reads<decltype(&quiet), void, std::string&&>));
}

TEST(Signature, OfObjectsWithOneCallOperator) {
    EXPECT_TRUE((reads<ByConst, bool, Config&, const int*>));
    EXPECT_TRUE((reads<const ByConst&, bool, Config&, const int*>));
    EXPECT_TRUE((reads<ByRvalue, void, int>));
    EXPECT_TRUE((reads<std::function<char(int&)>, char, int&>));
}

TEST(Signature, OfLambdasThatAreConstMutableOrNoexcept) {
    int n = 0;
    auto reading = [n](int by) { return n + by; };
    auto changing = [n](int by) mutable { return n += by; };
    auto quiet_one = [](Config) noexcept {};
    auto both = [n]() mutable noexcept -> int& { return n; };
    EXPECT_TRUE((reads<decltype(reading), int, int>));
    EXPECT_TRUE((reads<decltype(changing), int, int>));
    EXPECT_TRUE((reads<decltype(changing)&, int, int>));
    EXPECT_TRUE((reads<decltype(quiet_one), void, Config>));
    EXPECT_TRUE((reads<decltype(both), int&>));
}

TEST(Signature, TopLevelConstOfAParameterIsTheCallablesOwnBusiness) {
    auto f = [](const int, const Config&) {};
    EXPECT_TRUE((reads<decltype(f), void, int, const Config&>));
    EXPECT_EQ(Parameters<decltype(f)>::size, 2u);
}

#if defined(__cpp_static_call_operator)
TEST(Signature, OfAStaticCallOperator) {
    auto f = [](int, Config&) static { return true; };
    EXPECT_TRUE((reads<decltype(f), bool, int, Config&>));
}
#endif

#if defined(__cpp_explicit_this_parameter)
struct Explicit {
    int operator()(this const Explicit&, Config&);
};
TEST(Signature, AnExplicitObjectIsNoneOfTheParameters) { EXPECT_TRUE((reads<Explicit, int, Config&>)); }
#endif

}  // namespace
