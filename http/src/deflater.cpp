#include "deflater.hpp"

#include <new>
#include <utility>

namespace zigmund::http::inline v0 {
namespace {

constexpr int gzip_window = 15 + 16;  // the largest window, and gzip's head and end instead of zlib's
constexpr int memory_level = 8;       // zlib's default
constexpr int most_spare = 4;

/// Whether the thread still keeps: what dies after its spare ones must not be given to them.
thread_local bool keeps = true;

struct Spare {
    Spare() = default;
    Spare(const Spare&) = delete;
    Spare& operator=(const Spare&) = delete;
    ~Spare() {
        keeps = false;
        while (first != nullptr) delete std::exchange(first, first->next);
    }
    Deflater* first = nullptr;
    int count = 0;
};

thread_local Spare spare;

}  // namespace

Deflater::Deflater(int level) : level_{level} {
    if (::deflateInit2(&stream_, level, Z_DEFLATED, gzip_window, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
}

void Deflater::restart(int level) noexcept {
    // What it was given last is gone, and deflateParams() may go on with what it finds here.
    stream_.next_in = nullptr;
    stream_.avail_in = 0;
    stream_.next_out = nullptr;
    stream_.avail_out = 0;
    ::deflateReset(&stream_);
    if (level != level_) ::deflateParams(&stream_, level, Z_DEFAULT_STRATEGY);
    level_ = level;
    finished_ = false;
}

Deflater::Handle Deflater::take(int level) {
    if (!keeps || spare.first == nullptr) return Handle{new Deflater{level}};
    Handle handle{std::exchange(spare.first, spare.first->next)};
    --spare.count;
    handle->restart(level);
    return handle;
}

void Deflater::GiveBack::operator()(Deflater* deflater) const noexcept {
    if (!keeps || spare.count == most_spare) {
        delete deflater;
        return;
    }
    deflater->next = std::exchange(spare.first, deflater);
    ++spare.count;
}

std::size_t Deflater::deflate(std::string_view input, std::span<char> output, int flush) noexcept {
    // zlib takes what it does not change as if it did, and bytes as unsigned ones.
    if (!input.empty()) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
        stream_.avail_in = static_cast<uInt>(input.size());
    }
    stream_.next_out = reinterpret_cast<Bytef*>(output.data());
    stream_.avail_out = static_cast<uInt>(output.size());
    finished_ = ::deflate(&stream_, flush) == Z_STREAM_END;
    return output.size() - stream_.avail_out;
}

}  // namespace zigmund::http::inline v0
