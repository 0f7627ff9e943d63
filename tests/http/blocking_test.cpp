// Handlers that block: on which thread what of them runs, and that nobody else waits for them.
#include <zigmund/http.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "running_server.hpp"
#include "served_app.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;
using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::Noted;
using zigmund::support::Notes;
using zigmund::support::ServedApp;

struct Session {
    int id = 7;
};
inject::Scoped<Session> get_session(inject::State<Notes*> notes, alloc::Allocator) {
    (*notes)->add("session");
    Session session;
    try {
        co_yield session;
        (*notes)->add("commit");
    } catch (...) {
        (*notes)->add("roll-back");
        throw;
    }
}

using Words = std::vector<std::string>;

class Blocking : public ServedApp {
  protected:
    Blocking() {
        app_->provide<Notes*>(&notes_);
        app_->get("/hello", [this] {
            notes_.add("hello");
            return http::Response::text("Hello, World!");
        });
        app_->get("/block", http::blocking([this](alloc::Allocator arena) {
                      begun_.release();
                      go_on_.acquire();
                      return http::Response::text(arena.dupe(std::string_view{"done"}));
                  }));
    }
    ~Blocking() override { running_.reset(); }

    std::counting_semaphore<> begun_{0};
    std::counting_semaphore<> go_on_{0};
};

constexpr std::string_view get_block = "GET /block HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(Blocking, OthersOfTheSameWorkerAreServedMeanwhile) {
    serve();
    HttpClient blocked = connect();
    blocked.send(get_block);
    begun_.acquire();
    HttpClient other = connect();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(other, "/hello").body, "Hello, World!");
    go_on_.release();
    EXPECT_EQ(blocked.receive().body, "done");
    EXPECT_EQ(ask(blocked, "/hello").status, 200);
}

TEST_F(Blocking, AllThatBelongsToItRunsOnThePoolAndInTheUsualOrder) {
    app_->get("/session", http::blocking(http::with_middleware(
                              [this](inject::Depends<get_session> session, http::BackgroundTasks& tasks,
                                     alloc::Allocator arena) {
                                  notes_.add("handler");
                                  tasks.add([this] { notes_.add("background"); });
                                  return http::Response::json(arena, session->id);
                              },
                              [this](http::Request& request, http::Next next) {
                                  notes_.add("inside");
                                  const http::Response response = next(request);
                                  EXPECT_EQ(response.status(), http::Status::ok);
                                  return response;
                              })));
    app_->use([this](http::Request& request, http::Next next) {
        notes_.add("outside");
        const http::Response response = next(request);
        if (request.path() == "/session") {
            EXPECT_NE(response.pending(), nullptr);
        }
        return response.then([this](const http::Response& there) {
            notes_.add("then");
            EXPECT_EQ(there.status(), http::Status::ok);
            return there;
        });
    });
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/session").body, "7");
    EXPECT_EQ(ask(client, "/hello").status, 200);  // of one connection: after all of the other
    EXPECT_EQ(notes_.all(), (Words{"outside", "inside", "session", "handler", "then", "background", "commit",
                                   "outside", "hello", "then"}));
    const std::thread::id worker = notes_.thread("hello");
    for (const char* on_worker : {"outside", "then"})
        EXPECT_EQ(notes_.thread(on_worker), worker) << on_worker;
    for (const char* on_pool : {"inside", "session", "handler", "background", "commit"})
        EXPECT_NE(notes_.thread(on_pool), worker) << on_pool;
}

TEST_F(Blocking, ItsExceptionsAreAnsweredAsThoseOfOthers) {
    app_->get("/throws", http::blocking([](inject::Depends<get_session>) -> int {
                  throw http::HttpError{http::Status::conflict};
              }));
    app_->on_status(http::Status::conflict, [] { return http::Response::text("taken"); });
    app_->get("/number/{n}", http::blocking([](http::Path<int, "n"> n) { return *n; }));
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/throws").body, "taken");
    EXPECT_EQ(notes_.all(), (Words{"session", "roll-back"}));
    EXPECT_EQ(ask(client, "/number/5").body, "5");
    EXPECT_EQ(ask(client, "/number/x").status, 422);
}

TEST_F(Blocking, WhatThePoolHasNoRoomForIsA503) {
    serve({.workers = 1, .blocking_threads = 1, .blocking_queue = 1});
    HttpClient running = connect();
    running.send(get_block);
    begun_.acquire();
    HttpClient queued = connect();
    queued.send(get_block);
    HttpClient other = connect();
    EXPECT_EQ(ask(other, "/hello").status, 200);  // the worker has seen the one above
    const HttpReply reply = ask(other, "/block");
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.body, R"({"detail":"Service Unavailable"})");
    EXPECT_EQ(ask(other, "/hello").status, 200);
    go_on_.release(2);
    EXPECT_EQ(running.receive().body, "done");
    EXPECT_EQ(queued.receive().body, "done");
}

TEST_F(Blocking, AClientThatLeavesDoesNotTakeTheRequestFromUnderItsHandler) {
    serve();
    for (int i = 0; i < 20; ++i) {
        HttpClient client = connect();
        client.send(get_block);
        begun_.acquire();
        client.close();
        HttpClient other = connect();
        EXPECT_EQ(ask(other, "/hello").status, 200);
        go_on_.release();
    }
}

TEST_F(Blocking, StopWaitsForItAndItsAnswerIsSent) {
    serve();
    HttpClient client = connect();
    client.send(get_block);
    begun_.acquire();
    running_->server().stop();
    go_on_.release();
    EXPECT_EQ(client.receive().body, "done");
    client.close();
    running_->join();
}

TEST_F(Blocking, StopNowHangsUpAtOnceAndWaitsForItAllTheSame) {
    serve();
    HttpClient client = connect();
    client.send(get_block);
    begun_.acquire();
    running_->server().stop_now();
    EXPECT_EQ(client.receive().body, "") << "while the handler blocks still";
    go_on_.release();
    running_->join();
}

TEST_F(Blocking, PipelinedAnswersKeepTheirOrder) {
    serve();
    HttpClient client = connect();
    const std::string hello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    client.send(hello + std::string{get_block} + hello + std::string{get_block} + hello);
    go_on_.release(2);
    for (const char* body : {"Hello, World!", "done", "Hello, World!", "done", "Hello, World!"})
        EXPECT_EQ(client.receive().body, body);
}

TEST_F(Blocking, MiddlewareHasDoneItsPartBeforeTheHandlerBegins) {
    app_->use([this](http::Request& request, http::Next next) {
        const http::Response response = next(request);
        notes_.add("outside");
        // The request's memory is the worker's still.
        for (int i = 0; i < 100; ++i) (void)request.allocator().alloc<char>(100);
        return response.then([](const http::Response& there) { return there; });
    });
    app_->use([this](http::Request& request, http::Next next) -> http::Task<http::Response> {
        const http::Response pending = next(request);
        co_await http::sleep_for(std::chrono::milliseconds{1});
        notes_.add("awaits");
        co_return co_await pending;
    });
    app_->get("/noted", http::blocking([this](alloc::Allocator arena) {
                  notes_.add("handler");
                  return http::Response::text(arena.dupe(std::string_view{"noted"}));
              }));
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/noted").body, "noted");
    EXPECT_EQ(notes_.all(), (Words{"outside", "awaits", "handler"}));
}

TEST_F(Blocking, ManyAtOnceFromSeveralWorkers) {
    app_->get("/double/{n}", http::blocking([](http::Path<int, "n"> n, alloc::Allocator arena) {
                  std::this_thread::yield();
                  return http::Response::json(arena,
                                              {{"n", *n * 2}, {"text", arena.dupe(std::string(2000, 'x'))}});
              }));
    serve({.workers = 2, .blocking_threads = 3});
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (int i = 0; i < 32; ++i) clients.push_back(std::make_unique<HttpClient>(running_->port()));
    for (int round = 0; round < 20; ++round) {
        for (std::size_t i = 0; i < clients.size(); ++i)
            clients[i]->send("GET /double/" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n");
        for (std::size_t i = 0; i < clients.size(); ++i)
            ASSERT_TRUE(clients[i]->receive().body.starts_with("{\"n\":" + std::to_string(2 * i) + ","));
    }
}

TEST_F(Blocking, ItBeginsWhenTheOutermostMiddlewareWaitsForIt) {
    app_->use([](http::Request& request, http::Next next) -> http::Task<http::Response> {
        co_return co_await next(request);
    });
    app_->use([this](http::Request& request, http::Next next) -> http::Task<http::Response> {
        const http::Response pending = next(request);
        for (int i = 0; i < 20; ++i) co_await http::sleep_for(std::chrono::milliseconds{1});
        notes_.add("outermost");
        co_return co_await pending;
    });
    app_->get("/noted", http::blocking([this] { notes_.add("handler"); }));
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/noted").status, 200);
    EXPECT_EQ(notes_.all(), (Words{"outermost", "handler"}));
}

/// A middleware whose first call, or whose second, waits for ever, and says on which thread it is ended.
auto wait_once(Notes& notes, bool first) {
    return [&notes, first, calls = std::make_shared<std::atomic<int>>(0)](
               http::Request& request, http::Next next) -> http::Task<http::Response> {
        if (request.path() == "/session" && (++*calls == 1) == first) {
            const Noted end{notes, "waiting ends"};
            co_await http::sleep_for(std::chrono::hours{1});
        }
        co_return co_await next(request);
    };
}

TEST_F(Blocking, WhatIsNotWaitedForEndsBeforeItBegins) {
    app_->get("/session", http::blocking([this](inject::Depends<get_session>) { notes_.add("handler"); }));
    app_->use(wait_once(notes_, true));
    app_->use([](http::Request& request, http::Next next) {
        (void)next(request);
        return next(request);
    });
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/session").status, 200);
    EXPECT_EQ(ask(client, "/hello").status, 200);
    EXPECT_EQ(notes_.wait(6), (Words{"waiting ends", "session", "handler", "commit", "hello", "hello"}));
    EXPECT_EQ(notes_.thread("waiting ends"), notes_.thread("hello"));
}

TEST_F(Blocking, WhatIsNotWaitedForEndsOnTheWorkerBeforeThePoolTearsDown) {
    app_->get("/session", http::blocking([this](inject::Depends<get_session>) { notes_.add("handler"); }));
    app_->use(wait_once(notes_, false));
    app_->use([](http::Request& request, http::Next next) -> http::Task<http::Response> {
        const http::Response response = co_await next(request);
        if (request.path() == "/session") (void)next(request);
        co_return response;
    });
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/session").status, 200);
    EXPECT_EQ(ask(client, "/hello").status, 200);
    EXPECT_EQ(notes_.wait(5), (Words{"session", "handler", "waiting ends", "commit", "hello"}));
    EXPECT_EQ(notes_.thread("waiting ends"), notes_.thread("hello"));
    EXPECT_NE(notes_.thread("commit"), notes_.thread("hello"));
}

TEST_F(Blocking, WhenTheClientLeavesItsDependenciesEndOnThePoolAfterTheHandler) {
    app_->get("/session", http::blocking([this](inject::Depends<get_session>) {
                  begun_.release();
                  go_on_.acquire();
                  notes_.add("handler");
              }));
    app_->use([this](http::Request& request, http::Next next) -> http::Task<http::Response> {
        const Noted end{notes_, "middleware ends"};
        co_return co_await next(request);
    });
    serve();
    HttpClient client = connect();
    client.send(get("/session"));
    begun_.acquire();
    client.close();
    HttpClient other = connect();
    EXPECT_EQ(ask(other, "/hello").status, 200);
    go_on_.release();
    EXPECT_EQ(notes_.wait(6),
              (Words{"session", "hello", "middleware ends", "handler", "middleware ends", "roll-back"}));
    for (const char* on_pool : {"handler", "roll-back"})
        EXPECT_NE(notes_.thread(on_pool), notes_.thread("hello")) << on_pool;
}

}  // namespace
