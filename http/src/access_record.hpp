// AccessRecord, AccessRing: what is known of a request that was answered, on its way to the writer of a log.
//
// Threads: one that pushes, one that pops. Cost: of a push, two copies and two atomic words. Never: waits.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace zigmund::http::inline v0 {

struct AccessRecord {
    enum Text : std::uint8_t { remote, method, target, route, id, referer, agent, text_count };

    std::uint32_t size = 0;  ///< with the texts
    std::uint16_t status = 0;
    bool http_1_0 = false;
    std::int64_t time = 0;  ///< in microseconds since 1970
    std::uint64_t microseconds = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t head_out = 0;
    std::uint64_t body_out = 0;
    std::uint64_t arena = 0;
    std::array<std::uint16_t, text_count> sizes{};
};

class AccessRing {
  public:
    /// A record with its texts is never larger: who pops has that much room.
    static constexpr std::size_t max_record = std::size_t{16} << 10;

    explicit AccessRing(std::size_t size) : bytes_{std::make_unique<char[]>(size)}, mask_{size - 1} {}

    /// The record with its texts, which are cut where they are longer than any that a server takes, or, if
    /// there is no room, takes note that one is missing. `record.size` and `record.sizes` are set here. True:
    /// the writer should come soon.
    bool push(AccessRecord record, std::array<std::string_view, AccessRecord::text_count> texts) noexcept {
        record.size = sizeof record;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            texts[i] = texts[i].substr(0, max_sizes[i]);
            record.sizes[i] = static_cast<std::uint16_t>(texts[i].size());
            record.size += record.sizes[i];
        }
        const std::uint64_t head = head_.load(std::memory_order_relaxed);
        const std::uint64_t used = head - tail_.load(std::memory_order_acquire);
        if (record.size > max_record || record.size > mask_ + 1 - used) {
            missing_.store(missing_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
            return false;
        }
        std::uint64_t at = write(head, {reinterpret_cast<const char*>(&record), sizeof record});
        for (const std::string_view text : texts) at = write(at, text);
        head_.store(at, std::memory_order_release);
        return used <= (mask_ + 1) / 2 && used + record.size > (mask_ + 1) / 2;
    }

    /// What was pushed by now.
    [[nodiscard]] std::uint64_t end() const noexcept { return head_.load(std::memory_order_acquire); }

    /// The oldest record before `end`, whose texts are in `space`, one after the other; false: there is none.
    bool pop(AccessRecord& record, std::span<char> space, std::uint64_t end) noexcept {
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        if (tail == end) return false;
        read(tail, {reinterpret_cast<char*>(&record), sizeof record});
        read(tail + sizeof record, space.first(record.size - sizeof record));
        tail_.store(tail + record.size, std::memory_order_release);
        return true;
    }

    /// How many are missing by now.
    [[nodiscard]] std::uint64_t missing() const noexcept { return missing_.load(std::memory_order_relaxed); }

    std::uint64_t missing_said = 0;       ///< the writer's
    std::atomic<bool> abandoned = false;  ///< its thread has ended

  private:
    // Of the texts, in their order. What comes by the wire is within a line of 8 KiB; what a program makes
    // itself, as an id or the target of a TestClient, may have any size, and a size here has 16 bits.
    static constexpr std::array<std::size_t, AccessRecord::text_count> max_sizes{512, 64,   8192, 512,
                                                                                 256, 8192, 8192};

    std::uint64_t write(std::uint64_t at, std::string_view bytes) noexcept {
        const std::size_t start = at & mask_;
        const std::size_t first = std::min(bytes.size(), mask_ + 1 - start);
        if (first != 0) std::memcpy(bytes_.get() + start, bytes.data(), first);
        if (first != bytes.size()) std::memcpy(bytes_.get(), bytes.data() + first, bytes.size() - first);
        return at + bytes.size();
    }
    void read(std::uint64_t at, std::span<char> to) const noexcept {
        const std::size_t start = at & mask_;
        const std::size_t first = std::min(to.size(), mask_ + 1 - start);
        if (first != 0) std::memcpy(to.data(), bytes_.get() + start, first);
        if (first != to.size()) std::memcpy(to.data() + first, bytes_.get(), to.size() - first);
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t mask_;
    std::atomic<std::uint64_t> missing_ = 0;
    // Each is written by one side: apart, so that they do not take one another's cache line.
    alignas(64) std::atomic<std::uint64_t> head_ = 0;
    alignas(64) std::atomic<std::uint64_t> tail_ = 0;
};

}  // namespace zigmund::http::inline v0
