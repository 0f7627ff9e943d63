// A file that takes an allocator's reports, and what it holds as text.
#pragma once

#include <stdio.h>
#include <unistd.h>

#include <string>

class CapturedReport {
  public:
    CapturedReport() : file_{::tmpfile()} {}
    CapturedReport(const CapturedReport&) = delete;
    CapturedReport& operator=(const CapturedReport&) = delete;
    ~CapturedReport() { ::fclose(file_); }

    [[nodiscard]] int descriptor() const { return ::fileno(file_); }
    [[nodiscard]] std::string text() const {
        std::string text;
        char buffer[4096];
        ssize_t got;
        while ((got = ::pread(descriptor(), buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0)
            text.append(buffer, static_cast<std::size_t>(got));
        return text;
    }
    [[nodiscard]] std::string first_line() const {
        const std::string whole = text();
        return whole.substr(0, whole.find('\n'));
    }

  private:
    FILE* file_;
};
