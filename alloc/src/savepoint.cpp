#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/savepoint.hpp>
#include <zigmund/alloc/transaction.hpp>

#include <cstdio>
#include <cstdlib>

namespace zigmund::alloc::inline v0 {
namespace {

[[noreturn, gnu::cold]] void misuse(const char* what) noexcept {
    std::fprintf(stderr, "zigmund: Arena: %s\n", what);
    std::abort();
}

}  // namespace

Savepoint ArenaBase::savepoint() noexcept {
    detail::Window& window = real();
    Savepoint taken;
    taken.arena_ = this;
    taken.serial_ = ++last_serial_;
    taken.enclosing_ = innermost_;
    taken.depth_ = ++open_savepoints_;
    taken.window_ = window;
    taken.chunks_ = chunks_;
    taken.bigs_ = bigs_;
    taken.bigs_floor_ = bigs_floor_;
    taken.floor_chunk_ = floor_chunk_;
    taken.floor_ = floor_;
    taken.cleanups_ = cleanups_;
    taken.closed_ = closed_;
    innermost_ = taken.serial_;
    window.floor = window.cursor;
    bigs_floor_ = bigs_;
    floor_chunk_ = chunks_;
    floor_ = in_window() || chunks_ == nullptr ? window.cursor : chunks_->cursor;
    return taken;
}

void ArenaBase::rewind(const Savepoint& savepoint) noexcept {
    check_innermost(savepoint);
    note_peak();
    // Destructors run while all they refer to is still there, and the floor too.
    run_cleanups(savepoint.cleanups_);
    if (options_.recycle) free_lists_.drop(savepoint.serial_, watched_);
    while (bigs_ != savepoint.bigs_) give_back(std::exchange(bigs_, bigs_->older));
    leave();
    while (chunks_ != savepoint.chunks_) put_aside(std::exchange(chunks_, chunks_->older));
    closed_ = savepoint.closed_;
    real() = savepoint.window_;
    real().top = real().cursor;
    if (in_window()) hide(real().cursor, chunks_->end);
    close(savepoint);
    set_limit();
}

void ArenaBase::release(const Savepoint& savepoint) noexcept {
    check_innermost(savepoint);
    // A chunk that was opened since lies above every floor as a whole.
    if (real().begin == savepoint.window_.begin) real().floor = savepoint.window_.floor;
    close(savepoint);
}

void ArenaBase::close(const Savepoint& savepoint) noexcept {
    bigs_floor_ = savepoint.bigs_floor_;
    floor_chunk_ = savepoint.floor_chunk_;
    floor_ = savepoint.floor_;
    innermost_ = savepoint.enclosing_;
    --open_savepoints_;
    update_frees();
}

// Whether the block was made since the innermost savepoint. O(chunks since).
bool ArenaBase::is_above_floor(std::uintptr_t block) const noexcept {
    if (open_savepoints_ == 0) return true;
    for (const Chunk* chunk = chunks_; chunk != floor_chunk_; chunk = chunk->older)
        if (block >= chunk->begin && block < chunk->end) return true;
    return floor_chunk_ != nullptr && block >= floor_ && block < floor_chunk_->end;
}

void ArenaBase::check_innermost(const Savepoint& savepoint) const noexcept {
    if (savepoint.arena_ != this) misuse("this savepoint belongs to another arena");
    if (savepoint.serial_ == innermost_) return;
    misuse(savepoint.depth_ < open_savepoints_ ? "a savepoint taken after this one is still open"
                                               : "this savepoint was closed already");
}

void ArenaBase::check_no_savepoint() const noexcept {
    if (open_savepoints_ != 0) misuse("reset or destroyed while a savepoint is open");
}

Transaction ArenaBase::transaction() noexcept { return Transaction{*this}; }

ArenaScope::ArenaScope(ArenaBase& arena) noexcept : arena_{arena}, savepoint_{arena.savepoint()} {}

ArenaScope::~ArenaScope() { arena_.rewind(savepoint_); }

Transaction::Transaction(ArenaBase& arena) noexcept : arena_{arena}, savepoint_{arena.savepoint()} {}

Transaction::~Transaction() {
    if (open_) arena_.rewind(savepoint_);
}

void Transaction::commit() noexcept {
    arena_.release(savepoint_);
    open_ = false;
}

}  // namespace zigmund::alloc::inline v0
