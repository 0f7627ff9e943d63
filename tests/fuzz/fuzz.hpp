// What the fuzz targets share: choices taken from the input, an arena whose memory is counted, and a check
// that holds in every build.
#pragma once

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/counting.hpp>
#include <zigmund/alloc/heap.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace zigmund::fuzz {

/// Ends the process, which libFuzzer reports with the input, unless `condition` holds.
inline void check(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

/// Choices at the input's start, and the text that follows them.
class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size) noexcept : data_{data}, size_{size} {}

    /// The next byte; 0 when there is none left.
    std::uint8_t byte() noexcept {
        if (size_ == 0) return 0;
        --size_;
        return *data_++;
    }
    /// All that is left.
    [[nodiscard]] std::string_view text() const noexcept {
        const void* const start = data_;
        return {static_cast<const char*>(start), size_};
    }

  private:
    const std::uint8_t* data_;
    std::size_t size_;
};

/// An application's memory for one input, all of which has to be back at its end.
class CountedMemory {
  public:
    CountedMemory() = default;
    CountedMemory(const CountedMemory&) = delete;
    CountedMemory& operator=(const CountedMemory&) = delete;
    ~CountedMemory() { check(counting_.counts().live_blocks == 0, "all memory is given back"); }

    [[nodiscard]] alloc::Allocator allocator() noexcept { return counting_.allocator(); }

  private:
    alloc::Counting counting_{alloc::heap()};
};

}  // namespace zigmund::fuzz
