// Process: a program that a test runs, and what it says.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zigmund::support {

/// Runs until its owner goes. Its output, both streams, comes through a pipe.
class Process {
  public:
    /// The program and its arguments. Returns when it has said `ready`, or is over.
    Process(std::vector<std::string> arguments, std::string_view ready) {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) std::abort();
        child_ = ::fork();
        if (child_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::dup2(ends[1], STDERR_FILENO);
            ::close(ends[0]);
            ::close(ends[1]);
            std::vector<char*> words;
            for (std::string& argument : arguments) words.push_back(argument.data());
            words.push_back(nullptr);
            ::execvp(words.front(), words.data());
            ::_exit(127);
        }
        ::close(ends[1]);
        output_ = ends[0];
        while (said_.find(ready) == std::string::npos && read_some()) {
        }
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        (void)end(SIGKILL);
        ::close(output_);
    }

    void signal(int number) const noexcept { ::kill(child_, number); }
    /// Its exit status once it is over; 128 + the signal if one ended it.
    int wait() {
        if (child_ < 0) return 0;
        while (read_some()) {
        }
        int status = 0;
        ::waitpid(std::exchange(child_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    int end(int number) {
        if (child_ > 0) signal(number);
        return wait();
    }
    [[nodiscard]] const std::string& output() const noexcept { return said_; }

  private:
    bool read_some() {
        std::array<char, 4096> bytes{};
        const ssize_t size = ::read(output_, bytes.data(), bytes.size());
        if (size > 0) said_.append(bytes.data(), static_cast<std::size_t>(size));
        return size > 0;
    }

    pid_t child_ = -1;
    int output_ = -1;
    std::string said_;
};

/// A program that App::serve() runs, on a port that the system picks, or on one that it had before.
class ServiceProcess : public Process {
  public:
    explicit ServiceProcess(std::string program, std::uint16_t port = 0,
                            const std::vector<std::string>& options = {})
        : Process{arguments(std::move(program), port, options), "stop with Ctrl-C\n"} {
        constexpr std::string_view before = "on http://127.0.0.1:";
        const std::size_t at = output().find(before);
        if (at != std::string::npos)
            port_ = static_cast<std::uint16_t>(std::stoi(output().substr(at + before.size())));
    }

    /// 0: it did not begin to serve.
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  private:
    static std::vector<std::string> arguments(std::string program, std::uint16_t port,
                                              const std::vector<std::string>& options) {
        std::vector<std::string> all{std::move(program), "--port=" + std::to_string(port)};
        all.insert(all.end(), options.begin(), options.end());
        return all;
    }

    std::uint16_t port_ = 0;
};

}  // namespace zigmund::support
