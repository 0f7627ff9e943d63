// What one arena holds between two resets, by Arena's rules and without its memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "trace.hpp"

namespace zigmund::replay {

/// Arena's newest block grows, shrinks and is given back in place; another that grows is moved, and its old place
/// stays unused. O(1) an operation.
class Filling {
  public:
    struct Place {
        std::uint64_t offset;
        std::uint64_t size;
    };

    /// `places` has one for each of the trace's slots, outlives this, and several share it.
    explicit Filling(std::pmr::vector<Place>& places) noexcept : places_{&places} {}

    void apply(const Operation& operation) noexcept {
        Place& place = (*places_)[operation.slot];
        if (operation.verb == Verb::allocate) return put(place, rounded(operation.size));
        const bool is_newest = place.offset + place.size == end_;
        if (is_newest) end_ = place.offset;
        if (operation.verb == Verb::free) {
            live_ -= place.size;
        } else if (const std::uint64_t size = rounded(operation.size); is_newest || size > place.size) {
            live_ -= place.size;
            put(place, size);
        } else {
            live_ -= place.size - size;
            place.size = size;
        }
    }

    [[nodiscard]] std::uint64_t most_held() const noexcept { return most_held_; }
    /// Without what is live now, which survives and lives elsewhere: it held up to 64 KiB, or four times what was
    /// live at a time.
    [[nodiscard]] bool is_modest() const noexcept {
        return most_held_ - live_ <= std::max(std::uint64_t{64} << 10, 4 * (most_live_ - live_));
    }

  private:
    static std::uint64_t rounded(std::uint64_t size) noexcept { return (size + 15) / 16 * 16; }

    void put(Place& place, std::uint64_t size) noexcept {
        place = {end_, size};
        end_ += size;
        live_ += size;
        most_held_ = std::max(most_held_, end_);
        most_live_ = std::max(most_live_, live_);
    }

    std::pmr::vector<Place>* places_;
    std::uint64_t end_ = 0;
    std::uint64_t live_ = 0;
    std::uint64_t most_held_ = 0;
    std::uint64_t most_live_ = 0;
};

}  // namespace zigmund::replay
