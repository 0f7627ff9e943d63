// Snapshot: what is live at a moment, by call site; and what grew between two moments.
//
//     const Snapshot before = gpa.snapshot();
//     serve(1000);
//     const SnapshotDiff growth = diff(before, gpa.snapshot());
//     for (const SiteGrowth& site : growth.sites()) ...        // the one that grew most comes first
//     growth.write(2);                                          // or as JSON, folded stacks, pprof
//
// Threads: a snapshot may be taken while other threads allocate and free; what they do meanwhile is in it or
// not. Snapshots do not change, any thread may read them. Cost: taking one visits each live block, a million
// in a fifth of a second; it holds 24 bytes for each call site, not for each block, and works with some 100
// more while it is taken. Its memory is pages() of its own, so that it counts as nobody's. Never: stops a
// thread, allocates from the allocator that it is taken of, refers to it afterwards.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/report_format.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace zigmund::alloc::inline v0 {

namespace detail {
struct SnapshotBooks;
struct DiffBooks;
}  // namespace detail

class SnapshotDiff;

/// Made by GeneralPurposeAllocator::snapshot(). One made by default or moved from is that of an allocator
/// that has nothing.
class ZIGMUND_EXPORT Snapshot {
  public:
    Snapshot() = default;
    /// Takes the books; `other` is empty, or has what this had. O(1).
    Snapshot(Snapshot&& other) noexcept : books_{std::exchange(other.books_, nullptr)} {}
    Snapshot& operator=(Snapshot&& other) noexcept {
        std::swap(books_, other.books_);
        return *this;
    }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;
    ~Snapshot();

    /// Bytes that users held, as they asked for them. O(1).
    [[nodiscard]] std::size_t bytes() const noexcept;
    /// Blocks that users held. O(1).
    [[nodiscard]] std::size_t blocks() const noexcept;
    /// Stacks that had made them; where blocks have no stacks, sizes. O(1).
    [[nodiscard]] std::size_t call_sites() const noexcept;

  private:
    friend class GeneralPurposeAllocator;
    friend SnapshotDiff diff(const Snapshot& before, const Snapshot& after);

    detail::SnapshotBooks* books_ = nullptr;
};

/// What one call site has more, or less, than before.
struct SiteGrowth {
    std::int64_t bytes;   ///< more than before; below 0: fewer
    std::int64_t blocks;  ///< likewise
    /// Return addresses, innermost first, for symbolize(); empty: blocks have no stacks, and those of one
    /// size are told together. They live as long as the process.
    std::span<const std::uintptr_t> stack;
};

/// What diff() found: the call sites between two snapshots, and the sum of them.
class ZIGMUND_EXPORT SnapshotDiff {
  public:
    /// Takes the books; of `other` nothing but its destructor is to be used. O(1).
    SnapshotDiff(SnapshotDiff&& other) noexcept : books_{std::exchange(other.books_, nullptr)} {}
    SnapshotDiff& operator=(SnapshotDiff&& other) noexcept {
        std::swap(books_, other.books_);
        return *this;
    }
    SnapshotDiff(const SnapshotDiff&) = delete;
    SnapshotDiff& operator=(const SnapshotDiff&) = delete;
    ~SnapshotDiff();

    /// Those that changed, by growth in bytes, then in blocks; what shrank comes last. Stacks that are named
    /// alike are one call site. Valid as long as this object. O(1).
    [[nodiscard]] std::span<const SiteGrowth> sites() const noexcept;
    /// Of all of them together. O(1).
    [[nodiscard]] std::int64_t bytes() const noexcept;
    [[nodiscard]] std::int64_t blocks() const noexcept;

    /// Writes them to a file descriptor. As text, `frames` of each stack and at most `lines` lines, as
    /// GeneralPurposeOptions::report_lines has them; it begins with
    /// `zigmund: NAME: growth: +192 bytes in +3 blocks from 1 call site`, NAME that of the allocator of the
    /// later snapshot. Throws std::bad_alloc as folded stacks and as pprof. Linear in the call sites.
    void write(int descriptor, ReportFormat format = ReportFormat::text, unsigned frames = 8,
               unsigned lines = 24) const;

  private:
    friend SnapshotDiff diff(const Snapshot& before, const Snapshot& after);
    explicit SnapshotDiff(detail::DiffBooks* books) noexcept : books_{books} {}

    detail::DiffBooks* books_;
};

/// What changed from `before` to `after`. Neither is needed afterwards. Throws std::bad_alloc. Linear in the
/// call sites of both; names each stack, which reads the program's debug information the first time.
ZIGMUND_EXPORT [[nodiscard]] SnapshotDiff diff(const Snapshot& before, const Snapshot& after);

}  // namespace zigmund::alloc::inline v0
