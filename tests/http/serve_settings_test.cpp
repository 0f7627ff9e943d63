// ServeOptions from the command line and the environment: what counts most, what is refused, and in what
// words.
#include <zigmund/http/serve_settings.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace zigmund::http;
using namespace std::chrono_literals;

/// A variable of the environment, for the time of a test.
class Variable {
  public:
    Variable(const char* name, const char* value) : name_{name} { ::setenv(name, value, 1); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { ::unsetenv(name_); }

  private:
    const char* name_;
};

auto read(std::vector<const char*> arguments, const ServeOptions& defaults = {}) {
    arguments.insert(arguments.begin(), "service");
    return read_settings(static_cast<int>(arguments.size()), arguments.data(), defaults);
}

std::string refusal(const std::vector<const char*>& arguments) {
    const auto options = read(arguments);
    return options ? "accepted" : options.error();
}

TEST(ServeSettings, WithoutAnyAreTheProgramsOwn) {
    const auto options = read({}, {.port = 8080, .max_body = 5});
    ASSERT_TRUE(options);
    EXPECT_EQ(options->port, 8080);
    EXPECT_EQ(options->max_body, 5U);
}

TEST(ServeSettings, TheCommandLineCountsMoreThanTheEnvironmentAndThatMoreThanTheProgram) {
    const Variable port{"ZIGMUND_PORT", "1"};
    const Variable workers{"ZIGMUND_WORKERS", "3"};
    const auto options = read({"--port=2"}, {.port = 9, .workers = 9, .max_connections = 9});
    ASSERT_TRUE(options);
    EXPECT_EQ(options->port, 2);
    EXPECT_EQ(options->workers, 3U);
    EXPECT_EQ(options->max_connections, 9U);
}

TEST(ServeSettings, AValueStandsBehindAnEqualsSignOrByItself) {
    const auto options = read({"--host", "::1", "--upload-directory=/a=b", "--idle-timeout", "60"});
    ASSERT_TRUE(options) << options.error();
    EXPECT_EQ(options->host, "::1");
    EXPECT_EQ(options->upload_directory, "/a=b");
    EXPECT_EQ(options->idle_timeout, 60s);
}

TEST(ServeSettings, SizesHaveUnits) {
    const auto options = read({"--max-body=64K", "--max-upload=2G", "--arena-retain=100"});
    ASSERT_TRUE(options) << options.error();
    EXPECT_EQ(options->max_body, 65536U);
    EXPECT_EQ(options->max_upload, std::size_t{2} << 30);
    EXPECT_EQ(options->arena_retain, 100U);
}

TEST(ServeSettings, WhatBecomesOfTooManyClientsIsAWord) {
    const auto options = read({"--when-full=refuse"});
    ASSERT_TRUE(options) << options.error();
    EXPECT_EQ(options->when_full, WhenFull::refuse);
    EXPECT_NE(settings_text(*options).find(" when_full=refuse "), std::string::npos);
}

TEST(ServeSettings, AModeIsOctal) {
    const auto options = read({"--unix-socket=/run/x", "--unix-socket-mode=0640"});
    ASSERT_TRUE(options) << options.error();
    EXPECT_EQ(options->unix_socket, "/run/x");
    EXPECT_EQ(options->unix_socket_mode, 0640U);
    EXPECT_NE(settings_text(*options).find(" unix_socket=/run/x unix_socket_mode=0640 "), std::string::npos);
    EXPECT_EQ(read({"--unix-socket-mode=7"})->unix_socket_mode, 7U);
}

TEST(ServeSettings, WhatMayBeLeftOutIsWithAnEmptyValue) {
    const auto options = read({"--fd=5", "--monitor-port=0"});
    ASSERT_TRUE(options) << options.error();
    EXPECT_EQ(options->fd, 5);
    EXPECT_EQ(options->monitor_port, 0);
    EXPECT_NE(settings_text(*options).find(" fd=5 monitor_port=0 monitor_host=127.0.0.1 "),
              std::string::npos);
    const auto without = read({"--fd=", "--monitor-port="}, {.fd = 5, .monitor_port = 9});
    ASSERT_TRUE(without) << without.error();
    EXPECT_FALSE(without->fd);
    EXPECT_FALSE(without->monitor_port);
    EXPECT_NE(settings_text(*without).find(" fd= monitor_port= "), std::string::npos);
}

TEST(ServeSettings, ASocketThatSystemdPassesIsListenedOnUnlessAnotherIsNamed) {
    const std::string self = std::to_string(::getpid());
    const Variable count{"LISTEN_FDS", "1"};
    EXPECT_FALSE(read({})->fd) << "without LISTEN_PID";
    {
        const Variable pid{"LISTEN_PID", "1"};
        EXPECT_FALSE(read({})->fd) << "it is meant for another process";
    }
    const Variable pid{"LISTEN_PID", self.c_str()};
    EXPECT_EQ(read({})->fd, 3);
    const auto options = read({}, {.unix_socket = "/run/x"});
    ASSERT_TRUE(options) << options.error();
    EXPECT_EQ(options->fd, 3);
    EXPECT_EQ(options->unix_socket, "");
    EXPECT_EQ(read({"--fd=4"})->fd, 4);
    EXPECT_EQ(refusal({"--unix-socket=/run/x"}),
              "zigmund: unix_socket and fd: a server listens on one of them");
    {
        const Variable none{"LISTEN_FDS", "0"};
        EXPECT_FALSE(read({})->fd);
    }
    const Variable two{"LISTEN_FDS", "2"};
    EXPECT_EQ(refusal({}), "zigmund: LISTEN_FDS: there are 2 sockets, and a server listens on one");
}

TEST(ServeSettings, TheEnvironmentsPrefixIsTheProgramsChoice) {
    const Variable port{"SHOP_PORT", "7"};
    const char* const argv[] = {"shop"};
    const auto options = read_settings(1, argv, {}, "SHOP_");
    ASSERT_TRUE(options);
    EXPECT_EQ(options->port, 7);
}

TEST(ServeSettings, AreRefusedWithTheReason) {
    EXPECT_EQ(refusal({"--port=x"}), "zigmund: --port: \"x\" is no whole number from 0 to 65535");
    EXPECT_EQ(refusal({"--port=65536"}), "zigmund: --port: \"65536\" is no whole number from 0 to 65535");
    EXPECT_EQ(refusal({"--port=-1"}), "zigmund: --port: \"-1\" is no whole number from 0 to 65535");
    EXPECT_EQ(refusal({"--port=8 "}), "zigmund: --port: \"8 \" is no whole number from 0 to 65535");
    EXPECT_EQ(refusal({"--port="}), "zigmund: --port: \"\" is no whole number from 0 to 65535");
    EXPECT_EQ(refusal({"--port=1K"}), "zigmund: --port: \"1K\" is no whole number from 0 to 65535");
    EXPECT_EQ(refusal({"--max-body=1T"}),
              "zigmund: --max-body: \"1T\" is no size in bytes, such as 65536, 64K or 16M");
    EXPECT_EQ(refusal({"--max-body=17179869184G"}),
              "zigmund: --max-body: \"17179869184G\" is no size in bytes, such as 65536, 64K or 16M");
    EXPECT_EQ(refusal({"--idle-timeout=soon"}),
              "zigmund: --idle-timeout: \"soon\" is no time in seconds, from 0 to 31536000");
    EXPECT_EQ(refusal({"--unix-socket-mode=9"}),
              "zigmund: --unix-socket-mode: \"9\" is no mode in octal, such as 0660");
    EXPECT_EQ(refusal({"--unix-socket-mode=1000"}),
              "zigmund: --unix-socket-mode: \"1000\" is no mode in octal, such as 0660");
    EXPECT_EQ(refusal({"--fd=x"}),
              "zigmund: --fd: \"x\" is no whole number from 0 to 2147483647, or nothing");
    EXPECT_EQ(refusal({"--monitor-port=65536"}),
              "zigmund: --monitor-port: \"65536\" is no whole number from 0 to 65535, or nothing");
    EXPECT_EQ(refusal({"--when-full=no"}), "zigmund: --when-full: \"no\" is no word for it: wait, refuse");
    EXPECT_EQ(refusal({"--prot=1"}), "zigmund: --prot: there is no such option; --help lists them");
    EXPECT_EQ(refusal({"--port"}), "zigmund: --port: the value is missing");
    EXPECT_EQ(refusal({"9000"}), "zigmund: \"9000\" is no option; --help lists them");
    EXPECT_EQ(refusal({"--max-connections=0"}), "zigmund: max_connections is 0: nobody would be served");

    const Variable body{"ZIGMUND_MAX_BODY", "much"};
    EXPECT_EQ(refusal({}),
              "zigmund: ZIGMUND_MAX_BODY: \"much\" is no size in bytes, such as 65536, 64K or 16M");
}

TEST(ServeSettings, HelpNamesEachOptionWithItsDefaultAndItsVariable) {
    const std::string help = settings_help({.port = 8080}, "SHOP_");
    EXPECT_NE(help.find("  --port"), std::string::npos) << help;
    EXPECT_NE(help.find("[8080; SHOP_PORT]\n"), std::string::npos) << help;
    EXPECT_NE(help.find("[none; SHOP_UPLOAD_DIRECTORY]\n"), std::string::npos) << help;
    const char* const asking[] = {"shop", "--port=1", "-h"};
    EXPECT_TRUE(asks_for_help(3, asking));
    EXPECT_FALSE(asks_for_help(2, asking));
    EXPECT_FALSE(asks_for_help(0, asking));
}

TEST(ServeSettings, AreShownAsTheyAre) {
    const std::string text = settings_text({.host = "::1", .port = 1, .workers = 2});
    EXPECT_TRUE(text.starts_with("host=::1 port=1 unix_socket= ")) << text;
    EXPECT_NE(text.find(" workers=2 "), std::string::npos) << text;
    EXPECT_NE(text.find(" drain_timeout=30"), std::string::npos) << text;
}

}  // namespace
