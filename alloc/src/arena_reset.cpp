#include <zigmund/alloc/arena.hpp>

#include <algorithm>
#include <utility>

namespace zigmund::alloc::inline v0 {
namespace {

using detail::Chunk;
using detail::Window;

std::uintptr_t address(const void* p) noexcept { return reinterpret_cast<std::uintptr_t>(p); }

}  // namespace

bool ArenaBase::reset(Reset mode) noexcept {
    check_no_savepoint();
    run_cleanups(nullptr);
    note_peak();
    if (options_.recycle) free_lists_.clear();
    high_water_ = std::max(round_peak_, high_water_ - high_water_ / 8);
    std::size_t limit = mode.limit_;
    if (mode.mode_ == Reset::Mode::decay) {
        // Half as much again stays, so that rounds of like size keep their chunk.
        if (reserved_ / 2 > high_water_)
            limit = std::max(high_water_ + high_water_ / 2 + sizeof(Chunk), options_.first_chunk);
    }
    if (!watched_ && reserved_ <= limit && in_window() && is_alone(chunks_)) {
        Window& window = real();
        window.cursor = window.floor = window.top = window.begin;
        set_limit();
        round_peak_ = 0;
        return true;
    }
    const bool done = retain(limit);
    round_peak_ = 0;
    return done;
}

// Nothing but this chunk was in use: it is the one that a reset would keep.
bool ArenaBase::is_alone(const Chunk* chunk) const noexcept {
    const bool only =
        chunk->older == nullptr || (chunk->older == &initial_ && initial_.cursor == initial_.begin);
    return only && bigs_ == nullptr && spare_ == nullptr && closed_ == 0;
}

void ArenaBase::run_cleanups(const Cleanup* last) noexcept {
    while (cleanups_ != last) {
        Cleanup* cleanup = std::exchange(cleanups_, cleanups_->older);
        cleanup->run(cleanup);
    }
}

// Called before anything but the inline verbs lets bytes_used() fall: those leave the window's top behind.
void ArenaBase::note_peak() noexcept {
    Window& window = real();
    round_peak_ = std::max(round_peak_, closed_ + (std::max(window.top, window.cursor) - window.begin));
    peak_ = std::max(peak_, round_peak_);
    window.top = window.cursor;
}

std::size_t ArenaBase::peak_bytes_used() const noexcept {
    const Window& window = real();
    return std::max(peak_, closed_ + (std::max(window.top, window.cursor) - window.begin));
}

// Empties the arena and keeps one chunk of what was reserved, of no more than `limit` bytes.
bool ArenaBase::retain(std::size_t limit) noexcept {
    leave();
    // The one chunk will lie on top of the initial buffer and must have room for what was in that as well.
    const bool buffer_used = initial_.cursor != initial_.begin;
    const std::size_t wanted =
        reserved_ + (reserved_ != 0 && buffer_used ? initial_.end - initial_.begin : 0);
    const std::size_t target = wanted <= limit ? wanted : limit;

    Chunk* keep = nullptr;
    for (Chunk* list : {chunks_, bigs_, spare_}) {
        while (list != nullptr) {
            Chunk* chunk = list;
            list = list->older;
            if (chunk == &initial_) continue;
            if (total_size(chunk) <= limit && (keep == nullptr || total_size(chunk) > total_size(keep)))
                std::swap(chunk, keep);
            if (chunk != nullptr) give_back(chunk);
        }
    }
    chunks_ = nullptr;
    bigs_ = nullptr;
    spare_ = nullptr;
    update_frees();
    closed_ = 0;

    bool done = true;
    if (target < smallest_chunk) {
        if (keep != nullptr) give_back(keep);
        keep = nullptr;
    } else if (keep == nullptr || total_size(keep) < target) {
        Chunk* whole = keep != nullptr ? regrow(keep, target) : nullptr;
        if (whole == nullptr) {
            whole = take(target);
            if (whole != nullptr && keep != nullptr) give_back(keep);
        }
        done = whole != nullptr;
        if (done) keep = whole;
    }
    if (initial_.end != 0) {
        hide(initial_.begin, initial_.end);
        initial_.cursor = initial_.begin;
        enter(&initial_);
    }
    if (keep != nullptr) {
        leave();
        keep->older = chunks_;
        keep->begin = address(keep) + sizeof(Chunk);
        hide(keep->begin, keep->end);
        enter(keep);
    }
    return done;
}

// The chunk, whose blocks are dead, with another size if the upstream can do that without a copy.
Chunk* ArenaBase::regrow(Chunk* chunk, std::size_t total) noexcept {
    const std::size_t old_total = total_size(chunk);
    // From the header on: `begin` may lie behind padding, which the upstream copies as well.
    const std::uintptr_t content = address(chunk) + sizeof(Chunk);
    show(content, chunk->end - content);
    void* moved = upstream_.remap(chunk, old_total, default_align, total);
    if (moved == nullptr) return nullptr;
    reserved_ = reserved_ - old_total + total;
    chunk = static_cast<Chunk*>(moved);
    chunk->end = address(chunk) + total;
    return chunk;
}

}  // namespace zigmund::alloc::inline v0
