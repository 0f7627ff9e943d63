// TLS: what clients see of it, and what becomes of those that do it wrong. curl and openssl are the clients,
// and, where bytes are to be told apart, OpenSSL in this process.
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "http_client.hpp"
#include "served_app.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using zigmund::support::HttpClient;
using zigmund::support::HttpReply;
using zigmund::support::RunningServer;

std::string run(const std::string& command) {
    std::FILE* const pipe = ::popen(("timeout 60 " + command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return "cannot run";
    std::string output;
    std::array<char, 4096> buffer{};
    for (std::size_t size = 0; (size = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
        output.append(buffer.data(), size);
    ::pclose(pipe);
    return output;
}

/// A client that trusts everybody.
class TlsClient {
  public:
    explicit TlsClient(std::uint16_t port, int version = TLS1_3_VERSION)
        : socket_{port}, context_{::SSL_CTX_new(::TLS_client_method())}, ssl_{::SSL_new(context_)} {
        SSL_set_max_proto_version(ssl_, version);
        ::SSL_set_fd(ssl_, socket_.descriptor());
        connected_ = ::SSL_connect(ssl_) == 1;
    }
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;
    /// Without a word to the server.
    ~TlsClient() {
        ::SSL_free(ssl_);
        ::SSL_CTX_free(context_);
    }

    [[nodiscard]] bool connected() const noexcept { return connected_; }
    /// In one record, if it is no longer than that.
    bool send(std::string_view text) {
        return ::SSL_write(ssl_, text.data(), static_cast<int>(text.size())) > 0;
    }
    /// What comes, up to the end of `last`, or to the end of all.
    std::string receive(std::string_view last) {
        std::string text;
        std::array<char, 4096> buffer{};
        while (text.find(last) == std::string::npos) {
            const int size = ::SSL_read(ssl_, buffer.data(), buffer.size());
            if (size <= 0) break;
            text.append(buffer.data(), static_cast<std::size_t>(size));
        }
        return text;
    }
    /// Whether the server has said that nothing follows.
    bool closed() {
        char byte = 0;
        const int size = ::SSL_read(ssl_, &byte, 1);
        return size == 0 && ::SSL_get_error(ssl_, size) == SSL_ERROR_ZERO_RETURN;
    }
    /// Why another handshake is not to be had; empty: it is.
    std::string renegotiate() {
        ::ERR_clear_error();
        if (::SSL_renegotiate(ssl_) == 1 && ::SSL_do_handshake(ssl_) == 1) {
            char byte = 0;
            if (::SSL_read(ssl_, &byte, 1) > 0 || ::SSL_renegotiate_pending(ssl_) == 0) return {};
        }
        const char* const reason = ::ERR_reason_error_string(::ERR_peek_error());
        return reason == nullptr ? "the server has closed" : reason;
    }
    /// The name on the server's certificate.
    [[nodiscard]] std::string server_name() const {
        X509* const certificate = ::SSL_get1_peer_certificate(ssl_);
        std::array<char, 256> name{};
        ::X509_NAME_get_text_by_NID(::X509_get_subject_name(certificate), NID_commonName, name.data(),
                                    static_cast<int>(name.size()));
        ::X509_free(certificate);
        return name.data();
    }

  private:
    HttpClient socket_;
    SSL_CTX* context_;
    SSL* ssl_;
    bool connected_ = false;
};

class Tls : public zigmund::support::ServedApp {
  protected:
    Tls() {
        ::signal(SIGPIPE, SIG_IGN);  // OpenSSL's client has it
        std::string name = "/tmp/zigmund-tls-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        make_certificate("first", "");
        app_->get("/hello", [] { return http::Response::text("Hello, World!"); });
        app_->get("/scheme", [](http::Request& request) { return http::Response::text(request.scheme()); });
        app_->post("/echo", [](http::Request& request) { return http::Response::text(request.body()); });
        app_->get("/file", [this](http::Request& request) {
            return http::Response::file_from_path(request, file("large").native());
        });
    }
    ~Tls() override {
        running_.reset();
        std::filesystem::remove_all(folder_);
    }

    [[nodiscard]] std::filesystem::path file(std::string_view name) const { return folder_ / name; }
    /// NAME.pem and NAME.key.
    void make_certificate(const std::string& name, const std::string& options) const {
        run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2 " +
            (options.empty() ? std::string{"-nodes"} : options) + " -subj /CN=" + name +
            " -addext subjectAltName=IP:127.0.0.1 -keyout " + file(name + ".key").native() + " -out " +
            file(name + ".pem").native());
    }
    void serve(http::ServeOptions options = {.workers = 1}) {
        options.tls_certificate = certificate_ = file("first.pem");
        options.tls_key = key_ = file("first.key");
        running_ = std::make_unique<RunningServer>(*app_, options);
    }
    void use(const std::string& name) const {
        std::filesystem::copy_file(file(name + ".pem"), file("first.pem"),
                                   std::filesystem::copy_options::overwrite_existing);
        std::filesystem::copy_file(file(name + ".key"), file("first.key"),
                                   std::filesystem::copy_options::overwrite_existing);
    }
    [[nodiscard]] std::string curl(const std::string& path, const std::string& arguments = "") const {
        return run("curl -sS --cacert " + file("first.pem").native() +
                   " -w '[%{http_code} %{http_version}]' " + arguments +
                   " https://127.0.0.1:" + std::to_string(running_->port()) + path);
    }
    [[nodiscard]] std::string s_client(const std::string& input, const std::string& arguments) const {
        std::ofstream{file("input")} << input;
        return run("openssl s_client -connect 127.0.0.1:" + std::to_string(running_->port()) + " " +
                   arguments + " < " + file("input").native());
    }
    void expect_alive() const { EXPECT_EQ(curl("/hello"), "Hello, World![200 1.1]"); }
    std::string refusal(const std::string& certificate, const std::string& key) {
        try {
            const http::Server server{
                *app_, {.port = 0, .tls_certificate = certificate, .tls_key = key, .workers = 1}};
            return "it listens";
        } catch (const std::exception& error) {
            return error.what();
        }
    }

    std::filesystem::path folder_;
    std::string certificate_;
    std::string key_;
};

TEST_F(Tls, ServesHttp11InVersions12And13AndNoOlderOnes) {
    serve();
    EXPECT_EQ(running_->server().address(), "https://127.0.0.1:" + std::to_string(running_->port()));
    EXPECT_EQ(curl("/hello", "--tls-max 1.2"), "Hello, World![200 1.1]");
    EXPECT_EQ(curl("/hello", "--tlsv1.3"), "Hello, World![200 1.1]");
    EXPECT_EQ(curl("/hello", "--http2"), "Hello, World![200 1.1]");
    EXPECT_EQ(curl("/scheme"), "https[200 1.1]");
    EXPECT_NE(s_client("", "-tls1_1 -cipher DEFAULT@SECLEVEL=0").find("alert protocol version"),
              std::string::npos);
}

TEST_F(Tls, ChoosesHttp11ByAlpnAndRefusesWhoDoesNotSpeakIt) {
    serve();
    EXPECT_NE(s_client("", "-alpn h2,http/1.1").find("\nALPN protocol: http/1.1\n"), std::string::npos);
    EXPECT_NE(s_client("", "-alpn h2").find("alert no application protocol"), std::string::npos);
    EXPECT_NE(s_client("", "").find("\nNo ALPN negotiated\n"), std::string::npos);
    expect_alive();
}

TEST_F(Tls, LargeBodiesAndFilesArriveWhole) {
    {
        std::ofstream large{file("large"), std::ios::binary};
        for (int i = 0; i < 1'500'000; ++i) large << i % 1000003 << '\n';
    }
    ASSERT_GT(std::filesystem::file_size(file("large")), 8U << 20);
    serve({.workers = 1, .max_body = std::size_t{32} << 20});
    EXPECT_EQ(curl("/file", "-o " + file("got").native()), "[200 1.1]");
    EXPECT_EQ(run("cmp " + file("large").native() + " " + file("got").native()), "");
    EXPECT_EQ(curl("/echo", "-o " + file("got").native() + " -H 'content-type: text/plain' --data-binary @" +
                                file("large").native()),
              "[200 1.1]");
    EXPECT_EQ(run("cmp " + file("large").native() + " " + file("got").native()), "");
    EXPECT_EQ(curl("/echo", "-o " + file("got").native() +
                                " -H 'transfer-encoding: chunked' --data-binary @" + file("large").native()),
              "[200 1.1]");
    EXPECT_EQ(run("cmp " + file("large").native() + " " + file("got").native()), "");
}

// A record holds 16 KiB, a connection reads 8 of them at once: the socket does not tell of the rest.
TEST_F(Tls, RequestsThatComeInOneRecordAreAllAnswered) {
    serve();
    TlsClient client{running_->port()};
    std::string requests;
    constexpr int count = 300;
    for (int i = 1; i < count; ++i) requests += get("/hello");
    requests += get("/scheme");
    ASSERT_GT(requests.size(), 9000U);
    ASSERT_LT(requests.size(), 16384U);
    ASSERT_TRUE(client.send(requests));
    const std::string answers = client.receive("\r\n\r\nhttps");
    int answered = 0;
    for (std::size_t at = 0; (at = answers.find("HTTP/1.1 200 OK\r\n", at)) != std::string::npos; ++at)
        ++answered;
    EXPECT_EQ(answered, count);
    ASSERT_TRUE(client.send(get("/hello", "Connection: close\r\n")));
    EXPECT_TRUE(client.receive("World!").ends_with("Hello, World!"));
    EXPECT_TRUE(client.closed());
}

TEST_F(Tls, ARequestMayComeInARecordForEachByte) {
    serve();
    TlsClient client{running_->port()};
    for (const char& byte : get("/hello")) ASSERT_TRUE(client.send({&byte, 1}));
    EXPECT_TRUE(client.receive("World!").ends_with("Hello, World!"));
}

// ---- who does it wrong ------------------------------------------------------------------------------------

TEST_F(Tls, WhoSpeaksHttpWithoutTlsIsToldSo) {
    serve();
    HttpClient client{running_->port()};
    const HttpReply reply = client.request(get("/hello"));
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.body, R"({"detail":"This port speaks TLS: ask with https:"})");
    EXPECT_EQ(reply.field("connection"), "close");
    EXPECT_TRUE(client.closed());
    EXPECT_EQ(
        run("curl -s -w '[%{http_code}]' http://127.0.0.1:" + std::to_string(running_->port()) + "/hello"),
        R"({"detail":"This port speaks TLS: ask with https:"}[400])");
    expect_alive();
}

TEST_F(Tls, AHandshakeHasAsLongAsARequestsHead) {
    serve({.workers = 1, .request_timeout = std::chrono::seconds{1}, .idle_timeout = std::chrono::hours{1}});
    HttpClient silent{running_->port()};
    HttpClient half{running_->port()};
    half.send({"\x16\x03\x01\x02\x00\x01", 6});
    expect_alive();
    EXPECT_TRUE(silent.closed());
    EXPECT_TRUE(half.closed());
}

TEST_F(Tls, RenegotiationIsRefused) {
    serve();
    TlsClient client{running_->port(), TLS1_2_VERSION};
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.renegotiate(), "no renegotiation");
    expect_alive();
}

TEST_F(Tls, AClientThatLeavesAtAnyPointLeavesNothingBehind) {
    serve();
    // The beginning of a handshake, garbage, a record that is too long.
    for (const std::string_view bytes :
         {std::string_view{"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03", 10},
          std::string_view{"\x16\x03\x01\xff\xff", 5}, std::string_view{"\x80\x80\x80\x80\x80\x80", 6},
          std::string_view{"\x15\x03\x03\x00\x02\x02\x28", 7},
          std::string_view{"\0\0\0\0\0\0\0\0\0\0\0\0", 12}}) {
        for (std::size_t size = 0; size <= bytes.size(); ++size) {
            HttpClient client{running_->port()};
            client.send(bytes.substr(0, size));
            client.shutdown_send();
            const HttpReply reply = client.receive();
            EXPECT_EQ(reply.status, 0);
        }
    }
    const std::string request = get("/hello");
    for (std::size_t size = 0; size <= request.size(); ++size) {
        TlsClient client{running_->port()};
        ASSERT_TRUE(client.connected());
        if (size != 0) client.send(std::string_view{request}.substr(0, size));
    }
    std::ofstream{file("large"), std::ios::binary} << std::string(std::size_t{8} << 20, 'x');
    for (int i = 0; i < 20; ++i) {
        TlsClient client{running_->port()};
        client.send(get("/file"));
        client.receive("\r\n\r\n");
    }
    expect_alive();
}

TEST_F(Tls, WhoFindsNoRoomIsClosed) {
    serve({.workers = 1,
           .max_connections = 1,
           .when_full = http::WhenFull::refuse,
           .request_timeout = std::chrono::hours{1},
           .write_timeout = std::chrono::hours{1},
           .min_rate = 0});
    TlsClient first{running_->port()};
    EXPECT_TRUE(first.connected());
    HttpClient second{running_->port()};
    EXPECT_TRUE(second.closed());
    ASSERT_TRUE(first.send(get("/hello")));
    EXPECT_TRUE(first.receive("World!").ends_with("Hello, World!"));
}

TEST_F(Tls, AnIdleConnectionIsClosedInGoodOrder) {
    serve({.workers = 1, .idle_timeout = std::chrono::seconds{1}});
    TlsClient client{running_->port()};
    ASSERT_TRUE(client.send(get("/hello")));
    EXPECT_TRUE(client.receive("World!").ends_with("Hello, World!"));
    EXPECT_TRUE(client.closed());
}

// A stream that breaks off has no length by which an old client could tell.
TEST_F(Tls, AnAnswerThatBreaksOffDoesNotEndInGoodOrder) {
    app_->get("/breaks", [](alloc::Allocator arena) {
        return http::Response::stream(arena, [n = 0](http::StreamWriter& out) mutable {
            if (n++ == 1) throw std::runtime_error("broken");
            out.write("begun");
            return http::Produced::more;
        });
    });
    serve();
    TlsClient client{running_->port()};
    testing::internal::CaptureStderr();
    ASSERT_TRUE(client.send("GET /breaks HTTP/1.0\r\n\r\n"));
    EXPECT_TRUE(client.receive("begun").ends_with("begun"));
    EXPECT_FALSE(client.closed());
    testing::internal::GetCapturedStderr();
}

// ---- the certificate --------------------------------------------------------------------------------------

TEST_F(Tls, FilesThatCannotBeUsedAreRefusedWithTheReason) {
    make_certificate("second", "");
    make_certificate("locked", "-passout pass:secret");
    std::ofstream{file("text.pem")} << "no certificate";
    const std::string pem = file("first.pem");
    const std::string key = file("first.key");
    const std::string text = file("text.pem");
    const std::string missing = file("missing.pem");
    const std::string locked = file("locked.key");
    const std::string second = file("second.key");
    EXPECT_EQ(refusal(missing, key), "zigmund: tls_certificate " + missing + ": No such file or directory");
    EXPECT_EQ(refusal(pem, missing), "zigmund: tls_key " + missing + ": No such file or directory");
    EXPECT_EQ(refusal(text, key),
              "zigmund: tls_certificate " + text + ": there is no certificate in it, in PEM");
    EXPECT_EQ(refusal(pem, text), "zigmund: tls_key " + text + ": there is no private key in it, in PEM");
    EXPECT_EQ(refusal(pem, pem), "zigmund: tls_key " + pem + ": there is no private key in it, in PEM");
    EXPECT_EQ(refusal(file("locked.pem"), locked),
              "zigmund: tls_key " + locked + ": it has a passphrase, which nobody is there to type");
    EXPECT_EQ(refusal(pem, second), "zigmund: tls_key " + second + ": it is not the key of the certificate");
    run("openssl genrsa -out " + file("rsa.key").native() + " 2048");
    EXPECT_EQ(refusal(pem, file("rsa.key")),
              "zigmund: tls_key " + file("rsa.key").native() + ": it is not the key of the certificate");
    EXPECT_EQ(refusal(pem, ""), "zigmund: tls_certificate without tls_key");
    EXPECT_EQ(refusal("", key), "zigmund: tls_key without tls_certificate");
}

TEST_F(Tls, AFreshCertificateIsForConnectionsThatComeAfterIt) {
    make_certificate("second", "");
    serve();
    TlsClient before{running_->port()};
    EXPECT_EQ(before.server_name(), "first");
    use("second");
    EXPECT_EQ(TlsClient{running_->port()}.server_name(), "first");
    EXPECT_TRUE(running_->server().reload());
    TlsClient after{running_->port()};
    EXPECT_EQ(after.server_name(), "second");
    for (TlsClient* const client : {&before, &after}) {
        ASSERT_TRUE(client->send(get("/hello")));
        EXPECT_TRUE(client->receive("World!").ends_with("Hello, World!"));
    }
}

TEST_F(Tls, ACertificateThatCannotBeUsedLeavesTheOldOneWhereItWas) {
    serve();
    std::filesystem::rename(file("first.pem"), file("kept.pem"));
    testing::internal::CaptureStderr();
    EXPECT_FALSE(running_->server().reload());
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "zigmund: tls_certificate " + file("first.pem").native() +
                  ": No such file or directory; the one that was there stays\n");
    std::filesystem::rename(file("kept.pem"), file("first.pem"));
    expect_alive();
}

TEST_F(Tls, SighupReadsTheCertificateAnew) {
    make_certificate("second", "");
    const std::string pem = file("first.pem");
    const std::string key = file("first.key");
    http::Server server{*app_, {.port = 0, .tls_certificate = pem, .tls_key = key, .workers = 2}};
    std::thread thread{[&server] { server.run_until_signal(); }};
    EXPECT_EQ(TlsClient{server.port()}.server_name(), "first");
    use("second");
    ::kill(::getpid(), SIGHUP);
    int tries = 0;
    while (tries < 10'000 && TlsClient{server.port()}.server_name() != "second") ++tries;
    EXPECT_LT(tries, 10'000);
    ::kill(::getpid(), SIGTERM);
    thread.join();
}

}  // namespace
