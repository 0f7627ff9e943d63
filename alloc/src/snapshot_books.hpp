// What a Snapshot and a SnapshotDiff hold: one mapping each, a head with its call sites behind it.
#pragma once

#include <zigmund/alloc/snapshot.hpp>

#include <array>
#include <span>
#include <string_view>

#include "call_site.hpp"

namespace zigmund::alloc::inline v0::detail {

struct BooksHead {
    std::size_t room;  // bytes of the mapping
    std::size_t count;
    Amount total;
    std::array<char, 48> name;  // of the allocator
};

struct SnapshotBooks : BooksHead {
    struct Site {
        std::uint64_t key;  // of CallSite
        Amount amount;
    };

    /// Throws std::bad_alloc.
    [[nodiscard]] static SnapshotBooks* make(std::string_view name, std::size_t count);
    [[nodiscard]] std::span<Site> sites() noexcept { return {reinterpret_cast<Site*>(this + 1), count}; }
};

/// The call sites twice in the same order: as users see them, and as a report does.
struct DiffBooks : BooksHead {
    [[nodiscard]] static DiffBooks* make(std::string_view name, std::size_t count);
    [[nodiscard]] std::span<SiteGrowth> growths() noexcept {
        return {reinterpret_cast<SiteGrowth*>(this + 1), count};
    }
    [[nodiscard]] std::span<CallSite> sites() noexcept {
        return {reinterpret_cast<CallSite*>(growths().data() + count), count};
    }
};

}  // namespace zigmund::alloc::inline v0::detail
