// The order of dependencies, response, background tasks and teardown, and what a failure does to it.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "http_client.hpp"
#include "in_process.hpp"
#include "running_server.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;

/// What happened, in order.
std::vector<std::string> journal;
std::map<std::string, std::string> state;

struct Depends : testing::Test {
    Depends() {
        journal.clear();
        state.clear();
    }
    http::App app{alloc::heap(), {}};
};

struct DependencyError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// ---- set-up and teardown around a handler (after FastAPI's test_dependency_contextmanager) ----

inject::Scoped<std::string> generator_state(alloc::Allocator) {
    state["generator"] = "started";
    co_yield state["generator"] + "!";
    state["generator"] = "completed";
}

inject::Scoped<std::string> generator_with_try(alloc::Allocator) {
    state["raise"] = "started";
    struct Finally {
        ~Finally() { state["raise"] = "finalized"; }
    } const finally;
    try {
        co_yield state["raise"] + "!";
    } catch (const DependencyError&) {
        state["seen"] = "yes";
        throw;
    }
}

struct ContextA {};
struct ContextB {};
inject::Scoped<ContextA> context_a(alloc::Allocator) {
    state["a"] = "started a";
    struct Finally {
        ~Finally() { state["a"] = "finished a"; }
    } const finally;
    co_yield ContextA{};
}
inject::Scoped<ContextB> context_b(inject::Depends<context_a>, alloc::Allocator) {
    state["b"] = "started b";
    struct Finally {
        ~Finally() { state["b"] = "finished b with a: " + state["a"]; }
    } const finally;
    co_yield ContextB{};
}

http::Response all_state(alloc::Allocator arena) {
    return http::Response::json(arena, {{"a", state["a"]}, {"b", state["b"]}, {"bg", state["bg"]}});
}

TEST_F(Depends, IsCompletedAfterTheResponse) {
    app.get("/", [](inject::Depends<generator_state> text) { return http::Response::text(*text); });
    EXPECT_EQ(test::get(app, "/").body, "started!");
    EXPECT_EQ(state["generator"], "completed");
}

TEST_F(Depends, AnExceptionOfTheHandlerReachesTheDependencyAndIsA500) {
    app.get("/raise", [](inject::Depends<generator_with_try> text) -> http::Response {
        EXPECT_EQ(*text, "started!");
        throw DependencyError{"mine"};
    });
    app.get("/other",
            [](inject::Depends<generator_with_try>) -> http::Response { throw std::runtime_error{"other"}; });
    testing::internal::CaptureStderr();
    const test::Answer answer = test::get(app, "/raise");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "zigmund: GET /raise: unhandled exception: mine\n");
    EXPECT_EQ(answer.line, "HTTP/1.1 500 Internal Server Error");
    EXPECT_EQ(answer.body, "Internal Server Error");
    EXPECT_EQ(state["raise"], "finalized");
    EXPECT_EQ(state["seen"], "yes");

    state.clear();
    testing::internal::CaptureStderr();
    EXPECT_EQ(test::get(app, "/other").line, "HTTP/1.1 500 Internal Server Error");
    testing::internal::GetCapturedStderr();
    EXPECT_EQ(state["raise"], "finalized");
    EXPECT_FALSE(state.contains("seen"));
}

TEST_F(Depends, OfAnotherEndsBeforeThatOne) {
    app.get("/", [](inject::Depends<context_b>, alloc::Allocator arena) { return all_state(arena); });
    app.get("/raise", [](inject::Depends<context_b>) -> http::Response {
        EXPECT_EQ(state["a"], "started a");
        EXPECT_EQ(state["b"], "started b");
        throw http::HttpError{http::Status::conflict};
    });
    EXPECT_EQ(test::get(app, "/").body, R"({"a":"started a","b":"started b","bg":""})");
    EXPECT_EQ(state["b"], "finished b with a: started a");
    EXPECT_EQ(state["a"], "finished a");

    state.clear();
    EXPECT_EQ(test::get(app, "/raise").body, R"({"detail":"Conflict"})");
    EXPECT_EQ(state["b"], "finished b with a: started a");
    EXPECT_EQ(state["a"], "finished a");
}

TEST_F(Depends, OutlivesTheBackgroundTasks) {
    app.get("/", [](inject::Depends<context_b>, http::BackgroundTasks& tasks, alloc::Allocator arena) {
        tasks.add([] { state["bg"] = "bg set - b: " + state["b"] + " - a: " + state["a"]; });
        return all_state(arena);
    });
    EXPECT_EQ(test::get(app, "/").body, R"({"a":"started a","b":"started b","bg":""})");
    EXPECT_EQ(state["bg"], "bg set - b: started b - a: started a");
    EXPECT_EQ(state["b"], "finished b with a: started a");
}

// ---- scopes (after FastAPI's test_dependency_yield_scope) ----

struct Session {
    const char* name = "";
    bool open = true;
};
// Flags that outlive the dependencies, for what is read when the response is written.
std::map<std::string, bool> is_open;

inject::Scoped<Session> session(alloc::Allocator) {
    is_open["session"] = true;
    co_yield Session{};
    is_open["session"] = false;
}
inject::Scoped<Session> named(inject::Depends<session, inject::FunctionScope>, alloc::Allocator) {
    is_open["named"] = true;
    co_yield Session{};
    is_open["named"] = false;
}
inject::Scoped<int> raise_after(alloc::Allocator) {
    co_yield 1;
    throw http::HttpError{http::Status::service_unavailable, "Exception after yield"};
}

/// What was open when the response left.
std::map<std::string, bool> open_at_the_send(const http::App& app, std::string_view path) {
    std::map<std::string, bool> at_the_send;
    test::ask(app, std::string{"GET "}.append(path).append(" HTTP/1.1\r\nHost: a\r\n\r\n"), alloc::heap(),
              [&] { at_the_send = is_open; });
    return at_the_send;
}

TEST_F(Depends, OfFunctionScopeIsClosedWhenTheResponseLeavesAndOthersAreOpen) {
    app.get("/function", [](inject::Depends<session, inject::FunctionScope>) { return http::Response{}; });
    app.get("/request", [](inject::Depends<session>) { return http::Response{}; });
    app.get("/named", [](inject::Depends<named, inject::FunctionScope>) { return http::Response{}; });
    EXPECT_FALSE(open_at_the_send(app, "/function")["session"]);
    EXPECT_TRUE(open_at_the_send(app, "/request")["session"]);
    EXPECT_FALSE(is_open["session"]);
    auto at_the_send = open_at_the_send(app, "/named");
    EXPECT_FALSE(at_the_send["named"]);
    EXPECT_FALSE(at_the_send["session"]);
}

TEST_F(Depends, OfFunctionScopeThatFailsAtItsEndChangesTheAnswer) {
    app.get("/function",
            [](inject::Depends<raise_after, inject::FunctionScope>) { return http::Response::text("ok"); });
    app.get("/request", [](inject::Depends<raise_after>) { return http::Response::text("ok"); });
    const test::Answer answer = test::get(app, "/function");
    EXPECT_EQ(answer.line, "HTTP/1.1 503 Service Unavailable");
    EXPECT_EQ(answer.body, R"({"detail":"Exception after yield"})");

    // After the response nothing changes it: it is a line on stderr.
    testing::internal::CaptureStderr();
    EXPECT_EQ(test::get(app, "/request").body, "ok");
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: GET /request: after the response: zigmund::http::HttpError\n");
}

// ---- exceptions ----

inject::Scoped<int> translating(alloc::Allocator) {
    try {
        co_yield 1;
    } catch (const std::out_of_range&) {
        throw http::HttpError{http::Status::not_found, "No such item"};
    } catch (const http::RequestValidationError&) {
        throw http::HttpError{http::Status::bad_request, "Bad"};
    }
}
inject::Scoped<int> swallowing(alloc::Allocator) {
    try {
        co_yield 1;
    } catch (...) {
        journal.emplace_back("swallowed");
    }
}

TEST_F(Depends, MayTranslateAnExceptionIntoAnAnswer) {
    app.get("/", [](inject::Depends<translating>) -> http::Response { throw std::out_of_range{"7"}; });
    const test::Answer answer = test::get(app, "/");
    EXPECT_EQ(answer.line, "HTTP/1.1 404 Not Found");
    EXPECT_EQ(answer.body, R"({"detail":"No such item"})");
}

TEST_F(Depends, ThatSwallowsTheExceptionIsA500) {
    app.get("/", [](inject::Depends<swallowing>) -> http::Response { throw std::out_of_range{"7"}; });
    testing::internal::CaptureStderr();
    const test::Answer answer = test::get(app, "/");
    EXPECT_EQ(answer.line, "HTTP/1.1 500 Internal Server Error");
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: GET /: unhandled exception: zigmund: a dependency caught an exception and threw "
              "nothing, so "
              "there is no answer: let it throw again\n");
    EXPECT_EQ(journal, std::vector<std::string>{"swallowed"});
}

TEST_F(Depends, ThatWasSetUpSeesTheRefusalOfTheParameters) {
    app.get("/translated/{id}",
            [](inject::Depends<translating>, http::Path<int, "id">) { return http::Response{}; });
    app.get("/{id}",
            [](inject::Depends<generator_with_try>, http::Path<int, "id">) { return http::Response{}; });
    EXPECT_EQ(test::get(app, "/translated/x").body, R"({"detail":"Bad"})");
    const test::Answer answer = test::get(app, "/x");
    EXPECT_EQ(answer.line, "HTTP/1.1 422 Unprocessable Entity");
    EXPECT_EQ(
        answer.body,
        R"({"detail":[{"type":"int_parsing","loc":["path","id"],"msg":"Input should be a valid integer, )"
        R"(unable to parse string as an integer","input":"x"}]})");
    EXPECT_EQ(state["raise"], "finalized");
}

// ---- parameters of dependencies ----

int first(http::Query<int, "a"> a) {
    journal.emplace_back("first");
    return a;
}
int second(inject::Depends<first> n, http::Query<int, "b"> b) { return *n + b; }
int sibling() {
    journal.emplace_back("sibling");
    return 0;
}

TEST_F(Depends, ErrorsOfDependenciesStandFirstAndAllOfThemAreCollected) {
    app.get("/{id}", [](http::Query<int, "c">, http::Path<int, "id">, inject::Depends<second>,
                        inject::Depends<sibling>, inject::Depends<first>) { return http::Response{}; });
    const std::string body = test::get(app, "/x?a=1a&b=1b&c=1c").body;
    std::vector<std::string> places;
    for (std::size_t at = 0; (at = body.find("\"loc\":", at)) != std::string::npos; ++at)
        places.push_back(body.substr(at + 6, body.find(']', at) - at - 5));
    // Of the handler itself in the order of the places; a dependency that two need is looked at once.
    EXPECT_EQ(places, (std::vector<std::string>{R"(["query","a"])", R"(["query","b"])", R"(["path","id"])",
                                                R"(["query","c"])"}));
    EXPECT_EQ(journal, std::vector<std::string>{"sibling"});
}

int of_body(http::Body<std::span<const int>> numbers) { return static_cast<int>(numbers->size()); }
int of_body_too(http::Body<std::span<const int>>) {
    journal.emplace_back("of_body_too");
    return 0;
}

TEST_F(Depends, WithAnErrorIsNotCalledHoweverManyThereAre) {
    app.post("/", [](inject::Depends<of_body>, inject::Depends<first>) { return http::Response{}; });
    std::string numbers = "[\"x\"";
    for (int i = 0; i < 150; ++i) numbers += ",\"x\"";
    EXPECT_EQ(test::post(app, "/", numbers + "]").line, "HTTP/1.1 422 Unprocessable Entity");
    EXPECT_TRUE(journal.empty());
}

TEST_F(Depends, WithABodyThatIsNoneIsNotCalledWhoeverSawItFirst) {
    app.post("/", [](inject::Depends<of_body>, inject::Depends<of_body_too>) { return http::Response{}; });
    EXPECT_EQ(test::post(app, "/", "[1").line, "HTTP/1.1 422 Unprocessable Entity");
    EXPECT_EQ(test::post(app, "/", "").line, "HTTP/1.1 422 Unprocessable Entity");
    EXPECT_TRUE(journal.empty());
    EXPECT_EQ(test::post(app, "/", "[1]").line, "HTTP/1.1 200 OK");
}

int of_path(http::Path<int, "user_id"> id) { return id; }

TEST_F(Depends, ThatAsksForAPartOfThePathIsCheckedAtRegistration) {
    EXPECT_THROW(app.get("/users/{id}", [](inject::Depends<of_path>) { return http::Response{}; }),
                 http::RouteError);
    app.get("/users/{user_id}", [](inject::Depends<of_path> id, alloc::Allocator arena) {
        return http::Response::json(arena, *id);
    });
    EXPECT_EQ(test::get(app, "/users/7").body, "7");
}

struct Page {
    http::Query<int, "skip", http::Default<0>> skip;
    http::Query<int, "limit", http::Default<100>> limit;
};

TEST_F(Depends, AClassIsFilledFromTheRequest) {
    app.get("/", [](inject::Depends<inject::make<Page>> page, alloc::Allocator arena) {
        return http::Response::json(arena, {{"skip", page->skip}, {"limit", page->limit}});
    });
    EXPECT_EQ(test::get(app, "/?limit=5").body, R"({"skip":0,"limit":5})");
}

// ---- overrides (after FastAPI's test_dependency_overrides) ----

struct Common {
    std::optional<std::string_view> q;
    int skip;
    int limit;
};
Common common(http::Query<std::string_view, "q"> q, http::Query<int, "skip", http::Default<0>> skip,
              http::Query<int, "limit", http::Default<100>> limit) {
    return {*q, *skip, *limit};
}
Common simple(http::Query<std::optional<std::string_view>, "q"> q) { return {*q, 5, 10}; }
std::string_view sub(http::Query<std::string_view, "k"> k) { return *k; }
Common with_sub(inject::Depends<sub> k) { return {*k, 0, 0}; }

std::string missing(std::string_view name) {
    return std::string{R"({"detail":[{"type":"missing","loc":["query",")"}.append(name).append(
        R"("],"msg":"Field required","input":null}]})");
}

TEST_F(Depends, CanBeOverriddenForTests) {
    app.get("/", [](inject::Depends<common> c, alloc::Allocator arena) {
        return http::Response::json(arena, {{"q", c->q}, {"skip", c->skip}, {"limit", c->limit}});
    });
    EXPECT_EQ(test::get(app, "/").body, missing("q"));
    EXPECT_EQ(test::get(app, "/?q=foo&skip=100&limit=200").body, R"({"q":"foo","skip":100,"limit":200})");

    app.override<common>(simple);
    EXPECT_EQ(test::get(app, "/").body, R"({"q":null,"skip":5,"limit":10})");
    EXPECT_EQ(test::get(app, "/?q=foo&skip=100&limit=200").body, R"({"q":"foo","skip":5,"limit":10})");

    app.override<common>(with_sub);
    EXPECT_EQ(test::get(app, "/?q=foo").body, missing("k"));
    EXPECT_EQ(test::get(app, "/?k=bar").body, R"({"q":"bar","skip":0,"limit":0})");

    app.clear_overrides();
    EXPECT_EQ(test::get(app, "/?q=foo").body, R"({"q":"foo","skip":0,"limit":100})");
}

// ---- background tasks ----

TEST_F(Depends, TasksRunInTheirOrderWithCopiesOfTheirArguments) {
    app.get("/", [](http::BackgroundTasks& tasks) {
        std::string text = "one";
        tasks.add([](const std::string& copy, int n) { journal.push_back(copy + std::to_string(n)); }, text,
                  7);
        text = "two";
        tasks.add([owned = std::make_unique<std::string>(text)] { journal.push_back(*owned); });
        journal.emplace_back("handler");
        return http::Response{};
    });
    test::ask(app, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", alloc::heap(), [] { journal.emplace_back("sent"); });
    EXPECT_EQ(journal, (std::vector<std::string>{"handler", "sent", "one7", "two"}));
}

inject::Scoped<int> noting(alloc::Allocator) {
    try {
        co_yield 1;
        journal.emplace_back("commit");
    } catch (...) {
        journal.emplace_back("rollback");
        throw;
    }
}

TEST_F(Depends, ATaskThatThrowsDropsTheRestAndFailsTheDependencies) {
    app.get("/", [](inject::Depends<noting>, http::BackgroundTasks& tasks) {
        tasks.add([] { journal.emplace_back("first"); });
        tasks.add([] { throw std::runtime_error{"no mail"}; });
        tasks.add([guard = std::make_shared<int>(1)] { journal.emplace_back("third"); });
        return http::Response::text("ok");
    });
    testing::internal::CaptureStderr();
    EXPECT_EQ(test::get(app, "/").body, "ok");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "zigmund: GET /: after the response: no mail\n");
    EXPECT_EQ(journal, (std::vector<std::string>{"first", "rollback"}));
}

TEST_F(Depends, TasksOfAFailedRequestAreDropped) {
    app.get("/", [](http::BackgroundTasks& tasks) -> http::Response {
        tasks.add([guard = std::make_shared<int>(1)] { journal.emplace_back("task"); });
        throw http::HttpError{http::Status::conflict};
    });
    EXPECT_EQ(test::get(app, "/").line, "HTTP/1.1 409 Conflict");
    EXPECT_TRUE(journal.empty());
}

int adding(http::BackgroundTasks& tasks) {
    tasks.add([] { journal.emplace_back("of the dependency"); });
    return 1;
}

TEST_F(Depends, TasksOfADependencyRunInTheSameRow) {
    app.get("/", [](http::BackgroundTasks& tasks, inject::Depends<adding>, inject::Depends<noting>) {
        tasks.add([] { journal.emplace_back("of the handler"); });
    });
    EXPECT_EQ(test::get(app, "/").body, "null");
    EXPECT_EQ(journal, (std::vector<std::string>{"of the dependency", "of the handler", "commit"}));
}

TEST_F(Depends, AnAnswerThatIsReturnedIsNoFailureWhateverItsStatus) {
    app.get("/", [](inject::Depends<noting>, http::BackgroundTasks& tasks) {
        tasks.add([] { journal.emplace_back("task"); });
        return http::Response::text("no").with_status(http::Status::conflict);
    });
    EXPECT_EQ(test::get(app, "/").line, "HTTP/1.1 409 Conflict");
    EXPECT_EQ(journal, (std::vector<std::string>{"task", "commit"}));
}

TEST_F(Depends, OfARequestIsOpenWhileTheAnswerIsMadeAndOneOfFunctionScopeIsNot) {
    app.get("/", [](inject::Depends<noting>, inject::Depends<session, inject::FunctionScope>,
                    http::BackgroundTasks& tasks, alloc::Allocator arena) {
        tasks.add([] { journal.emplace_back("task"); });
        return http::Response::stream(arena, [n = 0](http::StreamWriter& out) mutable {
            journal.emplace_back(is_open["session"] ? "piece, open" : "piece");
            out.write("x");
            return ++n == 2 ? http::Produced::end : http::Produced::more;
        });
    });
    test::ask(app, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", alloc::heap(), [] { journal.emplace_back("sent"); });
    EXPECT_EQ(journal, (std::vector<std::string>{"piece", "piece", "sent", "task", "commit"}));
}

// ---- lifespan ----

struct Settings {
    std::string url;
};
inject::Scoped<std::string> pool(inject::State<Settings> settings, alloc::Allocator) {
    journal.push_back("open " + settings->url);
    co_yield "pool of " + settings->url;
    journal.emplace_back("close");
}

TEST(Lifespan, StateIsThereFromStartupToShutdownAndComesFromTheAppsAllocator) {
    journal.clear();
    alloc::GeneralPurposeAllocator gpa{{.name = "application"}};
    {
        http::App app{gpa.allocator(), {}};
        app.provide<Settings>("db");
        app.on_startup([](inject::Depends<pool, inject::AppScope>) { journal.emplace_back("startup"); });
        app.on_shutdown([] { journal.emplace_back("shutdown"); });
        app.get("/", [](inject::Depends<pool, inject::AppScope> p) { return http::Response::text(*p); });

        testing::internal::CaptureStderr();
        EXPECT_EQ(test::get(app, "/").line, "HTTP/1.1 500 Internal Server Error");
        EXPECT_NE(testing::internal::GetCapturedStderr().find("it has not started"), std::string::npos);

        app.startup();
        app.startup();
        EXPECT_EQ(test::get(app, "/").body, "pool of db");
        app.shutdown();
        EXPECT_EQ(test::get(app, "/").body, "pool of db");
        app.shutdown();
        EXPECT_EQ(journal, (std::vector<std::string>{"open db", "startup", "shutdown", "close"}));
        app.startup();  // the destructor ends it
    }
    EXPECT_EQ(journal.back(), "close");
    EXPECT_EQ(gpa.deinit(), alloc::LeakCheck::ok);
}

// ---- through a socket ----

TEST_F(Depends, OnASocketTheOrderIsResponseTasksTeardown) {
    app.provide<Settings>("db");
    app.get("/", [](inject::Depends<noting>, inject::Depends<pool, inject::AppScope>,
                    http::BackgroundTasks& tasks, alloc::Allocator arena) {
        const std::string_view kept = arena.dupe("kept");
        // A client that has its answer, and waits for the next, has seen all that came before.
        tasks.add([kept] { journal.push_back("task " + std::string{kept}); });
        journal.emplace_back("handler");
        return http::Response::text("ok");
    });
    {
        zigmund::support::RunningServer running{app};
        zigmund::support::HttpClient client{running.port()};
        EXPECT_EQ(client.request("GET / HTTP/1.1\r\nHost: x\r\n\r\n").body, "ok");
        EXPECT_EQ(client.request("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").body, "ok");
        EXPECT_TRUE(client.closed());
    }
    EXPECT_EQ(journal, (std::vector<std::string>{"open db", "handler", "task kept", "commit", "handler",
                                                 "task kept", "commit", "close"}));
}

TEST_F(Depends, OnASocketTasksFollowTheResponseThoughAnotherRequestWaits) {
    std::atomic<bool> received = false;
    app.get("/", [&received](http::BackgroundTasks& tasks) {
        tasks.add([&received] { received.wait(false); });
        return http::Response::text("ok");
    });
    zigmund::support::RunningServer running{app};
    zigmund::support::HttpClient client{running.port()};
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.receive().body, "ok");  // or it would wait for the task, which waits for it
    received = true;
    received.notify_all();
    EXPECT_EQ(client.receive().body, "ok");
}

TEST_F(Depends, AClientThatLeavesBeforeItsAnswerIsTornDownToo) {
    app.get("/", [](inject::Depends<noting>, http::BackgroundTasks& tasks, alloc::Allocator arena) {
        tasks.add([] { journal.emplace_back("task"); });
        // More than the socket's buffers take while nobody reads.
        const std::span<char> text = arena.alloc<char>(std::size_t{64} << 20);
        std::memset(text.data(), 'x', text.size());
        return http::Response::text(std::string_view{text.data(), text.size()});
    });
    {
        zigmund::support::RunningServer running{app};
        {
            zigmund::support::HttpClient client{running.port()};
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            char byte = 0;
            EXPECT_EQ(::recv(client.descriptor(), &byte, 1, 0), 1);
        }
    }
    EXPECT_EQ(journal, (std::vector<std::string>{"task", "commit"}));
}

}  // namespace
