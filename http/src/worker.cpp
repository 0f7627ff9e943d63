#include "worker.hpp"

#include <zigmund/http/metrics.hpp>

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <new>
#include <span>
#include <system_error>
#include <utility>

#include "broken_pipe.hpp"

namespace zigmund::http::inline v0 {
namespace {

// Clients that are taken in one go: others wait to be served as well.
constexpr int accepts_at_once = 64;
// Connections that are being made when the server begins to drain are there after that.
constexpr std::chrono::milliseconds handshake_time{2};

void check(int result, const char* call) {
    if (result < 0) throw std::system_error(errno, std::system_category(), call);
}

Client to_client(const sockaddr_storage& address) noexcept {
    const void* const any = &address;
    if (address.ss_family == AF_INET) {
        const auto& v4 = *static_cast<const sockaddr_in*>(any);
        return {std::as_bytes(std::span{&v4.sin_addr, 1}), ntohs(v4.sin_port)};
    }
    if (address.ss_family == AF_INET6) {
        const auto& v6 = *static_cast<const sockaddr_in6*>(any);
        return {std::as_bytes(std::span{&v6.sin6_addr, 1}), ntohs(v6.sin6_port)};
    }
    return {};
}

}  // namespace

Worker::Worker(const App& app, const ServeOptions& options, ListeningSocket socket,
               const WorkerContext& context, FileDescriptor ticks)
    : app_{app},
      options_{options},
      context_{.loop = loop_, .pool = context.pool, .stopping = context.stopping},
      tls_{context.tls},
      listener_{*this, std::move(socket)} {
    resume_accepting();
    if (!accepting_) check(-1, "epoll_ctl");

    if (ticks) {
        timer_.descriptor = std::move(ticks);
    } else {
        timer_.descriptor = FileDescriptor{::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
        check(timer_.descriptor.get(), "timerfd_create");
        itimerspec each_second{};
        each_second.it_interval.tv_sec = each_second.it_value.tv_sec = 1;
        check(::timerfd_settime(timer_.descriptor.get(), 0, &each_second, nullptr), "timerfd_settime");
    }
    if (!loop_.watch(timer_.descriptor.get(), EPOLLIN, timer_)) check(-1, "epoll_ctl");
}

Worker::~Worker() {
    while (connections_ != nullptr) {
        Connection* const connection = connections_;
        connections_ = connection->following;
        app_.allocator().destroy(connection);
    }
    loop_.call_posted();  // wakers that are on their way, which hold themselves until then
    while (spare_wake_targets_ != nullptr) spare_wake_targets_ = std::move(spare_wake_targets_->next_spare);
    while (free_exchanges_ != nullptr) {
        Exchange* const exchange = free_exchanges_;
        free_exchanges_ = exchange->next_free;
        app_.allocator().destroy(exchange);
    }
}

void Worker::run() {
    const IgnoredBrokenPipe ignored;
    while (!draining_ || listener_.socket.descriptor || connection_count_ != 0 || abandoned_ != 0) {
        loop_.run_once();
        turns_.store(turns_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        // Here, because it may end connections of the batch.
        if (now_ != timer_.seconds) on_tick();
        if (stop_.load() != Stop::none) begin_stop(stop_.exchange(Stop::none));
    }
    count_connections();  // none
    ended_.store(true, std::memory_order_relaxed);
}

void Worker::Timer::on_events(std::uint32_t /*events*/) {
    std::uint64_t expirations = 0;
    if (::read(descriptor.get(), &expirations, sizeof expirations) == sizeof expirations)
        seconds += expirations;
}

void Worker::Listener::on_events(std::uint32_t /*events*/) {
    worker.accept();
    if (!socket.shared || !worker.accepting_) return;
    // To the end of the queue of those that wait for it: else the first would get all clients, as long as
    // they come one by one. One without room is not in it: the system would wake it in vain, and nobody else.
    worker.pause_accepting();
    worker.resume_accepting();
}

/// Whether there may be more.
bool Worker::accept() {
    const int at_once = listener_.socket.shared ? 1 : accepts_at_once;
    for (int i = 0; i < at_once; ++i) {
        if (connection_count_ >= room()) return pause_accepting(), false;
        sockaddr_storage address;
        socklen_t size = sizeof address;
        // The socket interface takes every address family through one type.
        void* const any = &address;
        FileDescriptor socket{::accept4(listener_.socket.descriptor.get(), static_cast<sockaddr*>(any), &size,
                                        SOCK_NONBLOCK | SOCK_CLOEXEC)};
        if (socket) {
            adopt(std::move(socket), to_client(address), connection_count_ >= options_.max_connections);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            return pause_accepting(), false;  // the next tick tries again, instead of spinning here
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return false;
        }
        // Else the client was gone before it was accepted, which is no reason to wait.
    }
    return true;
}

/// Connections that are accepted, those among them that are turned away.
std::size_t Worker::room() const noexcept {
    const std::size_t served = options_.max_connections;
    return options_.when_full == WhenFull::wait ? served : served + served / 4 + 1;
}

void Worker::adopt(FileDescriptor socket, const Client& client, bool turn_away) {
    // Without memory the client is turned away by the closing of its socket.
    Connection* connection = nullptr;
    try {
        connection = app_.allocator().create<Connection>(*this, std::move(socket), client);
    } catch (const std::bad_alloc&) {
        return;
    }
    connection->following = connections_;
    if (connections_ != nullptr) connections_->previous = connection;
    connections_ = connection;
    ++connection_count_;
    if (!connection->start()) return connection->end();
    if (turn_away) return connection->turn_away();
    if (draining_) connection->drain();
}

void Worker::pause_accepting() noexcept {
    if (std::exchange(accepting_, false)) loop_.unwatch(listener_.socket.descriptor.get());
}

void Worker::resume_accepting() noexcept {
    if (accepting_ || draining_ || connection_count_ >= room()) return;
    const std::uint32_t events = listener_.socket.shared ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN;
    // If the system has no memory for that, the next tick tries again.
    accepting_ = loop_.watch(listener_.socket.descriptor.get(), events, listener_);
}

void Worker::remove(Connection& connection) noexcept {
    (connection.previous != nullptr ? connection.previous->following : connections_) = connection.following;
    if (connection.following != nullptr) connection.following->previous = connection.previous;
    --connection_count_;
    loop_.forget(connection);
    app_.allocator().destroy(&connection);
    resume_accepting();
}

Exchange* Worker::take() {
    if (free_exchanges_ == nullptr) [[unlikely]] {
        auto* const exchange = app_.allocator().create<Exchange>(
            app_.allocator(), BodyLimits{options_.max_body, options_.max_upload, options_.upload_directory},
            &app_);
        exchange->context = &context_;
        return exchange;
    }
    return std::exchange(free_exchanges_, free_exchanges_->next_free);
}

std::shared_ptr<detail::WakeTarget> Worker::take_wake_target() {
    if (spare_wake_targets_ == nullptr) return std::make_shared<detail::WakeTarget>();
    std::shared_ptr<detail::WakeTarget> target = std::move(spare_wake_targets_);
    spare_wake_targets_ = std::move(target->next_spare);
    return target;
}

void Worker::give_back(std::shared_ptr<detail::WakeTarget> target) noexcept {
    target->next_spare = std::move(spare_wake_targets_);
    spare_wake_targets_ = std::move(target);
}

void Worker::give_back(Exchange* exchange) noexcept {
    exchange->finish();
    exchange->reader().clear();
    exchange->end(options_.arena_retain);
    keep(exchange);
}

void Worker::abandon(Exchange* exchange) noexcept {
    ++abandoned_;
    exchange->abandon(*this);
}

void Worker::take_back(Exchange* exchange) noexcept {
    --abandoned_;
    give_back(exchange);
}

void Worker::finish_elsewhere(Exchange* exchange) noexcept {
    ++abandoned_;
    exchange->finish_elsewhere(*this);
}

template <class F>
void Worker::for_each_connection(F&& f) {
    for (Connection* connection = connections_; connection != nullptr;) {
        Connection* const following = connection->following;
        f(*connection);
        connection = following;
    }
}

void Worker::on_tick() {
    // A worker that was busy for seconds has not looked: its clients had no part in that.
    const std::uint64_t away = timer_.seconds - now_ - 1;
    if (away != 0) for_each_connection([away](Connection& connection) { connection.excuse(away); });
    now_ = timer_.seconds;
    date_.update(std::time(nullptr));
    for_each_connection([this](Connection& connection) { connection.tick(now_); });
    if (draining_ && now_ >= drain_deadline_)
        for_each_connection([](Connection& connection) { connection.end(); });
    resume_accepting();
    // One that was woken for a client has perhaps something else to do first, which takes long.
    if (listener_.socket.shared && accepting_) accept();
    if (now_ >= drain_begin_) begin_stop(Stop::drain);
    count_connections();
}

void Worker::count_connections() {
    const Metrics* const metrics = app_.metrics();
    if (metrics == nullptr) return;
    using State = Metrics::Connections;
    constexpr std::array states{State::handshaking, State::idle,    State::reading,  State::handling,
                                State::writing,     State::writing, State::handling, State::closing};
    static_assert(states.size() == static_cast<std::size_t>(Connection::Phase::lingering) + 1);
    Metrics::ConnectionCounts counts{};
    for_each_connection([&](const Connection& connection) {
        const State state = states[static_cast<std::size_t>(connection.phase())];
        ++counts[static_cast<std::size_t>(state)];
    });
    metrics->note(counts);
}

void Worker::stop(Stop how) noexcept {
    // "Now" is not taken back by a later "drain".
    Stop expected = stop_.load();
    while (expected < how && !stop_.compare_exchange_weak(expected, how)) {
    }
    loop_.wake();
}

/// A listener that is closed resets what its queue holds, also connections whose clients have been told that
/// they are there and have sent their request, which a proxy must not send again. So it turns newcomers away
/// first: their first packet is dropped, which they send again, to whoever is there by then; then it takes
/// what was on its way, and is closed after that.
void Worker::begin_closing() noexcept {
    // In a TCP header, the byte with the flags; SYN is the second bit of it.
    std::array<sock_filter, 4> code{{BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
                                     BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 2, 0, 1),
                                     BPF_STMT(BPF_RET | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 0xffff)}};
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    // Where the system knows no filters the listener is closed all the same.
    (void)::setsockopt(listener_.socket.descriptor.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program,
                       sizeof program);
    loop_.start(closing_, http::Timer::Clock::now() + handshake_time);
}

void Worker::close_listener() noexcept {
    pause_accepting();  // what is closed stays watched as long as others have it open
    listener_.socket.descriptor.reset();
}

void Worker::begin_stop(Stop how) {
    if (how == Stop::soon) {
        if (drain_begin_ == never)
            drain_begin_ = now_ + static_cast<std::uint64_t>(options_.drain_grace.count()) + 1;
        return;
    }
    if (!draining_) {
        if (listener_.socket.file != nullptr) listener_.socket.file->remove_file();
        draining_ = true;
        drain_begin_ = never;
        drain_deadline_ = now_ + static_cast<std::uint64_t>(options_.drain_timeout.count()) + 1;
        if (listener_.socket.shared) {
            // The system would reset those that wait in the queue, with what they have sent. Who else has the
            // socket may be sent more clients at all times: there is an end to it.
            for (int i = 0; i < SOMAXCONN && accept(); ++i) {
            }
            close_listener();
        } else {
            begin_closing();
            while (accept()) {
            }
        }
        for_each_connection([](Connection& connection) { connection.drain(); });
    }
    if (how == Stop::now) {
        if (listener_.socket.descriptor) {
            loop_.cancel(closing_);
            close_listener();
        }
        for_each_connection([](Connection& connection) { connection.end(); });
    }
}

}  // namespace zigmund::http::inline v0
