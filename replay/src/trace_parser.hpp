// The records of a trace, one after the other, as they lie in the file.
#pragma once

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "trace_format.hpp"

namespace zigmund::replay {

struct Record {
    format::Kind kind;
    std::uint64_t order;    ///< from 1; 0 of a name
    std::uint64_t address;  ///< of the block, divided by 16
    std::uint64_t moved_to;
    std::uint64_t size;
    std::uint32_t site;
    std::uint16_t thread;
    std::uint8_t align_bits;
    std::string_view name;
};

/// Reads the records of a chunk. After an end, problem() tells whether it is one.
class ChunkReader {
  public:
    explicit ChunkReader(std::span<const std::byte> chunk) noexcept : chunk_{chunk} {
        format::ChunkHead head;
        std::memcpy(&head, chunk.data(), sizeof head);
        if (head.magic == 0) {
            at_ = chunk.size();
        } else if (head.magic != format::chunk_magic) {
            at_ = 0;
            problem_ = "not a chunk";
        }
        order_ = head.before;
    }

    [[nodiscard]] std::optional<Record> next() noexcept {
        using format::Kind;
        while (problem_.empty() && at_ < chunk_.size() && chunk_[at_] != std::byte{0}) {
            begin_ = at_;
            const auto first = std::to_integer<unsigned>(chunk_[at_++]);
            const auto kind = static_cast<Kind>(first & format::kind_mask);
            const unsigned flags = first & ~format::kind_mask;
            if (kind == Kind::thread && flags == 0) {
                const std::uint64_t thread = number();
                if (thread > UINT16_MAX) return fail("the number of a thread is out of range");
                thread_ = static_cast<std::uint16_t>(thread);
                has_thread_ = true;
                continue;
            }
            Record record{.kind = kind,
                          .order = 0,
                          .address = 0,
                          .moved_to = 0,
                          .size = 0,
                          .site = 0,
                          .thread = thread_,
                          .align_bits = 4,
                          .name = {}};
            if (kind == Kind::name && flags == 0) return name(record);
            const unsigned possible = kind == Kind::allocate ? format::has_alignment | format::has_site
                                      : kind == Kind::move   ? format::has_site
                                                             : 0;
            if (kind < Kind::allocate || kind > Kind::move || (flags & ~possible) != 0)
                return fail("not an operation");
            if (!has_thread_) return fail("an operation of no thread");
            return operation(record, flags);
        }
        return std::nullopt;
    }

    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
    /// Where in the chunk the record began that was read last.
    [[nodiscard]] std::size_t place() const noexcept { return begin_; }

  private:
    std::optional<Record> fail(std::string_view why) noexcept {
        if (problem_.empty()) problem_ = why;
        return std::nullopt;
    }
    std::optional<Record> whole(const Record& record) noexcept {
        return problem_.empty() ? std::optional{record} : std::nullopt;
    }

    std::uint64_t number() noexcept {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (at_ == chunk_.size()) {
                (void)fail("a record goes beyond the chunk");
                return 0;
            }
            const auto byte = std::to_integer<std::uint64_t>(chunk_[at_++]);
            value |= (byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
        (void)fail("a number of more than 64 bits");
        return 0;
    }
    std::uint64_t address() noexcept {
        address_ += static_cast<std::uint64_t>(format::unfold_sign(number()));
        return address_;
    }
    std::uint32_t site() noexcept {
        const std::uint64_t value = number();
        if (value > UINT32_MAX) (void)fail("the number of a call site is out of range");
        return static_cast<std::uint32_t>(value);
    }

    std::optional<Record> name(Record& record) noexcept {
        record.site = site();
        const std::uint64_t size = number();
        if (!problem_.empty()) return std::nullopt;
        if (size > format::most_name || size > chunk_.size() - at_)
            return fail("a name goes beyond the chunk");
        record.name = {reinterpret_cast<const char*>(chunk_.data() + at_), size};
        at_ += size;
        return record;
    }

    std::optional<Record> operation(Record& record, unsigned flags) noexcept {
        record.order = order_ += number();
        record.address = address();
        if (record.kind == format::Kind::move) record.moved_to = address();
        if (record.kind != format::Kind::free) record.size = number();
        if ((flags & format::has_alignment) != 0) {
            const std::uint64_t bits = number();
            if (bits > 47) return fail("an alignment that no machine has");
            record.align_bits = static_cast<std::uint8_t>(bits);
        }
        if ((flags & format::has_site) != 0) record.site = site();
        return whole(record);
    }

    std::span<const std::byte> chunk_;
    std::size_t at_ = sizeof(format::ChunkHead);
    std::size_t begin_ = 0;
    std::uint64_t order_ = 0;
    std::uint64_t address_ = 0;
    std::uint16_t thread_ = 0;
    bool has_thread_ = false;
    std::string problem_;
};

}  // namespace zigmund::replay
