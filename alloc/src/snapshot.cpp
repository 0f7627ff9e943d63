#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/snapshot.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <tuple>

#include "page_memory.hpp"
#include "site_report.hpp"
#include "snapshot_books.hpp"

namespace zigmund::alloc::inline v0 {

using namespace detail;

namespace {

/// A head in zeroed pages with `more` bytes behind it.
template <class Books>
Books* make_books(std::string_view name, std::size_t count, std::size_t more) {
    const std::size_t room = sizeof(Books) + more;
    void* const mapping = map_pages(room);
    if (mapping == nullptr) detail::throw_bad_alloc();
    auto* const books = new (mapping) Books{};
    books->room = room;
    books->count = count;
    name.copy(books->name.data(), books->name.size() - 1);
    return books;
}

void drop(BooksHead* books) noexcept {
    if (books != nullptr) unmap_pages(books, books->room);
}

}  // namespace

SnapshotBooks* SnapshotBooks::make(std::string_view name, std::size_t count) {
    return make_books<SnapshotBooks>(name, count, count * sizeof(Site));
}

DiffBooks* DiffBooks::make(std::string_view name, std::size_t count) {
    return make_books<DiffBooks>(name, count, count * (sizeof(SiteGrowth) + sizeof(CallSite)));
}

// ---- a moment ----

Snapshot::~Snapshot() { drop(books_); }

std::size_t Snapshot::bytes() const noexcept {
    return books_ == nullptr ? 0 : static_cast<std::size_t>(books_->total.bytes);
}
std::size_t Snapshot::blocks() const noexcept {
    return books_ == nullptr ? 0 : static_cast<std::size_t>(books_->total.blocks);
}
std::size_t Snapshot::call_sites() const noexcept { return books_ == nullptr ? 0 : books_->count; }

// ---- between two ----

SnapshotDiff diff(const Snapshot& before, const Snapshot& after) {
    Arena arena{pages()};
    ShownStacks shown{arena};
    std::pmr::unordered_map<std::uint64_t, CallSite> changes{&arena};
    const auto add = [&](SnapshotBooks* books, std::int64_t sign) {
        if (books == nullptr) return;
        for (const SnapshotBooks::Site& site : books->sites()) {
            const StackId stack = CallSite::stack_of(site.key);
            const std::size_t size = CallSite::size_of(site.key);
            const Amount amount{.bytes = sign * site.amount.bytes, .blocks = sign * site.amount.blocks};
            const auto [place, added] = changes.try_emplace(
                shown.number(stack, size),
                CallSite{.stack = stack, .amount = amount, .smallest = size, .largest = size});
            if (!added) place->second.amount += amount;
        }
    };
    add(after.books_, 1);
    add(before.books_, -1);
    std::erase_if(changes, [](const auto& change) { return change.second.amount == Amount{}; });

    const BooksHead* const named = after.books_ != nullptr ? after.books_ : before.books_;
    DiffBooks* const books = DiffBooks::make(
        named == nullptr ? std::string_view{} : std::string_view{named->name.data()}, changes.size());
    const std::span<CallSite> sites = books->sites();
    std::ranges::transform(changes, sites.begin(), [](const auto& change) { return change.second; });
    std::ranges::sort(sites, {}, [](const CallSite& site) {
        return std::tuple{-site.amount.bytes, -site.amount.blocks, site.stack, site.smallest};
    });
    for (std::size_t i = 0; i < sites.size(); ++i) {
        books->total += sites[i].amount;
        std::construct_at(&books->growths()[i], SiteGrowth{.bytes = sites[i].amount.bytes,
                                                           .blocks = sites[i].amount.blocks,
                                                           .stack = stack_frames(sites[i].stack)});
    }
    return SnapshotDiff{books};
}

SnapshotDiff::~SnapshotDiff() { drop(books_); }

std::span<const SiteGrowth> SnapshotDiff::sites() const noexcept {
    return books_ == nullptr ? std::span<const SiteGrowth>{} : books_->growths();
}
std::int64_t SnapshotDiff::bytes() const noexcept { return books_ == nullptr ? 0 : books_->total.bytes; }
std::int64_t SnapshotDiff::blocks() const noexcept { return books_ == nullptr ? 0 : books_->total.blocks; }

void SnapshotDiff::write(int descriptor, ReportFormat format, unsigned frames, unsigned lines) const {
    if (books_ == nullptr) return;
    write_report(descriptor, format,
                 {.kind = "growth",
                  .name = books_->name.data(),
                  .sites = books_->sites(),
                  .total = books_->total,
                  .frames = frames,
                  .lines = lines});
}

}  // namespace zigmund::alloc::inline v0
