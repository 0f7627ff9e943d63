// Deflater: zlib's state for a body, in the gzip format; a thread keeps a few for the next ones.
//
// Threads: one at a time. Cost: 260 KiB of the C library's heap, and their initialisation, when the thread
// has none left.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace zigmund::http::inline v0 {

class Deflater {
  public:
    struct GiveBack {
        void operator()(Deflater* deflater) const noexcept;
    };
    using Handle = std::unique_ptr<Deflater, GiveBack>;

    /// One that begins a body. Throws std::bad_alloc.
    [[nodiscard]] static Handle take(int level);

    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater() { ::deflateEnd(&stream_); }

    /// Compresses `input`, whole, as far as there is room in `output`; `flush` is zlib's. Returns what was
    /// written. Until it is less than there is room for, call it again without input.
    [[nodiscard]] std::size_t deflate(std::string_view input, std::span<char> output, int flush) noexcept;
    /// Whether the body's end was written.
    [[nodiscard]] bool finished() const noexcept { return finished_; }

    Deflater* next = nullptr;  ///< the thread's

  private:
    explicit Deflater(int level);
    void restart(int level) noexcept;

    z_stream stream_{};
    int level_;
    bool finished_ = false;
};

}  // namespace zigmund::http::inline v0
