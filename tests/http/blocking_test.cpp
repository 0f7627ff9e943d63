// Handlers that block: on which thread what of them runs, and that nobody else waits for them.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <latch>
#include <memory>
#include <mutex>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "http_client.hpp"
#include "running_server.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;
using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::RunningServer;

class Threads {
  public:
    void note(const char* what) {
        const std::lock_guard lock{mutex_};
        notes_.emplace_back(what, std::this_thread::get_id());
    }
    /// The thread that noted it.
    std::thread::id of(std::string_view what) {
        const std::lock_guard lock{mutex_};
        for (const auto& [name, thread] : notes_)
            if (name == what) return thread;
        return {};
    }
    std::string order() {
        const std::lock_guard lock{mutex_};
        std::string all;
        for (const auto& [name, thread] : notes_) all.append(name).append(" ");
        return all;
    }

  private:
    std::mutex mutex_;
    std::vector<std::pair<std::string, std::thread::id>> notes_;
};

struct Session {
    int id = 7;
};
inject::Scoped<Session> get_session(inject::State<Threads*> threads, alloc::Allocator) {
    (*threads)->note("session");
    Session session;
    try {
        co_yield session;
        (*threads)->note("commit");
    } catch (...) {
        (*threads)->note("roll-back");
        throw;
    }
}

class Blocking : public testing::Test {
  protected:
    Blocking() {
        app_->provide<Threads*>(&threads_);
        app_->get("/hello", [this] {
            threads_.note("hello");
            return http::Response::text("Hello, World!");
        });
        app_->get("/block", http::blocking([this](alloc::Allocator arena) {
                      begun_.release();
                      go_on_.acquire();
                      return http::Response::text(arena.dupe(std::string_view{"done"}));
                  }));
    }
    ~Blocking() override {
        running_.reset();
        app_.reset();
        EXPECT_EQ(gpa_.deinit(), alloc::LeakCheck::ok);
    }
    void serve(http::ServeOptions options = {.workers = 1}) {
        running_ = std::make_unique<RunningServer>(*app_, options);
    }
    [[nodiscard]] HttpClient connect() const { return HttpClient{running_->port()}; }
    HttpReply ask(HttpClient& client, std::string_view path) {
        return client.request(std::string{"GET "}.append(path).append(" HTTP/1.1\r\nHost: x\r\n\r\n"));
    }

    Threads threads_;
    std::counting_semaphore<> begun_{0};
    std::counting_semaphore<> go_on_{0};
    alloc::GeneralPurposeAllocator gpa_{{.tier = alloc::Tier::traced, .name = "test"}};
    std::unique_ptr<http::App> app_ = std::make_unique<http::App>(gpa_.allocator(), http::AppInfo{});
    std::unique_ptr<RunningServer> running_;
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
                                  threads_.note("handler");
                                  tasks.add([this] { threads_.note("background"); });
                                  return http::Response::json(arena, session->id);
                              },
                              [this](http::Request& request, http::Next next) {
                                  threads_.note("inside");
                                  const http::Response response = next(request);
                                  EXPECT_EQ(response.status(), http::Status::ok);
                                  return response;
                              })));
    app_->use([this](http::Request& request, http::Next next) {
        threads_.note("outside");
        const http::Response response = next(request);
        if (request.path() == "/session") {
            EXPECT_NE(response.pending(), nullptr);
        }
        return response.then([this](const http::Response& there) {
            threads_.note("then");
            EXPECT_EQ(there.status(), http::Status::ok);
            return there;
        });
    });
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/session").body, "7");
    EXPECT_EQ(ask(client, "/hello").status, 200);  // of one connection: after all of the other
    EXPECT_EQ(threads_.order(), "outside inside session handler then background commit outside hello then ");
    const std::thread::id worker = threads_.of("hello");
    for (const char* on_worker : {"outside", "then"}) EXPECT_EQ(threads_.of(on_worker), worker) << on_worker;
    for (const char* on_pool : {"inside", "session", "handler", "background", "commit"})
        EXPECT_NE(threads_.of(on_pool), worker) << on_pool;
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
    EXPECT_EQ(threads_.order(), "session roll-back ");
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
        threads_.note("outside");
        // The request's memory is the worker's still.
        for (int i = 0; i < 100; ++i) (void)request.allocator().alloc<char>(100);
        return response.then([](const http::Response& there) { return there; });
    });
    app_->use([this](http::Request& request, http::Next next) -> http::Task<http::Response> {
        const http::Response pending = next(request);
        co_await http::sleep_for(std::chrono::milliseconds{1});
        threads_.note("awaits");
        co_return co_await pending;
    });
    app_->get("/noted", http::blocking([this](alloc::Allocator arena) {
                  threads_.note("handler");
                  return http::Response::text(arena.dupe(std::string_view{"noted"}));
              }));
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/noted").body, "noted");
    EXPECT_EQ(threads_.order(), "outside awaits handler ");
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

}  // namespace
