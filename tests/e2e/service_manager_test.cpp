// The Item Service as systemd starts it: with a socket that listens already (LISTEN_FDS), and told where to say
// that it serves and that it stops (NOTIFY_SOCKET).
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "http_client.hpp"
#include "service_reports.hpp"

namespace {

using zigmund::support::HttpClient;
using zigmund::support::ServiceReports;
using zigmund::support::untyped;

class ServiceManager : public testing::Test {
  protected:
    ServiceManager() {
        std::string name = "/tmp/zigmund-manager-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(listener_, static_cast<const sockaddr*>(untyped(address)), sizeof address), 0);
        EXPECT_EQ(::listen(listener_, 128), 0);
        socklen_t size = sizeof address;
        EXPECT_EQ(
            ::getsockname(listener_, static_cast<sockaddr*>(const_cast<void*>(untyped(address))), &size), 0);
        port_ = ntohs(address.sin_port);
    }
    ~ServiceManager() override {
        if (child_ > 0) end(SIGKILL);
        ::close(listener_);
        std::filesystem::remove_all(folder_);
    }

    /// Starts the service with the listening socket as its descriptor 3.
    void start(const std::string& reports_to, const char* watchdog = nullptr) {
        child_ = ::fork();
        if (child_ != 0) return;
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_FDS", "1", 1);
        ::setenv("NOTIFY_SOCKET", reports_to.c_str(), 1);
        if (watchdog) ::setenv("WATCHDOG_USEC", watchdog, 1);
        const int silence = ::open("/dev/null", O_WRONLY);
        ::dup2(silence, STDOUT_FILENO);
        ::dup2(silence, STDERR_FILENO);
        if (listener_ == 3) {
            ::fcntl(listener_, F_SETFD, 0);
        } else {
            ::dup2(listener_, 3);
        }
        ::execl(ZIGMUND_ITEM_SERVICE, "item_service", nullptr);
        ::_exit(127);
    }
    /// Signals it, and returns its exit status; 128 + the signal if one ended it.
    int end(int signal) {
        ::kill(child_, signal);
        int status = 0;
        ::waitpid(child_, &status, 0);
        child_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    int status_of_user() {
        HttpClient client{port_};
        return client.request("GET /users/7 HTTP/1.1\r\nHost: x\r\n\r\n").status;
    }

    std::filesystem::path folder_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    pid_t child_ = -1;
};

TEST_F(ServiceManager, PassesASocketAndIsToldWhenTheServiceServesAndWhenItStops) {
    const std::string name = folder_ / "notify";
    ServiceReports reports{name};
    start(name);
    EXPECT_EQ(reports.next(), "READY=1");
    EXPECT_EQ(status_of_user(), 200);
    EXPECT_EQ(end(SIGTERM), 0);
    EXPECT_EQ(reports.next(), "STOPPING=1");
}

TEST_F(ServiceManager, MayHaveAnAbstractName) {
    const std::string name = "@zigmund" + folder_.native();
    ServiceReports reports{name};
    start(name);
    EXPECT_EQ(reports.next(), "READY=1");
    EXPECT_EQ(end(SIGTERM), 0);
    EXPECT_EQ(reports.next(), "STOPPING=1");
}

TEST_F(ServiceManager, IsToldAgainAndAgainThatAllIsWellIfItAsksForThat) {
    const std::string name = folder_ / "notify";
    ServiceReports reports{name};
    start(name, "20000");
    EXPECT_EQ(reports.next(), "READY=1");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(reports.next(), "WATCHDOG=1");
    EXPECT_EQ(end(SIGTERM), 0);
    std::string last = reports.next();
    while (last == "WATCHDOG=1") last = reports.next();
    EXPECT_EQ(last, "STOPPING=1");
}

// The socket is the manager's: who comes between two services waits in it.
TEST_F(ServiceManager, NoRequestIsLostWhenTheServiceIsRestarted) {
    ServiceReports reports{"@zigmund-restart" + folder_.native()};
    start("@zigmund-restart" + folder_.native());
    EXPECT_EQ(reports.next(), "READY=1");
    EXPECT_EQ(status_of_user(), 200);
    EXPECT_EQ(end(SIGTERM), 0);
    EXPECT_EQ(reports.next(), "STOPPING=1");
    HttpClient early{port_};
    early.send("GET /users/7 HTTP/1.1\r\nHost: x\r\n\r\n");
    start("@zigmund-restart" + folder_.native());
    EXPECT_EQ(early.receive().status, 200);
    EXPECT_EQ(reports.next(), "READY=1");
}

}  // namespace
