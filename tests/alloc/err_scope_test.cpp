#include <zigmund/alloc/defer.hpp>
#include <zigmund/alloc/err_scope.hpp>
#include <zigmund/alloc/errdefer.hpp>
#include <zigmund/alloc/error.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/try.hpp>

#include <gtest/gtest.h>

#include <coroutine>
#include <exception>
#include <expected>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace {

using namespace zigmund::alloc;

// What happened, in order.
struct Log {
    std::string text;
    void operator()(char c) { text += c; }
};

// A local whose destructor is one of the things that happen.
struct Local {
    Log& log;
    char name;
    Local(Log& l, char n) : log{l}, name{n} {}
    Local(const Local&) = delete;
    Local& operator=(const Local&) = delete;
    ~Local() { log(name); }
};

Result<int> give(bool success) {
    if (!success) return std::unexpected(Error::out_of_memory);
    return 7;
}
Result<void> check(bool success) {
    if (!success) return std::unexpected(Error::out_of_memory);
    return {};
}

// ---- defer ----

TEST(Defer, RunsOnEveryWayOutLastInFirstOutAmongTheOtherLocals) {
    Log log;
    const auto leave = [&](int way) {
        const Local a{log, 'a'};
        const auto one = defer([&] { log('1'); });
        const Local b{log, 'b'};
        const auto two = defer([&] { log('2'); });
        if (way == 1) return;
        if (way == 2) throw std::runtime_error("out");
    };
    leave(0);
    EXPECT_EQ(std::exchange(log.text, ""), "2b1a");
    leave(1);
    EXPECT_EQ(std::exchange(log.text, ""), "2b1a");
    EXPECT_THROW(leave(2), std::runtime_error);
    EXPECT_EQ(log.text, "2b1a");
}

TEST(Defer, DismissedDoesNothing) {
    Log log;
    {
        auto guard = defer([&] { log('x'); });
        guard.dismiss();
    }
    EXPECT_EQ(log.text, "");
}

TEST(Defer, RunsOncePerPassOfALoop) {
    int left = 0;
    for (int i = 0; i < 5; ++i) {
        const auto guard = defer([&] { ++left; });
        if (i % 2 == 0) continue;
        if (i == 3) break;
    }
    EXPECT_EQ(left, 4);
}

TEST(Defer, SeesReferencesAsTheyAreAndValuesAsTheyWere) {
    int by_reference = 0;
    int by_value = 0;
    {
        int n = 1;
        const auto one = defer([&] { by_reference = n; });
        const auto two = defer([&, n] { by_value = n; });
        n = 2;
    }
    EXPECT_EQ(by_reference, 2);
    EXPECT_EQ(by_value, 1);
}

TEST(Defer, TakesWhateverIsCalledWithoutArguments) {
    static int calls = 0;
    struct Action {
        int operator()() noexcept { return ++calls; }
    };
    void (*function)() = [] { ++calls; };
    {
        const auto one = defer(function);
        const auto two = defer(Action{});
        Action named;
        const auto three = defer(named);
        const auto four = defer([owned = std::make_unique<int>(1)] { calls += *owned; });
    }
    EXPECT_EQ(calls, 4);
}

TEST(Defer, WorksInConstantExpressions) {
    constexpr int n = [] {
        int left = 0;
        {
            const auto guard = defer([&] { left = 3; });
        }
        return left;
    }();
    static_assert(n == 3);
}

using GuardDeathTest = testing::Test;

TEST(GuardDeathTest, AnActionThatThrowsEndsTheProgram) {
    EXPECT_DEATH(
        { const auto guard = defer([] { throw std::runtime_error("from the action"); }); },
        "from the action");
    EXPECT_DEATH(
        {
            ErrScope scope;
            const auto guard = scope.errdefer([] { throw std::runtime_error("from the action"); });
            scope.fail();
        },
        "from the action");
    EXPECT_DEATH(
        {
            try {
                const auto guard = errdefer([] { throw std::runtime_error("from the action"); });
                throw 1;
            } catch (int) {
            }
        },
        "from the action");
}

// ---- errdefer ----

TEST(Errdefer, RunsOnAnExceptionOnly) {
    Log log;
    const auto leave = [&](int way) {
        const auto undo = errdefer([&] { log('u'); });
        if (way == 1) return;
        if (way == 2) throw std::runtime_error("out");
    };
    leave(0);
    leave(1);
    EXPECT_EQ(log.text, "");
    EXPECT_THROW(leave(2), std::runtime_error);
    EXPECT_EQ(log.text, "u");
}

TEST(Errdefer, RunsLastInFirstOutAmongTheOtherLocals) {
    Log log;
    const auto leave = [&] {
        const Local a{log, 'a'};
        const auto one = errdefer([&] { log('1'); });
        const Local b{log, 'b'};
        const auto two = errdefer([&] { log('2'); });
        throw std::runtime_error("out");
    };
    EXPECT_THROW(leave(), std::runtime_error);
    EXPECT_EQ(log.text, "2b1a");
}

TEST(Errdefer, InsideACatchHandlerKnowsItsOwnExceptionFromTheOneThatIsHandled) {
    Log log;
    try {
        throw std::runtime_error("first");
    } catch (const std::exception&) {
        {
            const auto undo = errdefer([&] { log('n'); });
        }
        try {
            const auto undo = errdefer([&] { log('u'); });
            throw std::runtime_error("second");
        } catch (const std::exception&) {
        }
        try {
            const auto undo = errdefer([&] { log('r'); });
            throw;
        } catch (const std::exception&) {
        }
    }
    EXPECT_EQ(log.text, "ur");
}

// Uses guards while an exception is on its way that is none of theirs.
struct CleansUp {
    Log& log;
    explicit CleansUp(Log& l) : log{l} {}
    CleansUp(const CleansUp&) = delete;
    CleansUp& operator=(const CleansUp&) = delete;
    ~CleansUp() {
        {
            const auto undo = errdefer([this] { log('n'); });
        }
        {
            ErrScope scope;
            const auto undo = scope.errdefer([this] { log('m'); });
            scope.ok();
        }
        try {
            const auto undo = errdefer([this] { log('e'); });
            ErrScope scope;
            const auto undo_too = scope.errdefer([this] { log('s'); });
            throw 1;
        } catch (int) {
        }
    }
};

TEST(Errdefer, InsideADestructorKnowsItsOwnExceptionFromTheOneOnItsWay) {
    Log log;
    try {
        const CleansUp cleans_up{log};
        throw std::runtime_error("out");
    } catch (const std::exception&) {
        EXPECT_EQ(log.text, "se");
    }
}

TEST(Errdefer, DismissedDoesNothing) {
    Log log;
    try {
        auto undo = errdefer([&] { log('u'); });
        undo.dismiss();
        throw 1;
    } catch (int) {
    }
    EXPECT_EQ(log.text, "");
}

// ---- ErrScope ----

struct Resource {
    bool inits = true;
    Result<void> init() { return check(inits); }
};

// Counts what is live.
class Counting final : public zigmund::alloc::Resource {
  public:
    int live = 0;

  private:
    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        void* p = heap().try_allocate(size, align);
        live += p != nullptr;
        return p;
    }
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        --live;
        heap().deallocate(p, size, align);
    }
};

// The text of the design.
Result<::Resource*> create_resource(Allocator a, bool inits) {
    ErrScope scope;
    auto* res = ZIGMUND_TRY(a.try_create<::Resource>(inits));
    auto undo = scope.errdefer([&] { a.destroy(res); });
    ZIGMUND_TRY(res->init());
    return scope.ok(res);
}

TEST(ErrScope, UndoesOnTheErrorAndNotOnSuccess) {
    Counting counting;
    const Allocator a = counting;
    auto failed = create_resource(a, false);
    EXPECT_EQ(failed, std::unexpected(Error::out_of_memory));
    EXPECT_EQ(counting.live, 0);
    auto created = create_resource(a, true);
    ASSERT_TRUE(created.has_value());
    EXPECT_EQ(counting.live, 1);
    a.destroy(*created);
    EXPECT_EQ(counting.live, 0);
}

TEST(ErrScope, UndoesOnEveryWayOutButOk) {
    Log log;
    const auto leave = [&](int way) -> Result<int> {
        ErrScope scope;
        const Local a{log, 'a'};
        const auto one = scope.errdefer([&] { log('1'); });
        const Local b{log, 'b'};
        const auto two = scope.errdefer([&] { log('2'); });
        switch (way) {
            case 0:
                return scope.ok(3);
            case 1:
                return scope.fail(Error::out_of_memory);
            case 2:
                return ZIGMUND_TRY(give(false));
            case 3:
                throw std::runtime_error("out");
            case 4:
                return scope.ok(give(false));
            case 5:
                return scope.ok(give(true));
            default:
                scope.fail();
                return std::unexpected(Error::out_of_memory);
        }
    };
    EXPECT_EQ(leave(0), 3);
    EXPECT_EQ(std::exchange(log.text, ""), "ba");
    for (const int way : {1, 2, 4, 6}) {
        EXPECT_EQ(leave(way), std::unexpected(Error::out_of_memory));
        EXPECT_EQ(std::exchange(log.text, ""), "2b1a");
    }
    EXPECT_THROW((void)leave(3), std::runtime_error);
    EXPECT_EQ(std::exchange(log.text, ""), "2b1a");
    EXPECT_EQ(leave(5), 7);
    EXPECT_EQ(std::exchange(log.text, ""), "ba");
}

// Runs a scope that returns what ok() makes of `value`; true when it undid.
template <class R, class T>
bool undoes(T&& value) {
    bool undone = false;
    [&]() -> R {
        ErrScope scope;
        const auto undo = scope.errdefer([&] { undone = true; });
        return scope.ok(std::forward<T>(value));
    }();
    return undone;
}

TEST(ErrScope, OkReadsFailureFromEachKindOfResult) {
    int n = 0;
    EXPECT_FALSE(undoes<int>(0));
    EXPECT_FALSE(undoes<int>(-1));
    EXPECT_FALSE(undoes<std::string>("text"));
    EXPECT_FALSE(undoes<const char*>("text"));

    EXPECT_FALSE(undoes<bool>(true));
    EXPECT_TRUE(undoes<bool>(false));

    EXPECT_FALSE(undoes<int*>(&n));
    EXPECT_TRUE(undoes<int*>(static_cast<int*>(nullptr)));
    EXPECT_TRUE(undoes<int*>(nullptr));
    EXPECT_FALSE(undoes<std::unique_ptr<int>>(std::make_unique<int>(1)));
    EXPECT_TRUE(undoes<std::unique_ptr<int>>(std::unique_ptr<int>{}));

    EXPECT_FALSE(undoes<std::optional<bool>>(std::optional{false}));
    EXPECT_TRUE(undoes<std::optional<bool>>(std::optional<bool>{}));
    EXPECT_FALSE((undoes<std::expected<bool, int>>(std::expected<bool, int>{false})));
    EXPECT_TRUE((undoes<std::expected<bool, int>>(std::expected<bool, int>{std::unexpected(0)})));
    EXPECT_FALSE((undoes<Result<int*>>(Result<int*>{nullptr})));
    EXPECT_FALSE(undoes<Result<void>>(check(true)));
    EXPECT_TRUE(undoes<Result<void>>(check(false)));

    // The truth of an error code is an error, the truth of a result is a success.
    EXPECT_FALSE(undoes<std::error_code>(std::error_code{}));
    EXPECT_TRUE(undoes<std::error_code>(std::make_error_code(std::errc::io_error)));
    EXPECT_FALSE(undoes<std::error_condition>(std::error_condition{}));
    EXPECT_TRUE(undoes<std::error_condition>(std::make_error_condition(std::errc::io_error)));
    EXPECT_FALSE(undoes<std::errc>(std::errc{}));
    EXPECT_TRUE(undoes<std::errc>(std::errc::io_error));
}

TEST(ErrScope, OkWithoutAValueIsForVoid) {
    Log log;
    const auto returns_void = [&](bool success) {
        ErrScope scope;
        const auto undo = scope.errdefer([&] { log('v'); });
        if (!success) return scope.fail();
        scope.ok();
    };
    const auto returns_expected = [&](bool success) -> std::expected<void, std::string> {
        ErrScope scope;
        const auto undo = scope.errdefer([&] { log('e'); });
        if (!success) return scope.fail("no");
        return scope.ok();
    };
    returns_void(true);
    EXPECT_TRUE(returns_expected(true).has_value());
    EXPECT_EQ(log.text, "");
    returns_void(false);
    EXPECT_EQ(returns_expected(false).error(), "no");
    EXPECT_EQ(log.text, "ve");
}

TEST(ErrScope, OkPassesOnWhatItWasGiven) {
    ErrScope scope;
    auto owned = std::make_unique<int>(4);
    int* const address = owned.get();
    static_assert(std::is_same_v<decltype(scope.ok(owned)), std::unique_ptr<int>&>);
    static_assert(std::is_same_v<decltype(scope.ok(std::move(owned))), std::unique_ptr<int>>);
    EXPECT_EQ(&scope.ok(owned), &owned);
    const std::unique_ptr<int> moved = scope.ok(std::move(owned));
    EXPECT_EQ(moved.get(), address);
}

// Becomes a return value only if asked nicely.
struct ThrowsWhenBuilt {
    ThrowsWhenBuilt(int n) {
        if (n != 0) throw std::runtime_error("no return value");
    }
};

TEST(ErrScope, UndoesWhenTheReturnValueCannotBeBuiltAfterOk) {
    Log log;
    const auto leave = [&](int n) -> std::expected<ThrowsWhenBuilt, Error> {
        ErrScope scope;
        const auto undo = scope.errdefer([&] { log('u'); });
        return scope.ok(n);
    };
    EXPECT_TRUE(leave(0).has_value());
    EXPECT_EQ(log.text, "");
    EXPECT_THROW((void)leave(1), std::runtime_error);
    EXPECT_EQ(log.text, "u");
}

TEST(ErrScope, AMovedFromExpectedStillSaysWhatItWas) {
    Log log;
    const auto leave =
        [&](std::expected<std::string, std::string> r) -> std::expected<std::string, std::string> {
        ErrScope scope;
        const auto undo = scope.errdefer([&] { log('u'); });
        const auto stolen = std::move(r);
        return scope.ok(std::move(r));
    };
    EXPECT_TRUE(leave("value").has_value());
    EXPECT_EQ(log.text, "");
    EXPECT_FALSE(leave(std::unexpected("error")).has_value());
    EXPECT_EQ(log.text, "u");
}

TEST(ErrScope, ScopesNest) {
    Log log;
    const auto leave = [&](bool inner_succeeds, bool outer_succeeds) -> Result<int> {
        ErrScope outer;
        const auto undo_outer = outer.errdefer([&] { log('o'); });
        const auto inner_value = [&]() -> Result<int> {
            ErrScope inner;
            const auto undo_inner = inner.errdefer([&] { log('i'); });
            const int n = ZIGMUND_TRY(give(inner_succeeds));
            return inner.ok(n);
        }();
        ZIGMUND_TRY(check(outer_succeeds));
        return outer.ok(inner_value.value_or(0));
    };
    EXPECT_EQ(leave(true, true), 7);
    EXPECT_EQ(std::exchange(log.text, ""), "");
    EXPECT_EQ(leave(false, true), 0);
    EXPECT_EQ(std::exchange(log.text, ""), "i");
    EXPECT_FALSE(leave(true, false).has_value());
    EXPECT_EQ(std::exchange(log.text, ""), "o");
    EXPECT_FALSE(leave(false, false).has_value());
    EXPECT_EQ(std::exchange(log.text, ""), "io");
}

TEST(ErrScope, InACatchHandlerFailsByItsOwnExceptionOnly) {
    Log log;
    const auto leave = [&](bool rethrows) -> Result<int> {
        try {
            throw std::runtime_error("first");
        } catch (const std::exception&) {
            ErrScope scope;
            const auto undo = scope.errdefer([&] { log('u'); });
            if (rethrows) throw;
            return scope.ok(1);
        }
    };
    EXPECT_EQ(leave(false), 1);
    EXPECT_EQ(log.text, "");
    EXPECT_THROW((void)leave(true), std::runtime_error);
    EXPECT_EQ(log.text, "u");
}

TEST(ErrScope, DismissedGuardsStayQuietAndTheOthersRun) {
    Log log;
    {
        ErrScope scope;
        const auto one = scope.errdefer([&] { log('1'); });
        auto two = scope.errdefer([&] { log('2'); });
        const auto three = scope.errdefer([&] { log('3'); });
        two.dismiss();
        scope.fail();
    }
    EXPECT_EQ(log.text, "31");
}

TEST(ErrScope, TheLastWordCounts) {
    Log log;
    {
        ErrScope scope;
        const auto undo = scope.errdefer([&] { log('f'); });
        scope.ok();
        scope.fail();
    }
    {
        ErrScope scope;
        const auto undo = scope.errdefer([&] { log('s'); });
        scope.fail();
        scope.ok();
    }
    EXPECT_EQ(log.text, "f");
}

// A coroutine that waits once and then returns a Result.
struct Waiting {
    struct promise_type {
        Result<int> result = std::unexpected(Error::out_of_memory);
        Waiting get_return_object() {
            return Waiting{std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_value(Result<int> r) { result = r; }
        void unhandled_exception() { result = -1; }
    };
    std::coroutine_handle<promise_type> handle;
};

Waiting wait_and_leave(Log& log, int way) {
    ErrScope scope;
    const auto undo = scope.errdefer([&] { log('u'); });
    co_await std::suspend_always{};
    if (way == 1) co_return scope.fail(Error::out_of_memory);
    if (way == 2) throw std::runtime_error("out");
    co_return scope.ok(3);
}

TEST(ErrScope, InACoroutineOutlivesItsSuspensions) {
    const auto run = [](int way, bool resume) {
        Log log;
        const Waiting waiting = wait_and_leave(log, way);
        EXPECT_EQ(log.text, "");
        if (resume) waiting.handle.resume();
        const std::string text = log.text + ',' + std::to_string(waiting.handle.promise().result.value_or(0));
        waiting.handle.destroy();
        return text + ',' + log.text;
    };
    EXPECT_EQ(run(0, true), ",3,");
    EXPECT_EQ(run(1, true), "u,0,u");
    EXPECT_EQ(run(2, true), "u,-1,u");
    // Destroyed while it waits: it has not succeeded.
    EXPECT_EQ(run(0, false), ",0,u");
}

// ---- ZIGMUND_TRY ----

TEST(Try, GivesTheValueOrReturnsTheError) {
    const auto twice = [](bool success) -> Result<int> { return 2 * ZIGMUND_TRY(give(success)); };
    EXPECT_EQ(twice(true), 14);
    EXPECT_EQ(twice(false), std::unexpected(Error::out_of_memory));
}

TEST(Try, IsAStatementForAnExpectedOfVoid) {
    int passed = 0;
    const auto run = [&](bool success) -> Result<void> {
        ZIGMUND_TRY(check(success));
        ++passed;
        return {};
    };
    EXPECT_TRUE(run(true).has_value());
    EXPECT_FALSE(run(false).has_value());
    EXPECT_EQ(passed, 1);
}

TEST(Try, MovesOutOfTemporariesAndCopiesVariables) {
    using Owned = std::expected<std::unique_ptr<int>, Error>;
    const auto from_temporary = []() -> Result<int> {
        const auto p = ZIGMUND_TRY(Owned{std::make_unique<int>(5)});
        return *p;
    };
    EXPECT_EQ(from_temporary(), 5);

    const auto from_variable = []() -> Result<std::string> {
        Result<std::string> r{"a text that is too long for the small buffer of a string"};
        const std::string copy = ZIGMUND_TRY(r);
        EXPECT_EQ(copy, *r);
        return ZIGMUND_TRY(std::move(r));
    };
    EXPECT_EQ(from_variable()->size(), 56u);
}

TEST(Try, TheErrorIsConvertedToTheFunctions) {
    const auto run = []() -> std::expected<int, std::string> {
        const std::expected<int, const char*> r{std::unexpected("why")};
        return ZIGMUND_TRY(r);
    };
    EXPECT_EQ(run(), std::unexpected(std::string("why")));
}

TEST(Try, TakesExpressionsWithCommasAndItself) {
    const auto half = [](int n) -> Result<int> {
        if (n % 2 != 0) return std::unexpected(Error::out_of_memory);
        return n / 2;
    };
    const auto quarter = [&](int n) -> Result<int> { return ZIGMUND_TRY(half(ZIGMUND_TRY(half(n)))); };
    EXPECT_EQ(quarter(12), 3);
    EXPECT_FALSE(quarter(6).has_value());
    EXPECT_FALSE(quarter(3).has_value());
    const auto commas = []() -> Result<int> { return ZIGMUND_TRY(std::expected<int, Error>{3}); };
    EXPECT_EQ(commas(), 3);
}

TEST(Try, DestroysTheLocalsAndTheTemporariesOnTheEarlyReturn) {
    Log log;
    const auto size = [](const Local&, bool success) { return give(success); };
    const auto run = [&](bool success) -> Result<int> {
        const Local a{log, 'a'};
        const int n = ZIGMUND_TRY(size(Local{log, 't'}, success));
        log('n');
        return n;
    };
    EXPECT_TRUE(run(true).has_value());
    EXPECT_EQ(std::exchange(log.text, ""), "tna");
    EXPECT_FALSE(run(false).has_value());
    EXPECT_EQ(log.text, "ta");
}

}  // namespace
