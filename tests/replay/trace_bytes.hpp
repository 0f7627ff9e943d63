// Traces that tests write themselves, by what the format's description says.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <map>
#include <string_view>
#include <vector>

#include "trace_format.hpp"

namespace zigmund::testing {

namespace format = replay::format;

/// Operations in the order in which they are added, unless it says otherwise; each thread has chunks of its own.
class TraceBytes {
  public:
    explicit TraceBytes(format::End end = format::End::exited, bool has_sites = false)
        : head_{.magic = format::magic,
                .version = format::version,
                .end = end,
                .has_sites = has_sites ? 1U : 0U,
                .reserved = 0,
                .program = {}} {
        std::string_view{"handmade"}.copy(head_.program.data(), 16);
    }

    TraceBytes& by(unsigned thread) {
        thread_ = thread;
        return *this;
    }
    TraceBytes& allocate(std::uint64_t block, std::uint64_t size, std::size_t align = 16,
                         std::uint32_t site = 0) {
        const unsigned flags = (align != 16 ? format::has_alignment : 0) | (site != 0 ? format::has_site : 0);
        Chunk& to = begin(format::Kind::allocate, flags);
        address(to, block);
        number(to, size);
        if (align != 16) number(to, static_cast<std::uint64_t>(std::countr_zero(align)));
        if (site != 0) number(to, site);
        return *this;
    }
    TraceBytes& free(std::uint64_t block) {
        address(begin(format::Kind::free), block);
        return *this;
    }
    TraceBytes& resize(std::uint64_t block, std::uint64_t size) {
        Chunk& to = begin(format::Kind::resize);
        address(to, block);
        number(to, size);
        return *this;
    }
    TraceBytes& move(std::uint64_t from, std::uint64_t block, std::uint64_t size) {
        Chunk& to = begin(format::Kind::move);
        address(to, from);
        address(to, block);
        number(to, size);
        return *this;
    }
    TraceBytes& name(std::uint32_t site, std::string_view text) {
        Chunk& to = chunk();
        to.bytes.push_back(static_cast<std::byte>(format::Kind::name));
        number(to, site);
        number(to, text.size());
        for (const char c : text) to.bytes.push_back(static_cast<std::byte>(c));
        return *this;
    }
    /// The next operation has the number `order`.
    TraceBytes& at(std::uint64_t order) {
        order_ = order - 1;
        return *this;
    }
    /// As it is.
    TraceBytes& raw(std::initializer_list<unsigned> values) {
        for (const unsigned value : values) chunk().bytes.push_back(static_cast<std::byte>(value));
        return *this;
    }
    format::Head& head() { return head_; }

    [[nodiscard]] std::vector<std::byte> bytes() const {
        std::vector<std::byte> all(format::head_bytes);
        std::memcpy(all.data(), &head_, sizeof head_);
        for (const Chunk& chunk : chunks_) {
            const std::size_t begin = all.size();
            all.resize(begin + format::chunk_bytes);
            std::ranges::copy(chunk.bytes, all.begin() + static_cast<std::ptrdiff_t>(begin));
        }
        return all;
    }

  private:
    struct Chunk {
        unsigned thread;
        std::vector<std::byte> bytes;
        std::uint64_t order;
        std::uint64_t address;
    };

    Chunk& chunk() {
        const auto found = std::find_if(chunks_.rbegin(), chunks_.rend(),
                                        [&](const Chunk& one) { return one.thread == thread_; });
        if (found != chunks_.rend() && found->bytes.size() < format::chunk_bytes - 400) return *found;
        const format::ChunkHead head{.magic = format::chunk_magic, .reserved = 0, .before = order_};
        Chunk& made = chunks_.emplace_back(thread_, std::vector<std::byte>(sizeof head), order_, 0);
        std::memcpy(made.bytes.data(), &head, sizeof head);
        made.bytes.push_back(static_cast<std::byte>(format::Kind::thread));
        number(made, thread_);
        return made;
    }
    Chunk& begin(format::Kind kind, unsigned flags = 0) {
        Chunk& to = chunk();
        to.bytes.push_back(static_cast<std::byte>(static_cast<unsigned>(kind) | flags));
        ++order_;
        number(to, order_ - to.order);
        to.order = order_;
        return to;
    }
    static void number(Chunk& to, std::uint64_t value) {
        std::array<std::byte, 10> digits;
        std::byte* const end = format::put_number(digits.data(), value);
        to.bytes.insert(to.bytes.end(), digits.data(), end);
    }
    static void address(Chunk& to, std::uint64_t block) {
        number(to, format::fold_sign(static_cast<std::int64_t>(block - to.address)));
        to.address = block;
    }

    format::Head head_;
    std::vector<Chunk> chunks_;
    unsigned thread_ = 1;
    std::uint64_t order_ = 0;
};

}  // namespace zigmund::testing
