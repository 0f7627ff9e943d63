// Runs a program as a process, and tells what it printed and how it ended.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace zigmund::testing {

using Words = std::vector<std::string>;

struct Ended {
    int status = -1;  // exit status; 128 + the signal that ended it
    std::string out;
    std::string err;
};

/// A program that runs. Killed, if it still does, when this goes out of scope.
class Process {
  public:
    /// `environment`: NAME=VALUE, in addition to that of the test.
    explicit Process(const Words& words, const Words& environment = {}, const std::string& directory = {}) {
        std::array<int, 2> out{};
        std::array<int, 2> err{};
        if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) std::abort();
        std::vector<char*> arguments;
        for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        child_ = ::fork();
        if (child_ == 0) {
            ::dup2(out[1], STDOUT_FILENO);
            ::dup2(err[1], STDERR_FILENO);
            for (const std::string& entry : environment) {
                const std::size_t equals = entry.find('=');
                ::setenv(entry.substr(0, equals).c_str(), entry.substr(equals + 1).c_str(), 1);
            }
            if (!directory.empty() && ::chdir(directory.c_str()) != 0) ::_exit(126);
            ::execvp(arguments[0], arguments.data());
            ::_exit(127);
        }
        ::close(out[1]);
        ::close(err[1]);
        ends_ = {out[0], err[0]};
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            (void)wait();
        }
    }

    [[nodiscard]] pid_t pid() const noexcept { return child_; }
    void signal(int number) const noexcept { ::kill(child_, number); }

    /// Reads until standard error, or standard output, contains `text`. False: the program ended before.
    bool read_until(const std::string& text) {
        while (ended_.err.find(text) == std::string::npos && ended_.out.find(text) == std::string::npos)
            if (!read_some()) return false;
        return true;
    }
    [[nodiscard]] const Ended& so_far() const noexcept { return ended_; }

    /// Waits for its end.
    Ended wait() {
        while (read_some()) {
        }
        int status = 0;
        ::waitpid(std::exchange(child_, -1), &status, 0);
        ended_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return ended_;
    }

  private:
    bool read_some() {
        std::array<pollfd, 2> waiting{pollfd{ends_[0], POLLIN, 0}, pollfd{ends_[1], POLLIN, 0}};
        if (ends_[0] < 0 && ends_[1] < 0) return false;
        if (::poll(waiting.data(), waiting.size(), -1) < 0) return true;
        for (std::size_t i = 0; i < 2; ++i) {
            if (waiting[i].revents == 0) continue;
            std::array<char, 16384> buffer;
            const ssize_t size = ::read(ends_[i], buffer.data(), buffer.size());
            if (size > 0) {
                (i == 0 ? ended_.out : ended_.err).append(buffer.data(), static_cast<std::size_t>(size));
            } else {
                ::close(std::exchange(ends_[i], -1));
            }
        }
        return true;
    }

    pid_t child_ = -1;
    std::array<int, 2> ends_{-1, -1};
    Ended ended_;
};

inline Ended run(const Words& words, const Words& environment = {}, const std::string& directory = {}) {
    return Process{words, environment, directory}.wait();
}

/// A directory that is gone, with all in it, at the end of the test.
class Directory {
  public:
    Directory() {
        std::string pattern = std::filesystem::temp_directory_path() / "zigmund.XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) std::abort();
        path_ = pattern;
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream{*this / name} << text;
    }
    [[nodiscard]] std::string read(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream{*this / name}.rdbuf();
        return text.str();
    }

  private:
    std::string path_;
};

}  // namespace zigmund::testing
