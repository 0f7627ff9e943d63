// Handlers that are coroutines: what they wait for, who is served meanwhile, and what is left when they end
// early.
#include <zigmund/http.hpp>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "running_server.hpp"
#include "served_app.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;
using namespace std::chrono_literals;
using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::Noted;
using zigmund::support::Notes;
using zigmund::support::ServedApp;

/// Something for handlers to wait for.
class Gate {
  public:
    ~Gate() { ::close(descriptor_); }
    [[nodiscard]] int descriptor() const { return descriptor_; }
    void open(std::uint64_t times = 1) { ASSERT_EQ(::write(descriptor_, &times, sizeof times), 8); }
    void pass() {
        std::uint64_t times = 0;
        ASSERT_EQ(::read(descriptor_, &times, sizeof times), 8);
    }

  private:
    int descriptor_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
};

struct Session {
    int id;
};
inject::Scoped<Session> get_session(inject::State<Notes*> notes, alloc::Allocator) {
    const Noted end{**notes, "session ends"};
    try {
        co_yield Session{7};
        (*notes)->add("session commits");
    } catch (const http::Cancelled& cancelled) {
        (*notes)->add(cancelled.what());
        throw;
    } catch (const std::exception& error) {
        (*notes)->add(std::string{"session sees "}.append(error.what()));
        throw;
    }
}

http::Task<int> plus_one(int number, alloc::Allocator) { co_return number + 1; }
http::Task<int> count(int to, alloc::Allocator arena) {
    int number = 0;
    while (number < to) number = co_await plus_one(number, arena);
    co_return number;
}
http::Task<void> fail_later(http::Request&) {
    co_await http::sleep_for(1ms);
    throw http::HttpError{http::Status::conflict};
}

struct Point {
    int x;
    int y;
};
BOOST_DESCRIBE_STRUCT(Point, (), (x, y))

class Tasks : public ServedApp {
  protected:
    Tasks() {
        app_->provide<Notes*>(&notes_);
        app_->get("/hello", [] { return http::Response::text("Hello, World!"); });
        app_->get("/gate",
                  [this](inject::Depends<get_session> session, http::BackgroundTasks& tasks,
                         alloc::Allocator arena) -> http::Task<http::Response> {
                      const Noted end{notes_, "frame ends"};
                      tasks.add([this] { notes_.add("background"); });
                      notes_.add("waits");
                      (void)co_await http::readable(gate_.descriptor());
                      gate_.pass();
                      co_return http::Response::json(arena, session->id);
                  });
    }
    ~Tasks() override { running_.reset(); }

    Gate gate_;
};

constexpr std::string_view get_gate = "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(Tasks, OthersOfTheSameWorkerAreServedWhileAHandlerWaits) {
    serve();
    HttpClient waiting = connect();
    waiting.send(get_gate);
    notes_.wait(1);
    HttpClient other = connect();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(other, "/hello").body, "Hello, World!");
    gate_.open();
    EXPECT_EQ(waiting.receive().body, "7");
    EXPECT_EQ(notes_.wait(5), (std::vector<std::string>{"waits", "frame ends", "background",
                                                        "session commits", "session ends"}));
    EXPECT_EQ(ask(waiting, "/hello").status, 200);
}

TEST_F(Tasks, TasksAwaitTasksAndWhatAHandlerReturnsIsItsAnswer) {
    app_->get("/count/{to}", [](http::Path<int, "to"> to, alloc::Allocator arena) -> http::Task<int> {
        co_return co_await count(to, arena);
    });
    app_->get("/point", [](http::Request&) -> http::Task<Point> {
        co_await http::sleep_for(1us);
        co_return Point{1, 2};
    });
    app_->get("/nothing", [](http::Request&) -> http::Task<void> { co_await http::sleep_for(0s); });
    app_->get("/expected/{good}",
              [](http::Path<bool, "good"> good,
                 alloc::Allocator) -> http::Task<std::expected<int, http::HttpError>> {
                  co_await http::sleep_for(1us);
                  if (good) co_return 3;
                  co_return std::unexpected(http::HttpError{http::Status::gone});
              });
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/count/100000").body, "100000");
    EXPECT_EQ(ask(client, "/count/x").status, 422);
    EXPECT_EQ(ask(client, "/point").body, R"({"x":1,"y":2})");
    EXPECT_EQ(ask(client, "/nothing").body, "null");
    EXPECT_EQ(ask(client, "/expected/1").body, "3");
    EXPECT_EQ(ask(client, "/expected/0").status, 410);
}

TEST_F(Tasks, TimersEndInTheOrderOfTheirTimes) {
    for (const auto& [path, time] : {std::pair{"/b", 40ms}, std::pair{"/a", 5ms}})
        app_->get(path, [this, wait = time, name = path](http::Request&) -> http::Task<void> {
            co_await http::sleep_for(wait);
            notes_.add(name);
        });
    serve();
    HttpClient b = connect();
    HttpClient a = connect();
    b.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    a.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(a.receive().status, 200);
    EXPECT_EQ(b.receive().status, 200);
    EXPECT_EQ(notes_.wait(2), (std::vector<std::string>{"/a", "/b"}));
}

TEST_F(Tasks, ADescriptorIsWaitedForUntilATime) {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    app_->get("/socket", [&](alloc::Allocator arena) -> http::Task<http::Response> {
        const bool writable = co_await http::writable(pair[0]);
        const bool early = co_await http::readable(pair[0], 2ms);
        EXPECT_EQ(::write(pair[1], "x", 1), 1);
        const bool late = co_await http::readable(pair[0], 1h);
        co_return http::Response::json(arena, {{"writable", writable}, {"early", early}, {"late", late}});
    });
    app_->get("/file", [](alloc::Allocator) -> http::Task<bool> {
        std::FILE* const file = std::tmpfile();
        const bool ready = co_await http::readable(::fileno(file));
        std::fclose(file);
        co_return ready;
    });
    app_->get("/closed", [](alloc::Allocator arena) -> http::Task<http::Response> {
        try {
            (void)co_await http::readable(-1);
            co_return http::Response::text("was waited for");
        } catch (const std::system_error& error) {
            co_return http::Response::text(arena.dupe(std::string_view{error.what()}));
        }
    });
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/socket").body, R"({"writable":true,"early":false,"late":true})");
    EXPECT_EQ(ask(client, "/file").body, "true");
    EXPECT_EQ(ask(client, "/closed").body, "zigmund: cannot wait for the descriptor: Bad file descriptor");
    for (const int end : pair) ::close(end);
}

TEST_F(Tasks, ExceptionsAreAnsweredAsThoseOfOtherHandlersBeforeAndAfterAWait) {
    app_->get("/late", [](inject::Depends<get_session>, http::Request& request) -> http::Task<int> {
        co_await fail_later(request);
        co_return 1;
    });
    app_->get("/early", [](alloc::Allocator) -> http::Task<int> {
        throw std::runtime_error("secret");
        co_return 1;
    });
    app_->get("/unhandled", [](alloc::Allocator) -> http::Task<int> {
        co_await http::sleep_for(1ms);
        throw std::runtime_error("secret");
    });
    app_->on_status(http::Status::conflict, [] { return http::Response::text("taken"); });
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/late").body, "taken");
    EXPECT_EQ(notes_.wait(2),
              (std::vector<std::string>{"session sees zigmund::http::HttpError", "session ends"}));
    testing::internal::CaptureStderr();
    EXPECT_EQ(ask(client, "/early").status, 500);
    EXPECT_EQ(ask(client, "/unhandled").body, "Internal Server Error");
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: GET /early: unhandled exception: secret\n"
              "zigmund: GET /unhandled: unhandled exception: secret\n");
}

TEST_F(Tasks, AClientThatLeavesEndsTheFrameAndItsDependenciesSeeThatItWasCancelled) {
    serve();
    HttpClient waiting = connect();
    waiting.send(get_gate);
    notes_.wait(1);
    waiting.close();
    EXPECT_EQ(notes_.wait(4),
              (std::vector<std::string>{"waits", "frame ends", "zigmund: the request was cancelled",
                                        "session ends"}));
    HttpClient other = connect();
    EXPECT_EQ(ask(other, "/hello").status, 200);
}

TEST_F(Tasks, NestedFramesEndFromTheInsideOut) {
    struct Inner {
        static http::Task<void> wait(Notes& notes, alloc::Allocator) {
            const Noted end{notes, "inner ends"};
            notes.add("waits");
            co_await http::sleep_for(1h);
        }
    };
    app_->get("/nested", [this](alloc::Allocator arena) -> http::Task<void> {
        const Noted end{notes_, "outer ends"};
        co_await Inner::wait(notes_, arena);
    });
    serve();
    HttpClient waiting = connect();
    waiting.send("GET /nested HTTP/1.1\r\nHost: x\r\n\r\n");
    notes_.wait(1);
    waiting.close();
    EXPECT_EQ(notes_.wait(3), (std::vector<std::string>{"waits", "inner ends", "outer ends"}));
}

TEST_F(Tasks, StopWaitsForAHandlerThatWaits) {
    serve();
    HttpClient waiting = connect();
    waiting.send(get_gate);
    notes_.wait(1);
    running_->server().stop();
    gate_.open();
    const HttpReply reply = waiting.receive();
    EXPECT_EQ(reply.body, "7");
    EXPECT_EQ(reply.field("connection"), "close");
    waiting.close();  // or the server listens to it for a while
    running_->join();
}

TEST_F(Tasks, StopNowEndsIt) {
    serve();
    HttpClient waiting = connect();
    waiting.send(get_gate);
    notes_.wait(1);
    running_->server().stop_now();
    running_->join();
    EXPECT_EQ(notes_.wait(4).back(), "session ends");
}

TEST_F(Tasks, PipelinedAnswersKeepTheirOrderAndThoseBeforeAWaitLeaveAtOnce) {
    serve();
    HttpClient client = connect();
    const std::string hello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    client.send(hello + hello + std::string{get_gate} + hello + std::string{get_gate} + hello);
    EXPECT_EQ(client.receive().body, "Hello, World!");
    EXPECT_EQ(client.receive().body, "Hello, World!");
    gate_.open();
    EXPECT_EQ(client.receive().body, "7");
    EXPECT_EQ(client.receive().body, "Hello, World!");
    gate_.open();
    EXPECT_EQ(client.receive().body, "7");
    EXPECT_EQ(client.receive().body, "Hello, World!");
}

TEST_F(Tasks, MiddlewareSeesTheAnswerWhenItIsThere) {
    app_->use([](http::Request& request, http::Next next) {
        return next(request).with_header(request.allocator(), "x-plain", "1").then([&](const auto& response) {
            const auto number = std::to_string(static_cast<int>(response.status()));
            return response.with_header(request.allocator(), "x-then",
                                        request.allocator().dupe(std::string_view{number}));
        });
    });
    app_->use([](http::Request& request, http::Next next) -> http::Task<http::Response> {
        const http::Response response = co_await next(request);
        co_await http::sleep_for(1us);
        co_return response.with_header(request.allocator(), "x-outer", response.body());
    });
    app_->use([](http::Request& request, http::Next next) {
        return next(request).with_status(http::Status::accepted);
    });
    app_->get("/late", [](alloc::Allocator) -> http::Task<http::Response> {
        co_await http::sleep_for(1us);
        co_return http::Response::text("late").with_status(http::Status::created);
    });
    app_->get("/fails", [](alloc::Allocator) -> http::Task<http::Response> {
        co_await http::sleep_for(1us);
        throw http::HttpError{http::Status::gone};
    });
    serve();
    HttpClient client = connect();
    HttpReply reply = ask(client, "/late");
    EXPECT_EQ(reply.status, 202);
    EXPECT_EQ(reply.body, "late");
    EXPECT_EQ(reply.field("x-plain"), "1");
    EXPECT_EQ(reply.field("x-then"), "201");
    EXPECT_EQ(reply.field("x-outer"), "late");
    EXPECT_LT(reply.head.find("x-plain"), reply.head.find("x-then"));
    EXPECT_LT(reply.head.find("x-then"), reply.head.find("x-outer"));
    reply = ask(client, "/hello");
    EXPECT_EQ(reply.field("x-then"), "200");
    EXPECT_EQ(reply.field("x-outer"), "Hello, World!");
    EXPECT_EQ(ask(client, "/fails").field("x-then"), "410");
}

TEST_F(Tasks, AWaitEndsWithTheDeadlineOfItsRequest) {
    app_->get("/late", http::with_middleware(
                           [this](alloc::Allocator) -> http::Task<void> {
                               const Noted end{notes_, "frame ends"};
                               co_await http::sleep_for(1h);
                           },
                           http::Timeout{{.limit = 5ms}}));
    app_->get("/in_time", http::with_middleware(
                              [](alloc::Allocator) -> http::Task<bool> {
                                  co_await http::sleep_for(1us);
                                  co_return true;
                              },
                              http::Timeout{{.limit = std::chrono::hours{1}}}));
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/late").status, 504);
    EXPECT_EQ(notes_.wait(1).front(), "frame ends");
    EXPECT_EQ(ask(client, "/in_time").body, "true");
}

TEST_F(Tasks, ShippedMiddlewareSeesTheAnswer) {
    app_->use(http::SecurityHeaders{});
    app_->use(http::Gzip{{.minimum_size = 10}});
    app_->use(http::Cors{{.allow_origins = {"*"}}});
    app_->get("/late", [](alloc::Allocator) -> http::Task<http::Response> {
        co_await http::sleep_for(1us);
        co_return http::Response::text("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    });
    serve();
    HttpClient client = connect();
    const HttpReply reply =
        client.request("GET /late HTTP/1.1\r\nHost: x\r\nOrigin: http://a\r\nAccept-Encoding: gzip\r\n\r\n");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.field("content-encoding"), "gzip");
    EXPECT_EQ(reply.field("access-control-allow-origin"), "*");
    EXPECT_EQ(reply.field("x-content-type-options"), "nosniff");
}

TEST_F(Tasks, AMiddlewareThatThrowsAfterItsHandlerHasBegunEndsIt) {
    app_->get("/begun", http::with_middleware(
                            [this](alloc::Allocator) -> http::Task<void> {
                                const Noted end{notes_, "frame ends"};
                                notes_.add("waits");
                                co_await http::sleep_for(1h);
                            },
                            [](http::Request& request, http::Next next) -> http::Response {
                                (void)next(request);
                                throw http::HttpError{http::Status::forbidden};
                            }));
    app_->get("/dropped", http::with_middleware(
                              [this](alloc::Allocator) -> http::Task<void> {
                                  const Noted end{notes_, "dropped"};
                                  co_await http::sleep_for(1h);
                              },
                              [](http::Request& request, http::Next next) {
                                  (void)next(request);
                                  return http::Response::text("early");
                              }));
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/begun").status, 403);
    EXPECT_EQ(notes_.wait(2), (std::vector<std::string>{"waits", "frame ends"}));
    EXPECT_EQ(ask(client, "/dropped").body, "early");
    EXPECT_EQ(notes_.wait(3).back(), "dropped");
}

TEST_F(Tasks, AMiddlewareMayAwaitAnAnswerThatIsThereAlready) {
    Gate late;
    app_->get("/late", http::with_middleware(
                           [this](alloc::Allocator) -> http::Task<http::Response> {
                               (void)co_await http::readable(gate_.descriptor());
                               notes_.add("answers");
                               co_return http::Response::text("late");
                           },
                           [&late](http::Request& request, http::Next next) -> http::Task<http::Response> {
                               const http::Response pending = next(request);
                               (void)co_await http::readable(late.descriptor());
                               const http::Response response = co_await pending;
                               co_return response.with_header(request.allocator(), "x-seen", response.body());
                           }));
    serve();
    HttpClient client = connect();
    client.send(get("/late"));
    gate_.open();
    notes_.wait(1);
    late.open();
    const HttpReply reply = client.receive();
    EXPECT_EQ(reply.body, "late");
    EXPECT_EQ(reply.field("x-seen"), "late");
}

TEST_F(Tasks, AMiddlewareMayReturnAnAnswerThatIsNotThereYet) {
    Gate inner;
    Gate outer;
    const auto pass_on = [](Gate& gate) {
        return [&gate](http::Request& request, http::Next next) -> http::Task<http::Response> {
            const http::Response pending = next(request);
            (void)co_await http::readable(gate.descriptor());
            co_return pending.with_header(request.allocator(), "x-passed", "on").then([](const auto& there) {
                EXPECT_EQ(there.body(), "late");
                return there;
            });
        };
    };
    app_->get("/late", http::with_middleware(
                           [this](alloc::Allocator) -> http::Task<http::Response> {
                               notes_.add("waits");
                               (void)co_await http::readable(gate_.descriptor());
                               notes_.add("answers");
                               co_return http::Response::text("late");
                           },
                           pass_on(outer), pass_on(inner)));
    app_->get("/fails", http::with_middleware(
                            [](alloc::Allocator) -> http::Task<http::Response> {
                                co_await http::sleep_for(1us);
                                throw http::HttpError{http::Status::gone};
                            },
                            pass_on(inner)));
    serve();
    HttpClient client = connect();
    client.send(get("/late"));
    notes_.wait(1);
    inner.open();
    outer.open();
    HttpClient other = connect();
    EXPECT_EQ(ask(other, "/hello").status, 200);
    gate_.open();
    HttpReply reply = client.receive();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "late");
    EXPECT_EQ(reply.field("x-passed"), "on");
    EXPECT_EQ(ask(client, "/fails").status, 410);

    // Once more, with an answer that is there before it is passed on. (Nobody passes the gates: they are open.)
    EXPECT_EQ(ask(client, "/late").body, "late");
}

TEST_F(Tasks, WhatThenReturnsMayBeAnotherAnswerThatIsNotThereYet) {
    app_->use([](http::Request& request, http::Next next) {
        return next(request).then([&request, next](const http::Response& response) {
            return response.status() == http::Status::service_unavailable ? next(request) : response;
        });
    });
    app_->get("/second",
              [this, calls = std::make_shared<int>()](alloc::Allocator) -> http::Task<http::Response> {
                  co_await http::sleep_for(1us);
                  notes_.add("called");
                  if (++*calls == 1) co_return http::Response{http::Status::service_unavailable};
                  co_return http::Response::text("second");
              });
    serve();
    HttpClient client = connect();
    EXPECT_EQ(ask(client, "/second").body, "second");
    EXPECT_EQ(notes_.all().size(), 2);
}

TEST_F(Tasks, AnAnswerIsAwaitedOnce) {
    app_->get("/twice", http::with_middleware(
                            [](alloc::Allocator) -> http::Task<http::Response> {
                                co_await http::sleep_for(1us);
                                co_return http::Response::text("once");
                            },
                            [](http::Request& request, http::Next next) -> http::Task<http::Response> {
                                const http::Response pending = next(request);
                                const http::Response once = co_await pending;
                                try {
                                    co_return co_await pending;
                                } catch (const std::logic_error& error) {
                                    co_return once.with_header(
                                        request.allocator(), "x-error",
                                        request.allocator().dupe(std::string_view{error.what()}));
                                }
                            }));
    serve();
    HttpClient client = connect();
    const HttpReply reply = ask(client, "/twice");
    EXPECT_EQ(reply.body, "once");
    EXPECT_EQ(
        reply.field("x-error"),
        "zigmund: this answer is gone: a pending Response is awaited once, while its request waits for it");
}

TEST_F(Tasks, AHandlerThatNobodyWaitsForEndsBeforeItsDependencies) {
    const auto handler = [this](inject::Depends<get_session, inject::FunctionScope>,
                                alloc::Allocator) -> http::Task<void> {
        const Noted end{notes_, "frame ends"};
        notes_.add("waits");
        co_await http::sleep_for(1h);
    };
    app_->get("/answered", http::with_middleware(handler, [](http::Request& request, http::Next next) {
                  (void)next(request);
                  return http::Response::text("early");
              }));
    app_->get("/at_once",
              http::with_middleware(
                  handler, [](http::Request& request, http::Next next) -> http::Task<http::Response> {
                      (void)next(request);
                      co_return http::Response::text("early");
                  }));
    app_->get("/failed",
              http::with_middleware(
                  handler, [](http::Request& request, http::Next next) -> http::Task<http::Response> {
                      (void)next(request);
                      co_await http::sleep_for(1us);
                      throw http::HttpError{http::Status::gateway_timeout};
                  }));
    serve();
    HttpClient client = connect();
    std::vector<std::string> notes;
    for (const char* path : {"/answered", "/at_once"}) {
        EXPECT_EQ(ask(client, path).body, "early");
        const std::vector<std::string> before = std::exchange(notes, notes_.wait(notes.size() + 4));
        EXPECT_EQ(std::vector(notes.begin() + std::ssize(before), notes.end()),
                  (std::vector<std::string>{"waits", "frame ends", "session commits", "session ends"}));
    }
    EXPECT_EQ(ask(client, "/failed").status, 504);
    notes = notes_.wait(12);
    notes.erase(notes.begin(), notes.begin() + 8);
    EXPECT_EQ(notes, (std::vector<std::string>{"waits", "frame ends", "session sees zigmund::http::HttpError",
                                               "session ends"}));
}

http::Task<bool> ask_in_a_condition(alloc::Allocator) {
    if (co_await http::readable(0, 0s)) co_return true;
    co_return false;
}

// Of gcc 12, which puts the condition where the frame's own pointers belong; it would wait for ever.
TEST_F(Tasks, ATaskThatTheCompilerHasLaidOutWronglyIsAnError) {
    app_->get("/condition", ask_in_a_condition);
    serve();
    HttpClient client = connect();
    testing::internal::CaptureStderr();
    const HttpReply reply = ask(client, "/condition");
    const std::string logged = testing::internal::GetCapturedStderr();
#if !defined(__clang__) && __GNUC__ == 12
    EXPECT_EQ(reply.status, 500);
#endif
    if (reply.status == 500) {
        EXPECT_EQ(
            logged,
            "zigmund: GET /condition: unhandled exception: zigmund: this coroutine has a co_await in the "
            "condition of an if, while or switch, which gcc 12 compiles wrongly: give its result a name "
            "first, const bool came = co_await ...;\n");
    } else {
        EXPECT_EQ(reply.status, 200);
    }
}

}  // namespace
