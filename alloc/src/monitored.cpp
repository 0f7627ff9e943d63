#include <zigmund/alloc/testing/monitored.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "stack_depot.hpp"
#include "stack_report.hpp"
#include "text.hpp"
#include "text_writer.hpp"

namespace zigmund::alloc::inline v0::testing {
namespace {

using alloc::detail::text;

constexpr unsigned shown_frames = 8;
constexpr unsigned taken_frames = 32;

std::string name(const std::source_location& where) { return text(where.file_name(), ":", where.line()); }

std::ptrdiff_t change(std::size_t from, std::size_t to) noexcept {
    return static_cast<std::ptrdiff_t>(to - from);  // modulo 2^64, so that a fall comes out negative
}

}  // namespace

// ---- Monitor ----

Monitor::Monitor(Monitored& monitored) noexcept
    : monitored_{monitored},
      next_{monitored.monitors_},
      allocations_{monitored.allocations_},
      deallocations_{monitored.deallocations_},
      allocated_bytes_{monitored.allocated_bytes_},
      live_blocks_{monitored.live_blocks_},
      live_bytes_{monitored.live_bytes_},
      highest_{monitored.live_bytes_} {
    monitored.monitors_ = this;
}

Monitor::~Monitor() {
    Monitor** at = &monitored_.monitors_;
    while (*at != this) at = &(*at)->next_;
    *at = next_;
}

std::size_t Monitor::allocations() const noexcept { return monitored_.allocations_ - allocations_; }
std::size_t Monitor::deallocations() const noexcept { return monitored_.deallocations_ - deallocations_; }
std::size_t Monitor::allocated_bytes() const noexcept {
    return monitored_.allocated_bytes_ - allocated_bytes_;
}
std::ptrdiff_t Monitor::live_blocks() const noexcept { return change(live_blocks_, monitored_.live_blocks_); }
std::ptrdiff_t Monitor::live_bytes() const noexcept { return change(live_bytes_, monitored_.live_bytes_); }
std::size_t Monitor::peak_bytes() const noexcept { return highest_ - live_bytes_; }

// ---- scopes ----

Monitored::NoAllocScope::NoAllocScope(Monitored& monitored, std::source_location where) noexcept
    : monitored_{monitored}, outer_{monitored.scope_}, where_{where} {
    monitored.scope_ = this;
}

Monitored::NoAllocScope::~NoAllocScope() { monitored_.scope_ = outer_; }

Monitored::ExpectAllocations::~ExpectAllocations() {
    const std::size_t made = monitor_.allocations();
    if (made == count_) return;
    monitor_.monitored_.violation(text("zigmund: ", made, made == 1 ? " allocation" : " allocations",
                                       " in the scope of ", name(where_), ", where ", count_,
                                       count_ == 1 ? " was" : " were", " expected\n"));
}

void Monitored::violation_in_scope(const void* frame, std::string_view what) const noexcept {
    alloc::detail::TextWriter out{-1};
    out << text("zigmund: ", what, " inside the no_alloc_scope of ", name(scope_->where_), ", at\n");
    alloc::detail::write_stack(out, alloc::detail::capture_stack(frame, taken_frames), shown_frames);
    violation(out.text());
}

void Monitored::violation(std::string_view message) const noexcept {
    if (on_violation_ != nullptr) {
        on_violation_(message);
        return;
    }
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, message.data(), message.size());
    std::abort();
}

// ---- the verbs. Each entrance notes its own frame: a stack begins with whoever called it. ----

void* Monitored::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    return allocate_from(__builtin_frame_address(0), size, align);
}

void* Monitored::do_allocate(std::size_t size, std::size_t align) {
    void* const p = allocate_from(__builtin_frame_address(0), size, align);
    if (p == nullptr) [[unlikely]]
        alloc::detail::throw_bad_alloc();
    return p;
}

void* Monitored::allocate_from(const void* frame, std::size_t size, std::size_t align) noexcept {
    if (scope_ != nullptr) {
        violation_in_scope(frame, text("allocation of ", size, " bytes (alignment ", align, ")"));
    }
    void* const p = upstream_.try_allocate(size, align);
    if (p == nullptr) return nullptr;
    ++allocations_, ++live_blocks_;
    allocated_bytes_ += size, live_bytes_ += size;
    note_live_bytes();
    return p;
}

void Monitored::do_deallocate(void* p, std::size_t size, std::size_t align) noexcept {
    upstream_.deallocate(p, size, align);
    ++deallocations_, --live_blocks_;
    live_bytes_ -= size;
}

bool Monitored::do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    check_growth(__builtin_frame_address(0), old_size, new_size, align);
    if (!upstream_.resize(p, old_size, align, new_size)) return false;
    count_resize(old_size, new_size);
    return true;
}

void* Monitored::do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    check_growth(__builtin_frame_address(0), old_size, new_size, align);
    void* const moved = upstream_.remap(p, old_size, align, new_size);
    if (moved != nullptr) count_resize(old_size, new_size);
    return moved;
}

void Monitored::check_growth(const void* frame, std::size_t old_size, std::size_t new_size,
                             std::size_t align) noexcept {
    if (scope_ == nullptr || new_size <= old_size) return;
    violation_in_scope(frame,
                       text("growth from ", old_size, " to ", new_size, " bytes (alignment ", align, ")"));
}

void Monitored::count_resize(std::size_t old_size, std::size_t new_size) noexcept {
    if (new_size > old_size) allocated_bytes_ += new_size - old_size;
    live_bytes_ = live_bytes_ - old_size + new_size;
    note_live_bytes();
}

void Monitored::note_live_bytes() noexcept {
    for (Monitor* monitor = monitors_; monitor != nullptr; monitor = monitor->next_) {
        monitor->highest_ = std::max(monitor->highest_, live_bytes_);
    }
}

}  // namespace zigmund::alloc::inline v0::testing
