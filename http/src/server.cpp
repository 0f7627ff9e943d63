#include <zigmund/http/server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <memory_resource>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "lifespan.hpp"
#include "thread_pool.hpp"
#include "worker.hpp"

namespace zigmund::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint parse_address(const ServeOptions& options) {
    error_code error;
    const std::string host{options.host};
    const asio::ip::address address = asio::ip::make_address(host, error);
    if (error) throw std::invalid_argument("zigmund: host is no IP address: " + host);
    return {address, options.port};
}

/// SO_REUSEPORT would also share the port with another server of the same user, and each would get some of
/// the other's clients: a bind without it shows whether the port is taken.
void check_port_is_free(const tcp::endpoint& address) {
    asio::io_context io;
    tcp::acceptor probe{io};
    probe.open(address.protocol());
    probe.set_option(asio::socket_base::reuse_address{true});
    probe.bind(address);
}

}  // namespace

class Server::Implementation {
  public:
    Implementation(App& app, const ServeOptions& options)
        : workers_{app.allocator()}, threads_{app.allocator()}, allocator_{app.allocator()}, app_{app} {
        check(options);
        tcp::endpoint address = parse_address(options);
        check_port_is_free(address);
        const unsigned count =
            options.workers != 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency());
        workers_.reserve(count);
        threads_.reserve(count);  // here, so that a server that was made has the memory to run
        try {
            if (app.blocks()) pool_.emplace(allocator_, options.blocking_threads, options.blocking_queue);
            for (unsigned i = 0; i < count; ++i) {
                workers_.push_back(
                    allocator_.create<Worker>(app, options, address, pool_ ? &*pool_ : nullptr));
                address = workers_.front()->address();
            }
        } catch (...) {
            destroy_workers();
            throw;
        }
        port_ = address.port();
    }

    ~Implementation() {
        // Its threads first: one may still be about to wake a worker that has done what it was told.
        pool_.reset();
        destroy_workers();
    }
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] unsigned workers() const noexcept { return static_cast<unsigned>(workers_.size()); }

    /// Calls `when_done` on a worker's thread after the last worker has ended.
    template <class WhenDone>
    void start(WhenDone when_done) {
        if (pool_) pool_->start();
        running_ = workers_.size();
        try {
            for (Worker* worker : workers_) {
                threads_.emplace_back([this, worker, when_done] {
                    worker->run();
                    if (running_.fetch_sub(1) == 1) when_done();
                });
            }
        } catch (...) {
            stop(Worker::Stop::now);
            join();
            throw;
        }
    }

    void run() {
        start([] {});
        join();
    }

    void run_until_signal() {
        asio::io_context io{1};
        asio::signal_set signals{io, SIGINT, SIGTERM};
        signals.async_wait([&](const error_code& error, int) {
            if (error) return;
            stop(Worker::Stop::drain);
            signals.async_wait([&](const error_code& again, int) {
                if (again) return;
                stop(Worker::Stop::now);
                signals.clear();  // what hangs is ended by a third one
            });
        });
        // Without something to reload, a terminal that hangs up ends the program as it does others.
        asio::signal_set reloads{io};
        std::function<void(const error_code&, int)> on_reload = [&](const error_code& error, int) {
            if (error) return;
            app_.reload();
            reloads.async_wait(on_reload);
        };
        if (app_.reloads()) {
            reloads.add(SIGHUP);
            reloads.async_wait(on_reload);
        }
        start([&io] { io.stop(); });
        io.run();
        join();
    }

    void stop(Worker::Stop how) {
        for (Worker* worker : workers_) worker->stop(how);
    }

  private:
    void join() {
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
    }

    void destroy_workers() noexcept {
        for (Worker* worker : workers_) allocator_.destroy(worker);
        workers_.clear();
    }

    std::optional<ThreadPool> pool_;
    std::pmr::vector<Worker*> workers_;
    std::pmr::vector<std::thread> threads_;
    alloc::Allocator allocator_;
    const App& app_;
    std::uint16_t port_ = 0;
    std::atomic<std::size_t> running_ = 0;
};

Server::Server(App& app, const ServeOptions& options) : app_{app}, implementation_{nullptr} {
    try {
        implementation_ = app.allocator().create<Implementation>(app, options);
    } catch (const boost::system::system_error& error) {
        throw std::system_error(error.code().value(), std::system_category(), "listen");
    }
}

Server::~Server() { app_.allocator().destroy(implementation_); }

std::uint16_t Server::port() const noexcept { return implementation_->port(); }
unsigned Server::workers() const noexcept { return implementation_->workers(); }

void Server::run() {
    const Lifespan lifespan{app_};
    implementation_->run();
}

void Server::run_until_signal() {
    const Lifespan lifespan{app_};
    implementation_->run_until_signal();
}

void Server::stop() { implementation_->stop(Worker::Stop::drain); }
void Server::stop_now() { implementation_->stop(Worker::Stop::now); }

}  // namespace zigmund::http
