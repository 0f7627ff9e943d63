// MemoryLog: a file in memory that takes reports, and what it holds as text.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "exceptions.hpp"

namespace zigmund::alloc::inline v0::detail {

class MemoryLog {
  public:
    MemoryLog() : descriptor_{::memfd_create("zigmund", MFD_CLOEXEC)} {
        if (descriptor_ < 0) raise(std::system_error{errno, std::generic_category(), "memfd_create"});
    }
    MemoryLog(const MemoryLog&) = delete;
    MemoryLog& operator=(const MemoryLog&) = delete;
    ~MemoryLog() { ::close(descriptor_); }

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// All that was written so far.
    [[nodiscard]] std::string text() const {
        std::string all;
        std::array<char, 4096> part;
        ssize_t got = 0;
        while ((got = ::pread(descriptor_, part.data(), part.size(), static_cast<off_t>(all.size()))) > 0) {
            all.append(part.data(), static_cast<std::size_t>(got));
        }
        return all;
    }

  private:
    int descriptor_;
};

}  // namespace zigmund::alloc::inline v0::detail
