#include "worker.hpp"

#include <boost/asio/detail/socket_option.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>

#include <sys/socket.h>

#include <ctime>
#include <new>
#include <utility>

namespace zigmund::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

}  // namespace

Worker::Worker(const App& app, const ServeOptions& options, const asio::ip::tcp::endpoint& address)
    : app_{app}, options_{options} {
    acceptor_.open(address.protocol());
    acceptor_.set_option(asio::socket_base::reuse_address{true});
    acceptor_.set_option(ReusePort{true});
    acceptor_.bind(address);
    acceptor_.listen(asio::socket_base::max_listen_connections);
    acceptor_.non_blocking(true);
}

Worker::~Worker() {
    while (connections_ != nullptr) {
        Connection* const connection = connections_;
        connections_ = connection->following;
        app_.allocator().destroy(connection);
    }
    while (free_exchanges_ != nullptr) {
        Exchange* const exchange = free_exchanges_;
        free_exchanges_ = exchange->next_free;
        app_.allocator().destroy(exchange);
    }
}

void Worker::run() {
    accept();
    wait_for_tick();
    io_.run();
}

void Worker::accept() {
    if (accepting_ || draining_ || connection_count_ >= options_.max_connections) return;
    accepting_ = true;
    acceptor_.async_accept(Handler{
        accept_memory_,
        [this](const error_code& error, Connection::Socket socket) { on_accept(error, std::move(socket)); }});
}

void Worker::on_accept(const error_code& error, Connection::Socket socket) {
    accepting_ = false;
    if (draining_) return;
    if (error) {
        // Without file descriptors or memory, the next tick tries again instead of spinning here; a client
        // that was gone before it was accepted is no reason to wait.
        if (error == asio::error::connection_aborted) accept();
        return;
    }
    adopt(std::move(socket));
    accept();
}

void Worker::adopt(Connection::Socket socket) {
    // Without memory the client is turned away by the closing of its socket.
    try {
        auto* const connection = app_.allocator().create<Connection>(*this, std::move(socket));
        connection->following = connections_;
        if (connections_ != nullptr) connections_->previous = connection;
        connections_ = connection;
        ++connection_count_;
        connection->start();
    } catch (const std::bad_alloc&) {
        return;
    }
}

void Worker::remove(Connection& connection) noexcept {
    (connection.previous != nullptr ? connection.previous->following : connections_) = connection.following;
    if (connection.following != nullptr) connection.following->previous = connection.previous;
    --connection_count_;
    app_.allocator().destroy(&connection);
    accept();
    end_if_idle();
}

Exchange* Worker::take() {
    if (free_exchanges_ == nullptr) return app_.allocator().create<Exchange>(app_.allocator());
    return std::exchange(free_exchanges_, free_exchanges_->next_free);
}

void Worker::give_back(Exchange* exchange) noexcept {
    exchange->end(options_.arena_retain);
    exchange->next_free = free_exchanges_;
    free_exchanges_ = exchange;
}

template <class F>
void Worker::for_each_connection(F&& f) {
    for (Connection* connection = connections_; connection != nullptr;) {
        Connection* const following = connection->following;
        f(*connection);
        connection = following;
    }
}

void Worker::wait_for_tick() {
    if (draining_ && connection_count_ == 0) return;
    timer_.expires_at(start_ + std::chrono::seconds{now_ + 1});
    timer_.async_wait(Handler{timer_memory_, [this](const error_code& error) {
                                  if (!error) on_tick();
                              }});
}

void Worker::on_tick() {
    now_ = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start_).count());
    date_.update(std::time(nullptr));
    for_each_connection([this](Connection& connection) { connection.tick(now_); });
    if (draining_ && now_ >= drain_deadline_)
        for_each_connection([](Connection& connection) { connection.abort(); });
    accept();
    wait_for_tick();
}

void Worker::stop(Stop how) {
    asio::post(io_, [this, how] { begin_stop(how); });
}

void Worker::begin_stop(Stop how) {
    if (!draining_) {
        draining_ = true;
        drain_deadline_ = now_ + static_cast<std::uint64_t>(options_.drain_timeout.count()) + 1;
        error_code error;
        acceptor_.close(error);
        for_each_connection([](Connection& connection) { connection.drain(); });
    }
    if (how == Stop::now) for_each_connection([](Connection& connection) { connection.abort(); });
    end_if_idle();
}

void Worker::end_if_idle() {
    if (draining_ && connection_count_ == 0) timer_.cancel();
}

}  // namespace zigmund::http
