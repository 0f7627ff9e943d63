// Server: an App on the network.
//
// A worker is a thread with its own event loop, its own listener (SO_REUSEPORT) and its own arenas; workers
// share nothing on the way of a request. Of a unix socket, or a descriptor that listens already, they take
// connections in turn (EPOLLEXCLUSIVE). App::serve() is a Server with signals; tests and programs with a
// main loop of their own use this one.
//
// Threads: run() blocks its thread and starts the others; stop() may be called from any thread. Memory:
// connections and arenas come from the App's allocator and are back in it when run() returns.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/app.hpp>
#include <zigmund/http/serve_options.hpp>

#include <cstdint>
#include <string>

namespace zigmund::http::inline v0 {

class ZIGMUND_EXPORT Server {
  public:
    /// Listens. The App outlives the Server. Throws std::bad_alloc, and, with a what() for people,
    /// std::system_error if it cannot listen, std::invalid_argument for options that cannot be meant, those
    /// of check(ServeOptions) among them:
    ///
    ///     zigmund: cannot listen on 127.0.0.1:8080: Address already in use
    ///     zigmund: cannot listen on unix:/run/items.sock: Address already in use
    ///     zigmund: host is no IP address: <host>
    ///     zigmund: monitor_host is no IP address: <host>
    ///     zigmund: unix_socket /etc/passwd: there is a file that is no socket
    ///     zigmund: fd 7 is no socket that listens
    ///     zigmund: tls_certificate /x.pem: No such file or directory
    ///     zigmund: tls_certificate /x.pem: there is no certificate in it, in PEM
    ///     zigmund: tls_key /x.pem: there is no private key in it, in PEM
    ///     zigmund: tls_key /x.pem: it has a passphrase, which nobody is there to type
    ///     zigmund: tls_key /x.pem: it is not the key of the certificate
    ///
    /// and other things that OpenSSL has against a certificate, in its words.
    Server(App& app, const ServeOptions& options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// The port that it listens on; 0: it is a unix socket.
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// Where that is: "http://127.0.0.1:8080", "unix:/run/items.sock". Throws std::bad_alloc.
    [[nodiscard]] std::string address() const;
    /// The same of ServeOptions::monitor_port; 0, and "": there is none.
    [[nodiscard]] std::uint16_t monitor_port() const noexcept;
    [[nodiscard]] std::string monitor_address() const;
    /// How many threads serve.
    [[nodiscard]] unsigned workers() const noexcept;

    /// Starts the App (App::startup(), whose exceptions pass through), serves until stop(), and shuts the App
    /// down. Once. Throws std::system_error if the system has no more threads.
    void run();

    /// The same, and SIGINT and SIGTERM stop it: the first is stop(), a second one does not wait. SIGHUP is
    /// reload(). Tells who started it when it serves and when it stops, if that asks for it as systemd
    /// does (NOTIFY_SOCKET, Type=notify).
    void run_until_signal();

    /// App::reload(), and the files of ServeOptions::tls_certificate and tls_key are read anew, for connections
    /// that come from now on. False: they cannot be used; those that were read before stay, and stderr says
    /// why. Any thread.
    bool reload();

    /// Readiness is 503 from now on. After ServeOptions::drain_grace no new connections; requests that were
    /// begun are answered, idle connections are closed; then run() returns, after ServeOptions::drain_timeout
    /// at the latest. Any thread, any number of times.
    void stop();

    /// stop() without a grace, and without waiting for anybody. Any thread.
    void stop_now();

  private:
    class Implementation;

    App& app_;
    Implementation* implementation_;
};

}  // namespace zigmund::http::inline v0
