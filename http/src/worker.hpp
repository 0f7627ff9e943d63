// Worker: a thread's event loop, its listener, its connections and its arenas.
//
// Nothing in here is shared: the kernel spreads connections over the workers' listeners (SO_REUSEPORT). But a
// unix socket, and one that the program was given, is one for all: workers that wait for it queue up
// (EPOLLEXCLUSIVE), the first takes one connection and goes to the end.
//
// Threads: run() makes the calling thread the worker's; stop() may be called from any. Memory: the App's
// allocator. Cost: one coarse timer, once a second, for all of its connections.
#pragma once

#include <zigmund/http/app.hpp>
#include <zigmund/http/serve_options.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "connection.hpp"
#include "event_loop.hpp"
#include "exchange.hpp"
#include "file_descriptor.hpp"
#include "listening_socket.hpp"
#include "output_batch.hpp"
#include "tls_context.hpp"
#include "wire_response.hpp"

namespace zigmund::http::inline v0 {

/// What the workers of a server have in common; it outlives them.
struct WorkerContext {
    ThreadPool* pool = nullptr;                   ///< null: there is none
    const std::atomic<bool>* stopping = nullptr;  ///< whether the server is to stop; null: it never is
    TlsContext* tls = nullptr;                    ///< null: connections are not encrypted
};

class Worker {
  public:
    /// `soon`: after ServeOptions::drain_grace.
    enum class Stop : std::uint8_t { none, soon, drain, now };

    /// `ticks` is for tests: a descriptor that tells how many seconds have passed, as a timerfd, which else
    /// it is, or an eventfd does. Throws std::system_error.
    Worker(const App& app, const ServeOptions& options, ListeningSocket socket,
           const WorkerContext& context = {}, FileDescriptor ticks = FileDescriptor{});
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Serves until stop(), and until no connection is left.
    void run();
    void stop(Stop how) noexcept;
    /// How often it has come back to its loop; any thread. With wake(), whether it does.
    [[nodiscard]] std::uint64_t turns() const noexcept { return turns_.load(std::memory_order_relaxed); }
    void wake() noexcept { loop_.wake(); }
    /// Whether run() has returned, or is about to; any thread.
    [[nodiscard]] bool ended() const noexcept { return ended_.load(std::memory_order_relaxed); }

    // What a connection needs.
    [[nodiscard]] EventLoop& loop() noexcept { return loop_; }
    [[nodiscard]] const App& app() const noexcept { return app_; }
    [[nodiscard]] const ServeOptions& options() const noexcept { return options_; }
    [[nodiscard]] TlsContext* tls() const noexcept { return tls_; }
    [[nodiscard]] const HttpDate& date() const noexcept { return date_; }
    /// Answers of the connection that is being served.
    [[nodiscard]] OutputBatch& batch() noexcept { return batch_; }
    /// Seconds since the worker began.
    [[nodiscard]] std::uint64_t now() const noexcept { return now_; }
    /// From the moment of stop() on, whatever of the batch is served before it is acted upon.
    [[nodiscard]] bool draining() const noexcept { return draining_ || stop_.load() >= Stop::drain; }
    /// An exchange for a request; a warm one if there is one. Throws std::bad_alloc.
    [[nodiscard]] Exchange* take();
    /// Takes it back, with what its arena may keep.
    void give_back(Exchange* exchange) noexcept;
    /// The same for one that has ended, and whose reader is empty.
    void keep(Exchange* exchange) noexcept {
        exchange->next_free = free_exchanges_;
        free_exchanges_ = exchange;
    }
    /// The same for one whose answer nobody waits for any more; when no other thread is in it.
    void abandon(Exchange* exchange) noexcept;
    void take_back(Exchange* exchange) noexcept;
    /// The same for one whose client left before all of the answer was sent, and that ends elsewhere.
    void finish_elsewhere(Exchange* exchange) noexcept;
    /// What wakes a stream; one that was used before if there is one. Throws std::bad_alloc.
    [[nodiscard]] std::shared_ptr<detail::WakeTarget> take_wake_target();
    void give_back(std::shared_ptr<detail::WakeTarget> target) noexcept;
    /// Destroys a connection.
    void remove(Connection& connection) noexcept;

  private:
    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

    struct Listener final : EventHandler {
        Listener(Worker& owner, ListeningSocket from) noexcept : worker{owner}, socket{std::move(from)} {}
        void on_events(std::uint32_t events) override;
        Worker& worker;
        ListeningSocket socket;
    };
    /// The end of the listener, when the server drains.
    struct Closing final : http::Timer {
        explicit Closing(Worker& owner) noexcept : worker{owner} {}
        void on_time() override { worker.close_listener(); }
        Worker& worker;
    };
    struct Timer final : EventHandler {
        void on_events(std::uint32_t events) override;
        FileDescriptor descriptor;
        std::uint64_t seconds = 0;  ///< since the worker began
    };

    bool accept();
    [[nodiscard]] std::size_t room() const noexcept;
    void adopt(FileDescriptor socket, const Client& client, bool turn_away);
    void pause_accepting() noexcept;
    void resume_accepting() noexcept;
    void on_tick();
    void count_connections();
    void begin_stop(Stop how);
    void begin_closing() noexcept;
    void close_listener() noexcept;

    template <class F>
    void for_each_connection(F&& f);

    const App& app_;
    ServeOptions options_;
    EventLoop loop_;
    detail::TaskContext context_;
    TlsContext* tls_;
    Listener listener_;
    Closing closing_{*this};
    Timer timer_;
    std::atomic<Stop> stop_ = Stop::none;
    std::atomic<std::uint64_t> turns_ = 0;
    std::atomic<bool> ended_ = false;
    HttpDate date_;
    OutputBatch batch_;
    std::uint64_t now_ = 0;
    std::uint64_t drain_begin_ = never;
    std::uint64_t drain_deadline_ = 0;
    Connection* connections_ = nullptr;
    std::size_t connection_count_ = 0;
    Exchange* free_exchanges_ = nullptr;
    std::size_t abandoned_ = 0;  ///< exchanges that other threads are in
    std::shared_ptr<detail::WakeTarget> spare_wake_targets_;
    bool accepting_ = false;
    bool draining_ = false;
};

}  // namespace zigmund::http::inline v0
