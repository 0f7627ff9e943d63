#include <zigmund/inject.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

namespace inject = zigmund::inject;

struct Config {
    int level = 0;
};
struct Immovable {
    Immovable() = default;
    Immovable(const Immovable&) = delete;
    Immovable& operator=(const Immovable&) = delete;
    int n = 5;
};

int add_level(Config& config, int by) { return config.level += by; }

TEST(Call, PicksArgumentsByTypeInAnyOrder) {
    Config config{.level = 1};
    const std::string name = "Alice";
    inject::Context context{config, name, 4};
    static_assert(std::is_same_v<decltype(context), inject::Context<Config&, const std::string&, int>>);

    EXPECT_EQ(inject::call(add_level, context), 5);
    EXPECT_EQ(config.level, 5);
    EXPECT_EQ(inject::call(&add_level, context), 9);
    EXPECT_EQ(
        inject::call([](int by, const std::string& s, Config& c) { return s + std::to_string(by + c.level); },
                     context),
        "Alice13");
    EXPECT_EQ(inject::call([](const std::string& a, const std::string& b) { return &a == &b; }, context),
              true);
    EXPECT_EQ(inject::call([] { return 3; }, context), 3);
}

TEST(Call, ReferencesNameTheObjectItselfAndValuesAreCopies) {
    Config config{.level = 1};
    inject::Context context{config, std::string("here")};
    inject::call(
        [&](Config& by_reference, const Config& by_const, Config by_value) {
            EXPECT_EQ(&by_reference, &config);
            EXPECT_EQ(&by_const, &config);
            by_value.level = 9;
            EXPECT_NE(by_value.level, by_const.level);
        },
        context);
    EXPECT_EQ(config.level, 1);

    // What was given as an rvalue lives in the context, and changes stay there.
    inject::call([](std::string& s) { s += "!"; }, context);
    EXPECT_EQ(inject::call([](std::string s) { return s; }, context), "here!");
}

TEST(Call, AnObjectThatCannotBeCopiedGoesByReferenceOnly) {
    Immovable object;
    inject::Context context{object};
    using C = decltype(context);
    EXPECT_EQ(inject::call([](Immovable& i) { return i.n; }, context), 5);
    EXPECT_FALSE(C::provides<Immovable>);
    EXPECT_FALSE(C::provides<Immovable&&>);
    EXPECT_FALSE(C::provides<int>);
    EXPECT_TRUE(C::provides<const Immovable&>);
}

TEST(Call, AConstObjectIsNotHandedOutAsMutable) {
    const Config config;
    inject::Context context{config};
    EXPECT_FALSE(decltype(context)::provides<Config&>);
    EXPECT_TRUE(decltype(context)::provides<Config>);
    EXPECT_TRUE(decltype(context)::provides<const Config&>);
}

TEST(Call, ReturnsWhatTheCallableReturns) {
    Config config;
    inject::Context context{config};
    auto self = [](Config& c) -> Config& { return c; };
    static_assert(std::is_same_v<decltype(inject::call(self, context)), Config&>);
    EXPECT_EQ(&inject::call(self, context), &config);
    EXPECT_EQ(*inject::call([](Config& c) { return std::make_unique<int>(c.level); }, context), 0);
}

TEST(Call, CallsTheCallableThatWasGivenAndNotACopy) {
    struct Counter {
        int calls = 0;
        void operator()(Config&) & { ++calls; }
    } counter;
    Config config;
    inject::Context context{config};
    inject::call(counter, context);
    inject::call(counter, context);
    EXPECT_EQ(counter.calls, 2);
}

// A provider of its own: notes in which order it was asked, and can fail.
struct Noting {
    using allowed = inject::Allowed<int, std::string, std::unique_ptr<int>>;

    template <class P>
    static constexpr bool provides =
        std::is_same_v<P, int> || std::is_same_v<std::remove_cvref_t<P>, std::unique_ptr<int>> ||
        std::is_same_v<std::remove_cvref_t<P>, std::string>;

    template <class P>
    auto provide() -> std::remove_cvref_t<P> {
        if constexpr (std::is_same_v<P, int>) {
            asked.emplace_back("int");
            return next++;
        } else if constexpr (std::is_same_v<std::remove_cvref_t<P>, std::unique_ptr<int>>) {
            asked.emplace_back("pointer");
            if (fail) throw std::runtime_error("no pointer");
            return std::make_unique<int>(next++);
        } else {
            asked.emplace_back("string");
            return std::to_string(next++);
        }
    }

    int next = 1;
    bool fail = false;
    std::vector<std::string> asked;
};

TEST(Call, AsksTheProviderFromLeftToRightOnceForEachParameter) {
    Noting noting;
    const std::string got =
        inject::call([](int a, std::unique_ptr<int> b, const std::string& c,
                        int d) { return std::to_string(a) + std::to_string(*b) + c + std::to_string(d); },
                     noting);
    EXPECT_EQ(got, "1234");
    EXPECT_EQ(noting.asked, (std::vector<std::string>{"int", "pointer", "string", "int"}));
}

TEST(Resolve, HoldsValuesForParametersThatAreReferencesToWhatTheProviderMakes) {
    Noting noting;
    auto f = [](const std::string& s, std::string&& t) { return s + "," + std::move(t); };
    auto arguments = inject::resolve<decltype(f)>(noting);
    static_assert(std::is_same_v<decltype(arguments), std::tuple<std::string, std::string>>);
    EXPECT_EQ(inject::apply(f, std::move(arguments)), "1,2");
}

TEST(Resolve, KeepsReferencesReferences) {
    Config config;
    inject::Context context{config, 7};
    auto f = [](Config&, int, const int&) {};
    auto arguments = inject::resolve<decltype(f)>(context);
    static_assert(std::is_same_v<decltype(arguments), std::tuple<Config&, int, const int&>>);
    EXPECT_EQ(&std::get<0>(arguments), &config);
}

TEST(Resolve, LeavesTheCallToTheCaller) {
    Noting noting;
    int calls = 0;
    auto f = [&calls](int) { ++calls; };
    auto arguments = inject::resolve<decltype(f)>(noting);
    EXPECT_EQ(calls, 0);
    inject::apply(f, std::move(arguments));
    EXPECT_EQ(calls, 1);
}

TEST(Resolve, PassesOnWhatTheProviderThrowsAndAsksNoFurther) {
    Noting noting;
    noting.fail = true;
    auto f = [](std::string&&, std::unique_ptr<int>&&, int) {};
    EXPECT_THROW((void)inject::resolve<decltype(f)>(noting), std::runtime_error);
    EXPECT_EQ(noting.asked, (std::vector<std::string>{"string", "pointer"}));
}

struct Constant {
    using allowed = inject::Allowed<int>;
    template <class P>
    static constexpr bool provides = std::is_same_v<P, int>;
    template <class P>
    P provide() const {
        return 6;
    }
};

TEST(Call, TakesAConstProvider) {
    const Constant constant;
    EXPECT_EQ(inject::call([](int n) { return n; }, constant), 6);
}

TEST(Check, HoldsAtCompileTimeWithoutAProvider) {
    static_assert(inject::check<decltype(add_level), inject::Context<Config&, int>>());
    static_assert(inject::check<void (*)(), inject::Context<>>());
}

TEST(Call, WorksInConstantExpressions) {
    constexpr int sum = [] {
        int n = 40;
        inject::Context context{n, 2L};
        return inject::call([](long by, int& at) { return at + static_cast<int>(by); }, context);
    }();
    static_assert(sum == 42);
}

}  // namespace
