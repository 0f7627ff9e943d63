#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/err_scope.hpp>
#include <zigmund/alloc/testing/checked_upstream.hpp>
#include <zigmund/inject.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

namespace alloc = zigmund::alloc;
namespace inject = zigmund::inject;

using Journal = std::vector<std::string>;
Journal journal;

/// Provides numbers, of which it can refuse some, and memory.
struct Base {
    using allowed = inject::Allowed<int, alloc::Allocator>;

    template <class P>
    static constexpr bool provides = std::is_same_v<P, int> || std::is_same_v<P, alloc::Allocator>;

    template <class P>
    P provide() {
        if constexpr (std::is_same_v<P, int>) {
            journal.emplace_back("int");
            if (refuse) ++refused;
            return 4;
        } else {
            return memory;
        }
    }

    [[nodiscard]] std::size_t failures() const noexcept { return refused; }
    [[nodiscard]] const inject::Overrides<Base>* overrides() const noexcept { return replaced; }

    alloc::Allocator memory;
    bool refuse = false;
    const inject::Overrides<Base>* replaced = nullptr;
    std::size_t refused = 0;
};

/// A job from its start to its end.
class Depends : public testing::Test {
  protected:
    Depends() { journal.clear(); }

    /// Calls `f` if its arguments could be made, and ends the job as `f` did.
    template <class F>
    std::exception_ptr run(F f, bool refuse = false) {
        inject::SingletonsOf<inject::DependencyGraph<inject::Parameters<F>>> links{singletons};
        inject::Job job{arena};
        Base base{.memory = arena, .refuse = refuse, .replaced = overrides.empty() ? nullptr : &overrides};
        std::exception_ptr error;
        try {
            inject::Resolver<inject::DependencyGraph<inject::Parameters<F>>, Base> resolver{base, job, links};
            auto arguments = resolver.template arguments<inject::Parameters<F>>();
            called = resolver.good();
            if (called) std::apply(f, std::move(arguments));
            job.end_function(error);
            if (error == nullptr) journal.emplace_back("sent");
        } catch (...) {
            error = std::current_exception();
        }
        job.end(error);
        arena.reset(alloc::Reset::retain_capacity);
        return error;
    }

    alloc::testing::CheckedUpstream upstream;
    alloc::Arena arena{upstream};
    inject::Singletons singletons{upstream};
    inject::Overrides<Base> overrides{upstream};
    bool called = false;
};

std::string text_of(const std::exception_ptr& error) {
    if (error == nullptr) return "none";
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& known) {
        return known.what();
    }
}

int four(int n) {
    journal.emplace_back("four");
    return n;
}
int twice(inject::Depends<four> n) {
    journal.emplace_back("twice");
    return *n * 2;
}
std::string& shared() {
    static std::string text;
    return text;
}
void noted(inject::Depends<four>) { journal.emplace_back("noted"); }

TEST_F(Depends, IsCalledOncePerJobWhoeverAsks) {
    run([](inject::Depends<twice> eight, const inject::Depends<four>& n, inject::Depends<four> again) {
        EXPECT_EQ(*eight, 8);
        EXPECT_EQ(*n, 4);
        EXPECT_EQ(&*n, &*again);
    });
    EXPECT_EQ(journal, (Journal{"int", "four", "twice", "sent"}));
    run([](inject::Depends<four>) {});
    EXPECT_EQ(journal.size(), 7u);
}

TEST_F(Depends, WithNoCacheIsCalledForEachParameter) {
    run([](inject::Depends<twice>, inject::Depends<four, inject::NoCache> own,
           inject::Depends<four, inject::NoCache> other, inject::Depends<four> common) {
        EXPECT_NE(&*own, &*other);
        EXPECT_NE(&*own, &*common);
    });
    EXPECT_EQ(journal, (Journal{"int", "four", "twice", "int", "four", "int", "four", "sent"}));
}

TEST_F(Depends, ReferencesStayReferencesAndVoidIsCalledForItsEffect) {
    run([](inject::Depends<shared> text, inject::Depends<noted>) {
        EXPECT_EQ(&*text, &shared());
        text->assign("x");
    });
    EXPECT_EQ(shared(), "x");
    EXPECT_EQ(journal, (Journal{"int", "four", "noted", "sent"}));
}

/// Notes its life.
struct Guard {
    explicit Guard(std::string name) : name_{std::move(name)} { journal.push_back("+" + name_); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { journal.push_back("-" + name_); }
    std::string name_;
};

Guard plain() { return Guard{"plain"}; }
constexpr auto one_more = [](inject::Depends<four> n) { return *n + 1; };
constexpr auto length = [](inject::Depends<plain, inject::FunctionScope> guard) {
    return guard->name_.size();
};

TEST_F(Depends, TakesNamedLambdasAndPointersToFunctions) {
    static_assert(std::is_same_v<inject::Depends<four>, inject::Depends<&four>>);
    run([](inject::Depends<one_more> five) {
        EXPECT_EQ(*five, 5);
        int& value = five;  // it can be changed, and everybody sees it
        value = 6;
        EXPECT_EQ(five.value(), 6);
    });
    EXPECT_TRUE(called);
}

struct Page {
    int skip;
    inject::Depends<four> limit;
    std::unique_ptr<int> own;
};
struct Login {
    using dependencies = inject::Types<inject::Depends<four>, int>;
    Login(inject::Depends<four> n, int other) : sum{*n + other} {}
    Login(const Login&) = delete;
    Login& operator=(const Login&) = delete;
    int sum;
};

TEST_F(Depends, AClassIsMadeOfWhatItsFieldsOrItsConstructorAskFor) {
    static_assert(std::is_same_v<inject::detail::CalleeParameters<inject::Make<Page>>,
                                 inject::Types<int, inject::Depends<four>, std::unique_ptr<int>>>);
    struct Small {
        int skip;
        inject::Depends<four> limit;
    };
    run([](inject::Depends<inject::make<Small>> page, inject::Depends<inject::make<Login>> login) {
        EXPECT_EQ(page->skip, 4);
        EXPECT_EQ(*page->limit, 4);
        EXPECT_EQ(login->sum, 8);
    });
    EXPECT_TRUE(called);
    EXPECT_EQ(journal, (Journal{"int", "four", "int", "int", "sent"}));
}

// ---- scopes ----

inject::Scoped<Guard> outer(inject::Depends<plain>, alloc::Allocator) {
    Guard guard{"outer"};
    try {
        co_yield guard;
        journal.emplace_back("commit outer");
    } catch (const std::exception& error) {
        journal.push_back(std::string{"outer sees "}.append(error.what()));
        throw;
    }
}
inject::Scoped<std::string> inner(inject::Depends<outer> guard, alloc::Allocator) {
    journal.emplace_back("+inner");
    co_yield guard->name_ + "!";
    journal.emplace_back("-inner");
}
inject::Scoped<int> brief(inject::Depends<four, inject::FunctionScope>, alloc::Allocator) {
    journal.emplace_back("+brief");
    co_yield 7;
    journal.emplace_back("-brief");
}

TEST_F(Depends, IsTornDownAfterTheSendTheNewestFirst) {
    EXPECT_EQ(run([](inject::Depends<inner> text) {
                  EXPECT_EQ(*text, "outer!");
                  journal.emplace_back("handler");
              }),
              nullptr);
    EXPECT_EQ(journal, (Journal{"+plain", "+outer", "+inner", "handler", "sent", "-inner", "commit outer",
                                "-outer", "-plain"}));
}

TEST_F(Depends, OfFunctionScopeIsTornDownBeforeTheSend) {
    run([](inject::Depends<plain>, inject::Depends<brief, inject::FunctionScope> seven) {
        EXPECT_EQ(*seven, 7);
        journal.emplace_back("handler");
    });
    EXPECT_EQ(journal, (Journal{"+plain", "int", "four", "+brief", "handler", "-brief", "sent", "-plain"}));
}

TEST_F(Depends, TheSameFunctionInTwoScopesIsTwoThings) {
    run([](inject::Depends<plain> a, inject::Depends<plain, inject::FunctionScope> b) {
        EXPECT_NE(&*a, &*b);
    });
    EXPECT_EQ(journal, (Journal{"+plain", "+plain", "-plain", "sent", "-plain"}));
}

TEST_F(Depends, WithoutAnythingToUndoMayUseWhatEndsEarlier) {
    run([](inject::Depends<length> n) { EXPECT_EQ(*n, 5u); });
    EXPECT_TRUE(called);
}

TEST_F(Depends, SeesTheExceptionThatEndedTheHandler) {
    const auto error = run([](inject::Depends<inner>) -> void { throw std::runtime_error("out of stock"); });
    EXPECT_EQ(text_of(error), "out of stock");
    // inner has no handler of its own: what follows its co_yield is not run.
    EXPECT_EQ(journal,
              (Journal{"+plain", "+outer", "+inner", "outer sees out of stock", "-outer", "-plain"}));
}

inject::Scoped<int> translating(inject::Depends<outer>, alloc::Allocator) {
    try {
        co_yield 1;
    } catch (const std::runtime_error&) {
        throw std::logic_error("translated");
    }
}
inject::Scoped<int> swallowing(inject::Depends<outer>, alloc::Allocator) {
    try {
        co_yield 1;
    } catch (const std::runtime_error&) {
        journal.emplace_back("swallowed");
    }
}
inject::Scoped<int> failing_at_the_end(alloc::Allocator) {
    co_yield 1;
    throw std::runtime_error("cannot commit");
}

TEST_F(Depends, MayTranslateTheException) {
    const auto error = run([](inject::Depends<translating>) -> void { throw std::runtime_error("raw"); });
    EXPECT_EQ(text_of(error), "translated");
    EXPECT_EQ(journal, (Journal{"+plain", "+outer", "outer sees translated", "-outer", "-plain"}));
}

TEST_F(Depends, MaySwallowTheExceptionAndTheOlderOnesCommit) {
    const auto error = run([](inject::Depends<swallowing>) -> void { throw std::runtime_error("raw"); });
    EXPECT_EQ(error, nullptr);
    EXPECT_EQ(journal, (Journal{"+plain", "+outer", "swallowed", "commit outer", "-outer", "-plain"}));
}

TEST_F(Depends, ThatFailsAtItsEndIsSeenByTheOlderOnes) {
    const auto error = run([](inject::Depends<outer>, inject::Depends<failing_at_the_end>) {});
    EXPECT_EQ(text_of(error), "cannot commit");
    EXPECT_EQ(journal, (Journal{"+plain", "+outer", "sent", "outer sees cannot commit", "-outer", "-plain"}));
}

inject::Scoped<int> cannot_begin(inject::Depends<outer>, alloc::Allocator) {
    if (shared() != "begin") throw std::runtime_error("no connection");
    co_yield 1;
}

TEST_F(Depends, ThatCannotBeginTearsDownWhatWasMade) {
    shared() = "";
    const auto error = run([](inject::Depends<cannot_begin>) { journal.emplace_back("handler"); });
    EXPECT_EQ(text_of(error), "no connection");
    EXPECT_EQ(journal, (Journal{"+plain", "+outer", "outer sees no connection", "-outer", "-plain"}));
}

inject::Scoped<int> never(alloc::Allocator) {
    if (shared() == "yield") co_yield 1;
}
inject::Scoped<int> too_often(alloc::Allocator) {
    co_yield 1;
    const Guard guard{"local"};
    co_yield 2;
}

TEST_F(Depends, ThatDoesNotYieldOnceIsSaidInWords) {
    shared() = "";
    EXPECT_EQ(text_of(run([](inject::Depends<never>) {})),
              "zigmund: a Scoped dependency must co_yield once, but it yielded nothing");
    EXPECT_EQ(text_of(run([](inject::Depends<too_often>) {})),
              "zigmund: a Scoped dependency must co_yield once, but it yielded twice");
    EXPECT_EQ(journal.back(), "-local");
}

struct Transaction {
    std::string state = "open";
};
std::string& last_state() {
    static std::string state;
    return state;
}
inject::Scoped<Transaction> transaction(alloc::Allocator) {
    alloc::ErrScope scope;
    Transaction transaction;
    auto undo = scope.errdefer([] { last_state() = "rolled back"; });
    co_yield transaction;
    last_state() = "committed";
    scope.ok();
}

TEST_F(Depends, RollsBackByErrdeferWhenTheJobFails) {
    run([](inject::Depends<transaction> t) { EXPECT_EQ(t->state, "open"); });
    EXPECT_EQ(last_state(), "committed");
    run([](inject::Depends<transaction>) -> void { throw std::runtime_error("no"); });
    EXPECT_EQ(last_state(), "rolled back");
}

// ---- arguments that cannot be made ----

int cheap() {
    journal.emplace_back("cheap");
    return 1;
}

TEST_F(Depends, WithArgumentsThatFailIsNotCalledNorIsWhatNeedsItButSiblingsAre) {
    run([](inject::Depends<twice>, inject::Depends<four>, inject::Depends<cheap>,
           int) { journal.emplace_back("handler"); },
        true);
    EXPECT_FALSE(called);
    // `four` is tried once; the handler's own number is asked for last.
    EXPECT_EQ(journal, (Journal{"int", "cheap", "int", "sent"}));
}

// ---- overrides ----

int fake(inject::Depends<cheap> one) {
    journal.emplace_back("fake");
    return *one + 9;
}

TEST_F(Depends, CanBeOverriddenByAFunctionWithParametersOfItsOwn) {
    overrides.set<four>(fake, singletons);
    run([](inject::Depends<cheap>, inject::Depends<twice> n, inject::Depends<four> m) {
        EXPECT_EQ(*n, 20);
        EXPECT_EQ(*m, 10);
    });
    EXPECT_TRUE(called);
    // `cheap`, which the replacement needs too, is called once.
    EXPECT_EQ(journal, (Journal{"cheap", "fake", "twice", "sent"}));

    overrides.set<four>([n = 3](int) { return n; }, singletons);
    run([](inject::Depends<four> m) { EXPECT_EQ(*m, 3); });
    overrides.clear();
    run([](inject::Depends<four> m) { EXPECT_EQ(*m, 4); });
}

TEST_F(Depends, OverriddenIsTornDownInItsScope) {
    overrides.set<plain>(
        [](alloc::Allocator) -> inject::Scoped<Guard> {
            Guard guard{"fake"};
            co_yield guard;
        },
        singletons);
    run([](inject::Depends<inner>) {});
    EXPECT_EQ(journal,
              (Journal{"+fake", "+outer", "+inner", "sent", "-inner", "commit outer", "-outer", "-fake"}));
}

TEST_F(Depends, OverriddenWithArgumentsThatFailIsNotCalled) {
    overrides.set<cheap>([](int) { return 2; }, singletons);
    run([](inject::Depends<cheap>) {}, true);
    EXPECT_FALSE(called);
}

// ---- what the application has one of ----

struct Settings {
    std::string url;
};
inject::Scoped<Guard> pool(inject::State<Settings> settings, alloc::Allocator) {
    Guard guard{"pool " + settings->url};
    co_yield guard;
    journal.emplace_back("close");
}
Guard cache(inject::Depends<pool, inject::AppScope> from) { return Guard{"cache of " + from->name_}; }

TEST_F(Depends, OfAppScopeIsMadeAtTheStartAndTornDownAtTheStopTheNewestFirst) {
    auto handler = [](inject::Depends<cache, inject::AppScope> c, inject::State<Settings> settings,
                      inject::Depends<pool, inject::AppScope> p) {
        EXPECT_EQ(c->name_, "cache of pool db");
        EXPECT_EQ(p->name_, "pool " + settings->url);
    };
    EXPECT_TRUE(text_of(run(handler)).starts_with("zigmund: zigmund::inject::"));
    EXPECT_NE(text_of(run(handler)).find("Node<"), std::string::npos);
    EXPECT_NE(text_of(run(handler)).find("is made when the application starts, and it has not started"),
              std::string::npos);
    journal.clear();

    singletons.provide<Settings>("db");
    singletons.on_start([](inject::Depends<pool, inject::AppScope>) { journal.emplace_back("start"); });
    singletons.on_stop([](inject::State<Settings>) { journal.emplace_back("stop"); });
    singletons.start();
    singletons.start();
    EXPECT_EQ(run(handler), nullptr);
    EXPECT_EQ(run(handler), nullptr);
    EXPECT_EQ(singletons.stop(), nullptr);
    EXPECT_EQ(journal, (Journal{"+pool db", "+cache of pool db", "start", "sent", "sent", "stop",
                                "-cache of pool db", "close", "-pool db"}));
}

struct Clock {
    int zone;
};

TEST_F(Depends, StateIsMadeByAFunctionOrGiven) {
    int zone = 2;
    singletons.provide<Clock>(
        [&zone](inject::State<Settings> s) { return Clock{zone + static_cast<int>(s->url.size())}; });
    (void)run([](inject::State<Clock>) {});
    singletons.provide<Settings>("db");
    singletons.start();
    run([](inject::State<Clock> clock) { EXPECT_EQ(clock->zone, 4); });
    EXPECT_TRUE(called);
    // Stopped and started again, it is made anew, and what was given is still there.
    EXPECT_EQ(singletons.stop(), nullptr);
    zone = 5;
    singletons.start();
    run([](inject::State<Clock> clock, inject::State<Settings> settings) {
        EXPECT_EQ(clock->zone, 7);
        EXPECT_EQ(settings->url, "db");
    });
    EXPECT_TRUE(called);
}

TEST_F(Depends, StateThatNobodyProvidesIsNamed) {
    (void)run([](inject::State<Clock>) {});
    try {
        singletons.start();
        FAIL();
    } catch (const std::logic_error& error) {
        const std::string text = error.what();
        EXPECT_EQ(text.find("zigmund: State<"), 0u) << text;
        EXPECT_NE(text.find("Clock> is asked for, but nobody provides it"), std::string::npos) << text;
    }
    EXPECT_FALSE(singletons.started());
}

TEST_F(Depends, StateIsProvidedOnceAndNeedsNotItself) {
    singletons.provide<Clock>([](inject::State<Clock> clock) { return Clock{clock->zone}; });
    EXPECT_THROW(singletons.provide<Clock>(Clock{1}), std::logic_error);
    EXPECT_THROW(singletons.start(), std::logic_error);
}

TEST_F(Depends, AStartThatFailsTearsDownWhatWasMade) {
    singletons.provide<Settings>("db");
    singletons.on_start(
        [](inject::Depends<pool, inject::AppScope>) -> void { throw std::runtime_error("no network"); });
    (void)singletons.entry<inject::Node<&pool, inject::Scope::app>>();
    EXPECT_THROW(singletons.start(), std::runtime_error);
    EXPECT_EQ(journal, (Journal{"+pool db", "-pool db"}));
    EXPECT_EQ(singletons.stop(), nullptr);
}

TEST_F(Depends, OfAppScopeIsOverriddenBeforeTheStart) {
    auto handler = [](inject::Depends<cache, inject::AppScope> c) { EXPECT_EQ(c->name_, "cache of fake"); };
    (void)run(handler);
    overrides.set<pool>([] { return Guard{"fake"}; }, singletons);
    journal.clear();
    singletons.start();
    EXPECT_EQ(run(handler), nullptr);
    EXPECT_THROW(overrides.set<pool>([] { return Guard{"late"}; }, singletons), std::logic_error);
    (void)singletons.stop();
    EXPECT_EQ(journal, (Journal{"+fake", "+cache of fake", "sent", "-cache of fake", "-fake"}));
}

TEST_F(Depends, ATestCanMakeTheArgumentsItself) {
    auto handler = [](inject::Depends<four> n, inject::State<Settings> s) {
        return s->url + std::to_string(*n);
    };
    int n = 5;
    Settings settings{.url = "u"};
    EXPECT_EQ(handler(inject::Depends<four>{n}, inject::State<Settings>{settings}), "u5");
}

}  // namespace
