#include <zigmund/http/server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory_resource>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "lifespan.hpp"
#include "listening_socket.hpp"
#include "monitor.hpp"
#include "service_manager.hpp"
#include "thread_pool.hpp"
#include "tls_context.hpp"
#include "unix_listener.hpp"
#include "watchdog.hpp"
#include "worker.hpp"

namespace zigmund::http::inline v0 {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// The first socket of an address that nobody else has.
ListeningSocket listen_at(const SocketAddress& address) {
    check_port_is_free(address);
    return ListeningSocket::at(address);
}

/// What `f` returns; if the system refuses something, it is said what for.
template <class F>
auto listening_on(const std::string& place, F f) {
    try {
        return f();
    } catch (const std::system_error& error) {
        throw std::system_error(error.code(), "zigmund: cannot listen on " + place);
    }
}

}  // namespace

class ZIGMUND_HIDDEN Server::Implementation {
  public:
    Implementation(App& app, const ServeOptions& options)
        : workers_{app.allocator()}, threads_{app.allocator()}, allocator_{app.allocator()}, app_{app} {
        check(options);
        if (!options.tls_certificate.empty())
            tls_.emplace(std::string{options.tls_certificate}, std::string{options.tls_key});
        has_grace_ = options.drain_grace.count() != 0;
        const unsigned count =
            options.workers != 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency());
        workers_.reserve(count);
        threads_.reserve(count);  // here, so that a server that was made has the memory to run
        try {
            if (app.blocks()) pool_.emplace(allocator_, options.blocking_threads, options.blocking_queue);
            add_workers(options, count);
            if (options.monitor_port) add_monitor(options.monitor_host, *options.monitor_port);
        } catch (...) {
            destroy_workers();
            throw;
        }
    }

    ~Implementation() {
        // Its threads first: one may still be about to wake a worker that has done what it was told.
        pool_.reset();
        destroy_workers();
    }
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;

    [[nodiscard]] const SocketAddress& address() const noexcept { return address_; }
    [[nodiscard]] const Monitor* monitor() const noexcept { return monitor_ ? &*monitor_ : nullptr; }
    [[nodiscard]] unsigned workers() const noexcept { return static_cast<unsigned>(workers_.size()); }

    /// Calls `when_done` on a worker's thread after the last worker has ended.
    template <class WhenDone>
    void start(WhenDone when_done) {
        if (pool_) pool_->start();
        running_ = workers_.size();
        try {
            if (monitor_) monitor_->start();
            for (Worker* worker : workers_) {
                threads_.emplace_back([this, worker, when_done] {
                    worker->run();
                    if (running_.fetch_sub(1) == 1) when_done();
                });
            }
        } catch (...) {
            stop_now();
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
            stop();
            signals.async_wait([&](const error_code& again, int) {
                if (again) return;
                stop_now();
                signals.clear();  // what hangs is ended by a third one
            });
        });
        // Without something to reload, a terminal that hangs up ends the program as it does others.
        asio::signal_set reloads{io};
        std::function<void(const error_code&, int)> on_reload = [&](const error_code& error, int) {
            if (error) return;
            reload();
            reloads.async_wait(on_reload);
        };
        if (app_.reloads() || tls_) {
            reloads.add(SIGHUP);
            reloads.async_wait(on_reload);
        }
        notifies_ = true;
        start([&io] { io.stop(); });
        notify_service_manager("READY=1");
        std::optional<Watchdog> watchdog;
        if (const auto interval = watchdog_interval()) watchdog.emplace(io, workers_, *interval);
        io.run();
        join();
    }

    bool reload() {
        app_.reload();
        if (!tls_) return true;
        try {
            tls_->reload();
            return true;
        } catch (const std::exception& error) {
            std::fprintf(stderr, "%s; the one that was there stays\n", error.what());
            return false;
        }
    }

    [[nodiscard]] const char* scheme() const noexcept { return tls_ ? "https://" : "http://"; }
    void stop() { stop(has_grace_ ? Worker::Stop::soon : Worker::Stop::drain); }
    void stop_now() { stop(Worker::Stop::now); }

  private:
    void add_workers(const ServeOptions& options, unsigned count) {
        std::string place;
        ListeningSocket socket;
        if (options.fd) {
            place = "descriptor " + std::to_string(*options.fd);
            socket = listening_on(place, [&] { return ListeningSocket::given(*options.fd); });
        } else if (!options.unix_socket.empty()) {
            place = std::string{"unix:"}.append(options.unix_socket);
            listening_on(place, [&] { file_.emplace(options.unix_socket, options.unix_socket_mode); });
            socket = {file_->take(), true, &*file_};
        } else {
            const SocketAddress address = SocketAddress::parse("host", options.host, options.port);
            place = address.text();
            socket = listening_on(place, [&] { return listen_at(address); });
        }
        address_ = SocketAddress::of(socket.descriptor.get());
        const WorkerContext context{
            .pool = pool_ ? &*pool_ : nullptr, .stopping = &stopping_, .tls = tls_ ? &*tls_ : nullptr};
        while (workers_.size() < count) {
            // The last one has the socket itself, so that it is closed when all have closed theirs.
            const bool is_last = workers_.size() + 1 == count;
            ListeningSocket own =
                is_last ? std::move(socket) : listening_on(place, [&] { return socket.another(); });
            workers_.push_back(allocator_.create<Worker>(app_, options, std::move(own), context));
        }
    }

    void add_monitor(std::string_view host, std::uint16_t port) {
        const SocketAddress address = SocketAddress::parse("monitor_host", host, port);
        monitor_.emplace(app_, listening_on(address.text(), [&] { return listen_at(address); }), stopping_);
    }

    void stop(Worker::Stop how) {
        if (!stopping_.exchange(true) && notifies_) notify_service_manager("STOPPING=1");
        for (Worker* worker : workers_) worker->stop(how);
    }

    void join() {
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
        if (monitor_) monitor_->stop();
    }

    void destroy_workers() noexcept {
        for (Worker* worker : workers_) allocator_.destroy(worker);
        workers_.clear();
    }

    std::optional<ThreadPool> pool_;
    std::optional<UnixListener> file_;
    std::optional<TlsContext> tls_;
    std::pmr::vector<Worker*> workers_;
    std::pmr::vector<std::thread> threads_;
    alloc::Allocator allocator_;
    const App& app_;
    SocketAddress address_;
    std::atomic<std::size_t> running_ = 0;
    std::atomic<bool> stopping_ = false;
    bool has_grace_ = false;
    std::atomic<bool> notifies_ = false;  ///< who started the program is told
    std::optional<Monitor> monitor_;
};

Server::Server(App& app, const ServeOptions& options)
    : app_{app}, implementation_{app.allocator().create<Implementation>(app, options)} {}

Server::~Server() { app_.allocator().destroy(implementation_); }

std::uint16_t Server::port() const noexcept { return implementation_->address().port(); }
std::string Server::address() const {
    const std::string text = implementation_->address().text();
    return port() == 0 ? text : implementation_->scheme() + text;
}
std::uint16_t Server::monitor_port() const noexcept {
    const Monitor* const monitor = implementation_->monitor();
    return monitor == nullptr ? std::uint16_t{0} : monitor->address().port();
}
std::string Server::monitor_address() const {
    const Monitor* const monitor = implementation_->monitor();
    return monitor == nullptr ? std::string{} : "http://" + monitor->address().text();
}
unsigned Server::workers() const noexcept { return implementation_->workers(); }

void Server::run() {
    const Lifespan lifespan{app_};
    implementation_->run();
}

void Server::run_until_signal() {
    const Lifespan lifespan{app_};
    implementation_->run_until_signal();
}

bool Server::reload() { return implementation_->reload(); }
void Server::stop() { implementation_->stop(); }
void Server::stop_now() { implementation_->stop_now(); }

}  // namespace zigmund::http::inline v0
