// TestExchange: one request after the other, served in process.
//
// Threads: one. Memory: an Exchange, as a worker's; the bytes of the answer are the arena's until finish().
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/arena_options.hpp>
#include <zigmund/alloc/testing/heap_counter.hpp>
#include <zigmund/http/app.hpp>
#include <zigmund/http/body_limits.hpp>
#include <zigmund/http/testing/test_response.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exchange.hpp"
#include "local_loop.hpp"
#include "wire_response.hpp"

namespace zigmund::http::inline v0::testing {

class TestExchange {
  public:
    TestExchange(const App& app, alloc::Allocator memory, const BodyLimits& limits)
        : app_{app}, exchange_{memory, limits, &app} {
        exchange_.context = &loop_.context();
    }
    TestExchange(const App& app, alloc::Allocator memory, const BodyLimits& limits, alloc::ArenaOptions arena)
        : app_{app}, exchange_{memory, limits, &app, arena} {
        exchange_.context = &loop_.context();
    }
    TestExchange(const TestExchange&) = delete;
    TestExchange& operator=(const TestExchange&) = delete;

    /// What is the server's work of what follows is watched; null: it is not.
    void watch(alloc::testing::HeapWatch* watch) noexcept { watch_ = watch; }

    /// Serves a request up to the point where the head of its answer is there to be sent: one of `client`,
    /// which outlives it, over TLS or not. Throws std::invalid_argument.
    void serve(std::string_view bytes, const Client* client = nullptr, bool secure = false);

    /// What was sent of the answer so far, but for its body. Throws std::runtime_error for what a client
    /// could not read: "the answer is malformed: <why>".
    [[nodiscard]] TestResponse head() const;

    enum class Piece : std::uint8_t { text, nothing_yet, end };
    /// Puts the next piece of the body, without its chunk's frame, into `piece`. Throws std::runtime_error as
    /// head() does, when the body is not as long as the head says.
    Piece next(std::string& piece);
    /// Whether the body ended by an exception of what makes it.
    [[nodiscard]] bool cut() const noexcept { return cut_; }

    /// The response was sent, or is not wanted: background tasks, teardown, reset of the arena.
    void finish(std::size_t retain) noexcept;

  private:
    class Watched;

    Piece next_of_file(std::string& piece);
    void check_length();

    const App& app_;
    LocalLoop loop_;
    Exchange exchange_;
    HttpDate date_;
    WireResponse wire_;
    alloc::testing::HeapWatch* watch_ = nullptr;
    std::uint64_t now_ = 0;     ///< seconds, for the stream: each time that it waits, one more
    std::uint64_t length_ = 0;  ///< of the body so far
    bool cut_ = false;
    bool ended_ = false;
};

}  // namespace zigmund::http::inline v0::testing
