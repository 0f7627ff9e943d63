// Programs as Debian ships them, and this project's server, run under zigmund-leaks as they run without it.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <string>

#include "process.hpp"

namespace {

using namespace zigmund::testing;

class Programs : public ::testing::TestWithParam<const char*> {
  protected:
    [[nodiscard]] Words watched(const Words& program, const Words& options = {}) const {
        Words words{ZIGMUND_LEAKS, std::string{"--tier="} + GetParam(), "--exit-code=0",
                    "--output=" + (directory_ / "report")};
        words.insert(words.end(), options.begin(), options.end());
        words.push_back("--");
        words.insert(words.end(), program.begin(), program.end());
        return words;
    }
    /// Runs it in the directory of the test. What it prints on standard output.
    std::string run_watched(const Words& program, const Words& options = {}) const {
        const Ended ended = run(watched(program, options), {}, directory_.path());
        EXPECT_EQ(ended.status, 0) << program.front() << ": " << ended.err;
        EXPECT_EQ(errors(), "");
        return ended.out;
    }
    /// Reports of anything but leaks, which such programs have.
    [[nodiscard]] std::string errors() const {
        std::istringstream report{directory_.read("report")};
        std::string found;
        for (std::string line; std::getline(report, line);)
            if (line.starts_with("zigmund:") && line.find(": leak: ") == std::string::npos)
                found += line + "\n";
        return found;
    }
    Directory directory_;
};

TEST_P(Programs, PythonForksStartsThreadsAndRunsPrograms) {
    constexpr const char* program = R"py(
import json, os, sqlite3, subprocess, threading
def work(n):
    table = {i: str(i) * 3 for i in range(n)}
    assert len(json.loads(json.dumps(table))) == n
threads = [threading.Thread(target=work, args=(2000,)) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
base = sqlite3.connect(":memory:")
base.execute("create table t(a, b)")
base.executemany("insert into t values(?, ?)", [(i, str(i)) for i in range(1000)])
print(base.execute("select sum(a) from t").fetchone()[0])
print(subprocess.run(["echo", "started"], capture_output=True).stdout.decode(), end="")
child = os.fork()
if child == 0:
    work(500)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
)py";
    EXPECT_EQ(run_watched({"/usr/bin/python3", "-c", program}), "499500\nstarted\n7\n");
}

TEST_P(Programs, GitKeepsAHistory) {
    run_watched({"git", "init", "-q", "-b", "main", "work"});
    const Words git{"git", "-C", "work", "-c", "user.name=A", "-c", "user.email=a@example.org"};
    const auto in_work = [&](const Words& more, const Words& options = {}) {
        Words words = git;
        words.insert(words.end(), more.begin(), more.end());
        return run_watched(words, options);
    };
    for (int i = 0; i < 20; ++i)
        directory_.write("work/file" + std::to_string(i),
                         std::string(static_cast<std::size_t>(i) * 5000, 'x'));
    in_work({"add", "-A"});
    in_work({"commit", "-q", "-m", "first"});
    directory_.write("work/file3", "changed\n");
    in_work({"commit", "-q", "-a", "-m", "second"});
    EXPECT_EQ(in_work({"log", "--format=%s"}), "second\nfirst\n");
    EXPECT_NE(in_work({"diff", "HEAD~1"}).find("+changed"), std::string::npos);
    in_work({"gc", "-q"}, {"--children=yes"});
    run_watched({"git", "clone", "-q", "work", "copy"}, {"--children=yes"});
    EXPECT_EQ(directory_.read("copy/file3"), "changed\n");
}

TEST_P(Programs, SqliteFillsAndQueriesATable) {
    constexpr const char* statements =
        "create table t(a integer primary key, b text);"
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)"
        " insert into t select i, hex(i * 7919) from n;"
        "create index by_b on t(b); delete from t where a % 3 = 0; vacuum;"
        "select count(*), sum(a) from t;";
    EXPECT_EQ(run_watched({"sqlite3", "base", statements}), "3334|8336667\n");
    EXPECT_EQ(run_watched({"sqlite3", "base", "pragma integrity_check"}), "ok\n");
}

INSTANTIATE_TEST_SUITE_P(Tiers, Programs, ::testing::Values("off", "sampled", "counted", "traced", "guarded"),
                         [](const auto& tier) { return std::string{tier.param}; });

/// Those that take long enough for two tiers to be enough.
class LargePrograms : public Programs {};

TEST_P(LargePrograms, GppCompilesAndLinks) {
    directory_.write("a.cpp",
                     "#include <map>\n#include <string>\n#include <iostream>\n"
                     "int main() {\n"
                     "    std::map<std::string, int> m{{\"one\", 1}, {\"two\", 2}};\n"
                     "    for (const auto& [k, v] : m) std::cout << k << v << '\\n';\n"
                     "}\n");
    run_watched({"g++", "-O1", "-g", "a.cpp", "-o", "a"}, {"--children=yes"});
    EXPECT_EQ(run({directory_ / "a"}).out, "one1\ntwo2\n");
}

/// A port that is free now.
int free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    (void)::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
    (void)::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(socket);
    return ntohs(address.sin_port);
}

/// Gets the address so many times over a few connections.
Ended get(const std::string& url, int times) {
    return run({"curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "-Z",
                "--parallel-max", "8", "-o", "/dev/null", "-w", "%{http_code}\n",
                url + "?[1-" + std::to_string(times) + "]"});
}

TEST_P(LargePrograms, NginxServes) {
    const std::string port = std::to_string(free_port());
    directory_.write("index.html", "<p>served</p>\n");
    directory_.write("large.bin", std::string(1'000'000, 'x'));
    directory_.write("nginx.conf",
                     "daemon off;\nmaster_process on;\nworker_processes 2;\npid nginx.pid;\n"
                     "error_log stderr warn;\n"
                     "events { worker_connections 64; }\n"
                     "http {\n  access_log off;\n  gzip on;\n  gzip_types *;\n"
                     "  client_body_temp_path body;\n  proxy_temp_path proxy;\n"
                     "  fastcgi_temp_path fastcgi;\n  uwsgi_temp_path uwsgi;\n  scgi_temp_path scgi;\n"
                     "  server { listen 127.0.0.1:" +
                         port + "; root " + directory_.path() + "; }\n}\n");
    // Its workers are to read what root has written.
    std::filesystem::permissions(directory_.path(), std::filesystem::perms{0755});
    Process nginx{watched(
        {"/usr/sbin/nginx", "-p", directory_.path() + "/", "-e", "stderr", "-c", directory_ / "nginx.conf"})};
    const std::string url = "http://127.0.0.1:" + port;
    const Ended got = get(url + "/index.html", 300);
    EXPECT_EQ(got.status, 0) << got.err << nginx.so_far().err;
    std::string all;
    for (int i = 0; i < 300; ++i) all += "200\n";
    EXPECT_EQ(got.out, all);
    EXPECT_EQ(run({"curl", "-sS", "--compressed", url + "/large.bin"}).out.size(), 1'000'000U);
    nginx.signal(SIGHUP);  // new workers, and the old ones end
    EXPECT_EQ(get(url + "/index.html", 100).status, 0);
    nginx.signal(SIGQUIT);
    const Ended ended = nginx.wait();
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(errors(), "");
}

#if defined(ZIGMUND_ITEM_SERVICE)
TEST_P(LargePrograms, ThisProjectsServerServesUnderLoad) {
    Process server{watched({ZIGMUND_ITEM_SERVICE, "--port=0"})};
    ASSERT_TRUE(server.read_until("stop with Ctrl-C"));
    const std::string& said = server.so_far().out + server.so_far().err;
    const std::string before = "http://127.0.0.1:";
    const std::string rest = said.substr(said.find(before) + before.size());
    const std::string url = before + rest.substr(0, rest.find(' '));
    const Ended got = get(url + "/users/7", 2000);
    EXPECT_EQ(got.status, 0) << got.err;
    std::string all;
    for (int i = 0; i < 2000; ++i) all += "200\n";
    EXPECT_EQ(got.out, all);
    EXPECT_EQ(run({"curl", "-sS", url + "/items", "-H", "content-type: application/json", "-d",
                   R"({"price":"x"})", "-o", "/dev/null", "-w", "%{http_code}"})
                  .out,
              "422");
    server.signal(SIGINT);
    const Ended ended = server.wait();
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_NE((ended.out + ended.err).find("zigmund: application: no leaks"), std::string::npos);
    EXPECT_EQ(directory_.read("report"), "");
}
#endif

INSTANTIATE_TEST_SUITE_P(Tiers, LargePrograms, ::testing::Values("counted", "traced"),
                         [](const auto& tier) { return std::string{tier.param}; });

}  // namespace
