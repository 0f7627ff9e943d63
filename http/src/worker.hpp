// Worker: a thread's event loop, its listener, its connections and its arenas.
//
// Nothing in here is shared: the kernel spreads connections over the workers' listeners (SO_REUSEPORT).
//
// Threads: run() makes the calling thread the worker's; stop() may be called from any. Memory: the App's
// allocator. Cost: one coarse timer, once a second, for all of its connections.
#pragma once

#include <zigmund/http/app.hpp>
#include <zigmund/http/serve_options.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "connection.hpp"
#include "event_loop.hpp"
#include "exchange.hpp"
#include "file_descriptor.hpp"
#include "output_batch.hpp"
#include "wire_response.hpp"

namespace zigmund::http {

class Worker {
  public:
    enum class Stop : std::uint8_t { none, drain, now };

    /// Listens at `address`, together with other workers. `pool` is null, or outlives it. `ticks` is for
    /// tests: a descriptor that tells how many seconds have passed, as a timerfd, which else it is, or an
    /// eventfd does. Throws std::system_error.
    Worker(const App& app, const ServeOptions& options, const boost::asio::ip::tcp::endpoint& address,
           ThreadPool* pool = nullptr, FileDescriptor ticks = FileDescriptor{});
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    [[nodiscard]] boost::asio::ip::tcp::endpoint address() const { return address_; }

    /// Serves until stop(), and until no connection is left.
    void run();
    void stop(Stop how) noexcept;

    // What a connection needs.
    [[nodiscard]] EventLoop& loop() noexcept { return loop_; }
    [[nodiscard]] const App& app() const noexcept { return app_; }
    [[nodiscard]] const ServeOptions& options() const noexcept { return options_; }
    [[nodiscard]] const HttpDate& date() const noexcept { return date_; }
    /// Answers of the connection that is being served.
    [[nodiscard]] OutputBatch& batch() noexcept { return batch_; }
    /// Seconds since the worker began.
    [[nodiscard]] std::uint64_t now() const noexcept { return now_; }
    /// From the moment of stop() on, whatever of the batch is served before it is acted upon.
    [[nodiscard]] bool draining() const noexcept { return draining_ || stop_.load() != Stop::none; }
    /// An exchange for a request; a warm one if there is one. Throws std::bad_alloc.
    [[nodiscard]] Exchange* take();
    /// Takes it back, with what its arena may keep.
    void give_back(Exchange* exchange) noexcept;
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
    struct Listener final : EventHandler {
        explicit Listener(Worker& owner) noexcept : worker{owner} {}
        void on_events(std::uint32_t /*events*/) override { worker.accept(); }
        Worker& worker;
        FileDescriptor socket;
    };
    /// The end of the listener, when the server drains.
    struct Closing final : http::Timer {
        explicit Closing(Worker& owner) noexcept : worker{owner} {}
        void on_time() override { worker.listener_.socket.reset(); }
        Worker& worker;
    };
    struct Timer final : EventHandler {
        void on_events(std::uint32_t events) override;
        FileDescriptor descriptor;
        std::uint64_t seconds = 0;  ///< since the worker began
    };

    void listen(const boost::asio::ip::tcp::endpoint& address);
    bool accept();
    [[nodiscard]] std::size_t room() const noexcept;
    void adopt(FileDescriptor socket, const Client& client, bool turn_away);
    void pause_accepting() noexcept;
    void resume_accepting() noexcept;
    void on_tick();
    void begin_stop(Stop how);
    void begin_closing() noexcept;

    template <class F>
    void for_each_connection(F&& f);

    const App& app_;
    ServeOptions options_;
    EventLoop loop_;
    detail::TaskContext context_;
    Listener listener_{*this};
    Closing closing_{*this};
    Timer timer_;
    boost::asio::ip::tcp::endpoint address_;
    std::atomic<Stop> stop_ = Stop::none;
    HttpDate date_;
    OutputBatch batch_;
    std::uint64_t now_ = 0;
    std::uint64_t drain_deadline_ = 0;
    Connection* connections_ = nullptr;
    std::size_t connection_count_ = 0;
    Exchange* free_exchanges_ = nullptr;
    std::size_t abandoned_ = 0;  ///< exchanges that other threads are in
    std::shared_ptr<detail::WakeTarget> spare_wake_targets_;
    bool accepting_ = true;
    bool draining_ = false;
};

}  // namespace zigmund::http
