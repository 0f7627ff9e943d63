// Bodies that are made while they are sent: framing, events, and a client that reads slowly, leaves, or
// waits.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <latch>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "exchange.hpp"
#include "http_client.hpp"
#include "running_server.hpp"
#include "stream_sender.hpp"
#include "wire_response.hpp"

namespace {

using namespace zigmund;
using namespace zigmund::http;
using zigmund::support::HttpClient;
using zigmund::support::RunningServer;

/// All that is sent of a stream until it waits or ends.
std::string sent(StreamSender& sender, std::uint64_t now = 0) {
    std::string all;
    std::string_view piece;
    StreamSender::State state = StreamSender::State::piece;
    while ((state = sender.next(now, false, piece)) == StreamSender::State::piece) all += piece;
    return all + (state == StreamSender::State::wait ? "<wait>" : "<done>");
}

TEST(Stream, EachPieceIsAChunk) {
    alloc::Arena arena;
    const Response response = Response::stream(
        arena.allocator(),
        [i = 0](StreamWriter& out) mutable {
            out.write("piece ");
            out.json(++i);
            if (i == 2) out.write(std::string(300, 'x'));
            return i < 3 ? Produced::more : Produced::end;
        },
        "text/plain");
    EXPECT_EQ(response.content_type(), "text/plain");
    StreamSender sender{response.source(), true};
    EXPECT_EQ(sent(sender), "00000007\r\npiece 1\r\n00000133\r\npiece 2" + std::string(300, 'x') +
                                "\r\n00000007\r\npiece 3\r\n0\r\n\r\n<done>");
    EXPECT_EQ(sent(sender), "<done>");
}

TEST(Stream, WithoutChunksItIsTheTextAlone) {
    alloc::Arena arena;
    const Response response = Response::json_lines(arena.allocator(), [i = 0](StreamWriter& out) mutable {
        out.line({{"i", i}});
        return ++i < 3 ? Produced::more : Produced::end;
    });
    EXPECT_EQ(response.content_type(), "application/jsonl");
    StreamSender sender{response.source(), false};
    EXPECT_EQ(sent(sender), "{\"i\":0}\n{\"i\":1}\n{\"i\":2}\n<done>");
}

TEST(Stream, AnEmptyPieceIsNoChunk) {
    alloc::Arena arena;
    int calls = 0;
    const Response response = Response::stream(arena.allocator(), [&](StreamWriter& out) {
        if (++calls == 70) out.write("late");
        if (calls == 72) return Produced::end;
        return calls == 71 ? Produced::wait : Produced::more;
    });
    StreamSender sender{response.source(), true};
    // Asked so often for nothing, others get their turn.
    EXPECT_EQ(sent(sender), "<wait>");
    EXPECT_EQ(calls, 64);
    EXPECT_EQ(sent(sender), "00000004\r\nlate\r\n<wait>");
    EXPECT_EQ(sent(sender), "0\r\n\r\n<done>");
}

TEST(Stream, MemoryIsThatOfTheLargestPiece) {
    alloc::Arena arena;
    const Response response = Response::stream(arena.allocator(), [i = 0](StreamWriter& out) mutable {
        for (int line = 0; line < 100; ++line) out.line(line);
        return ++i < 1000 ? Produced::more : Produced::end;
    });
    StreamSender sender{response.source(), true};
    std::string_view piece;
    ASSERT_EQ(sender.next(0, false, piece), StreamSender::State::piece);
    const std::size_t used = arena.bytes_used();
    int pieces = 1;
    while (sender.next(0, false, piece) == StreamSender::State::piece) ++pieces;
    EXPECT_EQ(pieces, 1000);
    EXPECT_EQ(arena.bytes_used(), used);
}

TEST(Stream, TheArenaDestroysTheProducer) {
    const auto token = std::make_shared<int>(1);
    {
        alloc::Arena arena;
        (void)Response::stream(arena.allocator(), [token](StreamWriter&) { return Produced::end; });
        EXPECT_EQ(token.use_count(), 2);
    }
    EXPECT_EQ(token.use_count(), 1);
    EXPECT_THROW((void)Response::stream(alloc::heap(), [](StreamWriter&) { return Produced::end; }),
                 std::invalid_argument);
}

TEST(EventStream, AnEventHasItsFieldsInTheirOrder) {
    alloc::Arena arena;
    StreamWriter out{arena.allocator()};
    const auto written = [&](const ServerSentEvent& event) {
        alloc::Arena memory;
        const Response response = Response::event_stream(memory.allocator(), [&](StreamWriter& writer) {
            writer.event(event);
            return Produced::end;
        });
        StreamSender sender{response.source(), false};
        return sent(sender);
    };
    EXPECT_EQ(written({.data = "x",
                       .event = "tick",
                       .id = "7",
                       .retry = std::chrono::milliseconds{1500},
                       .comment = "hello"}),
              ": hello\nevent: tick\ndata: x\nid: 7\nretry: 1500\n\n<done>");
    EXPECT_EQ(written({.data = "a\nb\r\n\rc\n"}), "data: a\ndata: b\ndata: \ndata: c\ndata: \n\n<done>");
    EXPECT_EQ(written({.data = ""}), "data: \n\n<done>");
    EXPECT_EQ(written({.comment = "a\nb"}), ": a\n: b\n\n<done>");
    for (const std::string_view bad :
         {std::string_view{"a\nb"}, std::string_view{"a\r"}, std::string_view{"\0", 1}}) {
        EXPECT_THROW(out.event({.event = bad}), std::invalid_argument);
        EXPECT_THROW(out.event({.id = bad}), std::invalid_argument);
    }
}

TEST(EventStream, JsonIsDataOnOneLine) {
    alloc::Arena arena;
    const Response response = Response::event_stream(arena.allocator(), [](StreamWriter& out) {
        out.event_json({{"a", "b\nc"}}, {.event = "e", .id = "1"});
        return Produced::end;
    });
    StreamSender sender{response.source(), false};
    EXPECT_EQ(sent(sender), "event: e\ndata: {\"a\":\"b\\nc\"}\nid: 1\n\n<done>");
}

TEST(EventStream, After15SecondsOfNothingItSaysThatItIsThere) {
    alloc::Arena arena;
    const Response response =
        Response::event_stream(arena.allocator(), [](StreamWriter&) { return Produced::wait; });
    StreamSender sender{response.source(), false};
    EXPECT_EQ(sent(sender, 100), "<wait>");
    EXPECT_EQ(sent(sender, 114), "<wait>");
    EXPECT_EQ(sent(sender, 115), ": ping\n\n<wait>");
    EXPECT_EQ(sent(sender, 129), "<wait>");
    EXPECT_EQ(sent(sender, 130), ": ping\n\n<wait>");
}

std::string head_of(const Response& response, std::string_view bytes) {
    Exchange exchange{alloc::heap(), std::size_t{1} << 20};
    RequestReader& reader = exchange.reader();
    Request& request = exchange.begin();
    (void)reader.next(request);
    std::memcpy(reader.prepare().data(), bytes.data(), bytes.size());
    EXPECT_EQ(reader.commit(bytes.size()), RequestReader::State::complete);
    HttpDate date;
    date.update(784111777);
    const WireResponse wire =
        write_response(request, response, date, !ends_with_connection(request, response));
    EXPECT_EQ(wire.body, "");
    std::string head{wire.head};
    head += wire.stream.active() ? "<stream>" : "<nothing>";
    exchange.end(0);
    return head;
}

TEST(EventStream, ItsHeadKeepsCachesAndBuffersAway) {
    alloc::Arena arena;
    const Response response =
        Response::event_stream(arena.allocator(), [](StreamWriter&) { return Produced::end; });
    EXPECT_EQ(
        head_of(response, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
        "date: Sun, 06 Nov 1994 08:49:37 GMT\r\ncache-control: no-cache\r\nx-accel-buffering: no\r\n\r\n"
        "<stream>");
    EXPECT_EQ(head_of(response, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
              "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nconnection: close\r\ncache-control: no-cache\r\n"
              "x-accel-buffering: no\r\n\r\n<stream>");
    EXPECT_EQ(
        head_of(response, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
        "date: Sun, 06 Nov 1994 08:49:37 GMT\r\ncache-control: no-cache\r\nx-accel-buffering: no\r\n\r\n"
        "<nothing>");
}

// ---- through a socket -------------------------------------------------------------------------------------

class StreamServer : public testing::Test {
  protected:
    StreamServer() {
        app_->get("/count/{n}", [](Path<int, "n"> n, alloc::Allocator arena) {
            return Response::json_lines(arena, [i = 0, n = *n](StreamWriter& out) mutable {
                out.line(i);
                return ++i < n ? Produced::more : Produced::end;
            });
        });
        app_->get("/endless", [this](alloc::Allocator arena) {
            return Response::stream(arena, [this, left = Left{*this}](StreamWriter& out) {
                ++pieces_;
                out.write(text_);
                return Produced::more;
            });
        });
        app_->get("/waiting", [this](alloc::Allocator arena) {
            return Response::event_stream(arena,
                                          [left = Left{*this}, first = true](StreamWriter& out) mutable {
                                              if (out.stopping()) return Produced::end;
                                              if (std::exchange(first, false)) out.event({.data = "first"});
                                              return Produced::wait;
                                          });
        });
        app_->get("/throws", [](alloc::Allocator arena) {
            return Response::stream(arena, [first = true](StreamWriter& out) mutable {
                if (!std::exchange(first, false)) throw std::runtime_error("no more");
                out.write("first");
                return Produced::more;
            });
        });
        app_->get("/hello", [] { return Response::text("Hello, World!"); });
        running_ = std::make_unique<RunningServer>(*app_);
        client_ = std::make_unique<HttpClient>(running_->port());
    }
    ~StreamServer() override {
        running_.reset();
        app_.reset();
        EXPECT_EQ(gpa_.deinit(), alloc::LeakCheck::ok);
    }

    /// All bytes until the server closes, or until they end with `end`.
    std::string receive(std::string_view end = {}) {
        std::string all;
        char buffer[4096];
        ssize_t size = 0;
        while ((end.empty() || !all.ends_with(end)) &&
               (size = ::recv(client_->descriptor(), buffer, sizeof buffer, 0)) > 0)
            all.append(buffer, static_cast<std::size_t>(size));
        return all;
    }

    /// Tells that a producer is gone.
    struct Left {
        explicit Left(StreamServer& owner) : test{&owner} {}
        Left(Left&& other) noexcept : test{std::exchange(other.test, nullptr)} {}
        Left& operator=(Left&&) = delete;
        ~Left() {
            if (test != nullptr) test->gone_.count_down();
        }
        StreamServer* test;
    };

    const std::string text_ = std::string(10000, 'x');
    std::atomic<int> pieces_ = 0;
    std::latch gone_{1};
    alloc::GeneralPurposeAllocator gpa_{{.tier = alloc::Tier::traced, .name = "test"}};
    std::unique_ptr<App> app_ = std::make_unique<App>(gpa_.allocator(), AppInfo{});
    std::unique_ptr<RunningServer> running_;
    std::unique_ptr<HttpClient> client_;
};

TEST_F(StreamServer, AStreamEndsAndTheConnectionGoesOn) {
    client_->send("GET /count/100 HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string all = receive("Hello, World!");
    EXPECT_NE(all.find("transfer-encoding: chunked\r\n"), std::string::npos);
    EXPECT_NE(all.find("\r\n\r\n00000002\r\n0\n\r\n00000002\r\n1\n\r\n"), std::string::npos);
    EXPECT_NE(all.find("00000003\r\n99\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"), std::string::npos);
}

TEST_F(StreamServer, ToHttp10ItEndsWithTheConnection) {
    client_->send("GET /count/3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const std::string all = receive();
    EXPECT_NE(all.find("connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(all.ends_with("\r\n\r\n0\n1\n2\n")) << all;
}

TEST_F(StreamServer, AClientThatDoesNotReadHoldsTheProducerUp) {
    client_->send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    HttpClient other{running_->port()};
    // Until the buffers between the two are full; others are served meanwhile.
    int before = -1;
    int same = 0;
    while (same < 50) {
        ASSERT_EQ(other.request("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
        same = pieces_ == before && before > 0 ? same + 1 : 0;
        before = pieces_;
    }
    EXPECT_LT(pieces_, 10000);
    client_->close();
    gone_.wait();
}

TEST_F(StreamServer, AClientThatLeavesWhileTheStreamWaitsIsNoticed) {
    client_->send("GET /waiting HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(receive("data: first\n\n\r\n").ends_with("\r\n\r\n0000000d\r\ndata: first\n\n\r\n"));
    client_->close();
    gone_.wait();
}

TEST_F(StreamServer, AStreamThatWaitsLearnsThatTheServerStops) {
    client_->send("GET /waiting HTTP/1.1\r\nHost: a\r\n\r\n");
    receive("data: first\n\n\r\n");
    running_->server().stop();
    EXPECT_EQ(receive(), "0\r\n\r\n");
    running_->join();
    gone_.wait();
}

TEST_F(StreamServer, AProducerThatThrowsCutsTheBody) {
    client_->send("GET /throws HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(receive().ends_with("\r\n\r\n00000005\r\nfirst\r\n"));
    HttpClient other{running_->port()};
    EXPECT_EQ(other.request("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
}

TEST_F(StreamServer, AfterTheRequestsDeadlineItIsCut) {
    running_.reset();
    App app{alloc::heap(), {}};
    app.get("/waiting", [](alloc::Allocator arena) {
        return Response::stream(arena, [](StreamWriter&) { return Produced::wait; });
    });
    app.use(Timeout{{.limit = std::chrono::milliseconds{1}}});
    RunningServer running{app};
    client_ = std::make_unique<HttpClient>(running.port());
    client_->send("GET /waiting HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(receive().ends_with("\r\n\r\n"));  // the head, and no last chunk
}

// ---- woken from another thread ----------------------------------------------------------------------------

/// A queue that streams subscribe to, as an application has one.
class News {
  public:
    /// Blocks until somebody waits for news.
    StreamWaker waker() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return subscribed_; });
        subscribed_ = false;
        return waker_;
    }
    void push(std::string text) {
        StreamWaker waker;
        {
            const std::lock_guard lock{mutex_};
            texts_.push_back(std::move(text));
            waker = waker_;
        }
        waker.wake();
    }
    void subscribe(StreamWaker waker) {
        const std::lock_guard lock{mutex_};
        waker_ = std::move(waker);
        subscribed_ = true;
        changed_.notify_all();
    }
    Produced produce(StreamWriter& out) {
        const std::lock_guard lock{mutex_};
        ++asked_;
        if (out.stopping()) return Produced::end;
        for (const std::string& text : texts_) {
            if (text == "end") return Produced::end;
            out.event({.data = text});
        }
        texts_.clear();
        return Produced::wait;
    }
    [[nodiscard]] int asked() {
        const std::lock_guard lock{mutex_};
        return asked_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> texts_;
    StreamWaker waker_;
    bool subscribed_ = false;
    int asked_ = 0;
};

class WokenStreams : public StreamServer {
  protected:
    /// The streams use what is declared here.
    ~WokenStreams() override { running_.reset(); }

    void serve_news() {
        App& app = *app_;
        running_.reset();
        app.get("/news", [this](alloc::Allocator arena) {
            return Response::event_stream(arena, [this, subscribed = false](StreamWriter& out) mutable {
                if (!std::exchange(subscribed, true)) news_.subscribe(out.waker());
                return news_.produce(out);
            });
        });
        running_ = std::make_unique<RunningServer>(app);
        client_ = std::make_unique<HttpClient>(running_->port());
        client_->send("GET /news HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    News news_;
};

TEST_F(WokenStreams, AreAskedAgainAtOnce) {
    serve_news();
    (void)news_.waker();
    // Far more than the seconds that the test may take would allow, if each waited for the next one.
    for (int i = 0; i < 500; ++i) {
        news_.push(std::to_string(i));
        EXPECT_TRUE(receive("data: " + std::to_string(i) + "\n\n\r\n").ends_with("\n\n\r\n"));
    }
    news_.push("end");
    receive("0\r\n\r\n");
    EXPECT_EQ(client_->request("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
}

TEST_F(WokenStreams, ManyThreadsMayWakeOne) {
    serve_news();
    (void)news_.waker();
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
        threads.emplace_back([this] {
            for (int i = 0; i < 250; ++i) news_.push("x");
        });
    for (std::thread& thread : threads) thread.join();
    news_.push("last");
    const std::string all = receive("data: last\n\n\r\n");
    std::size_t count = 0;
    for (std::size_t at = 0; (at = all.find("data: x\n", at)) != std::string::npos; ++at) ++count;
    EXPECT_EQ(count, 1000U);
}

TEST_F(WokenStreams, AWakerOutlivesItsStreamAndWakesNoOtherOne) {
    serve_news();
    const StreamWaker old = news_.waker();
    news_.push("end");
    receive("0\r\n\r\n");
    client_->send("GET /waiting HTTP/1.1\r\nHost: a\r\n\r\n");
    receive("data: first\n\n\r\n");
    const int asked = news_.asked();
    for (int i = 0; i < 100; ++i) old.wake();
    client_->close();
    gone_.wait();
    EXPECT_EQ(news_.asked(), asked);
    old.wake();
    running_.reset();
    old.wake();
}

TEST_F(WokenStreams, AWakingThatIsOnItsWayWhenTheClientLeavesFindsNobody) {
    serve_news();
    const StreamWaker waker = news_.waker();
    std::atomic<bool> done = false;
    std::thread other{[&] {
        while (!done) waker.wake();
    }};
    client_->close();
    HttpClient next{running_->port()};
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(next.request("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
    running_->server().stop();
    running_->join();
    done = true;
    other.join();
}

}  // namespace
