#include <zigmund/alloc/pmr_adapter.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>

#include "stack_report.hpp"
#include "text_writer.hpp"

namespace zigmund::alloc::inline v0 {
namespace {

/// What stands right in front of a block.
struct Tag {
    std::size_t size;
    std::size_t align;
    std::uintptr_t mark;  ///< says that the rest is ours, and for this address
};

/// From the upstream's block to ours: room for the tag that keeps the alignment.
constexpr std::size_t front(std::size_t align) noexcept { return std::max<std::size_t>(align, 32); }
static_assert(sizeof(Tag) <= front(1));

/// No object is bigger, and memory resources of others round up what comes near SIZE_MAX, to nearly nothing
/// (libstdc++ 12's new_delete_resource).
constexpr std::size_t largest = std::numeric_limits<std::ptrdiff_t>::max();

constexpr std::size_t upstream_align(std::size_t align) noexcept { return std::max(align, alignof(Tag)); }

std::uintptr_t mark_of(const PmrAdapter* adapter, const void* p) noexcept {
    constexpr std::uintptr_t salt = 0x5a69676d'756e6431;
    return reinterpret_cast<std::uintptr_t>(adapter) ^ (reinterpret_cast<std::uintptr_t>(p) * 3) ^ salt;
}

// A block's alignment may be less than a tag's.
Tag tag_of(const void* p) noexcept {
    Tag tag;
    std::memcpy(&tag, static_cast<const char*>(p) - sizeof tag, sizeof tag);
    return tag;
}

void set_tag(void* p, const Tag& tag) noexcept {
    std::memcpy(static_cast<char*>(p) - sizeof tag, &tag, sizeof tag);
}

struct Call {
    std::string_view verb;
    const void* p;
    std::size_t size;
    std::size_t align;
};

[[noreturn, gnu::cold, gnu::noinline]] void refuse(const Call& call, const Tag* tag) noexcept {
    detail::TextWriter out{2};
    out << "zigmund: " << call.verb << '(';
    out.hex(reinterpret_cast<std::uintptr_t>(call.p)) << ", ";
    out.decimal(call.size) << ", ";
    out.decimal(call.align) << ") of ";
    if (tag != nullptr) {
        out << "a block that has ";
        out.decimal(tag->size) << " bytes aligned to ";
        out.decimal(tag->align) << '\n';
    } else {
        out << "what is no live block of this PmrAdapter: it was given back before, comes from elsewhere, or "
               "what lies in front of it was overwritten\n";
    }
    detail::write_stack(out, detail::capture_stack(__builtin_frame_address(0), 32), 16);
    out.flush();
    std::abort();
}

void check(const PmrAdapter* adapter, const Call& call) noexcept {
    const Tag tag = tag_of(call.p);
    if (tag.mark != mark_of(adapter, call.p)) [[unlikely]]
        refuse(call, nullptr);
    if (tag.size != call.size || tag.align != call.align) [[unlikely]]
        refuse(call, &tag);
}

}  // namespace

void* PmrAdapter::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    const std::size_t before = front(align);
    if (size > largest - before) [[unlikely]]
        return nullptr;
    void* base = nullptr;
    if (resource_ != nullptr) {
        base = resource_->try_allocate(before + size, upstream_align(align));
    } else {
#if defined(__cpp_exceptions)
        try {
            base = upstream_->allocate(before + size, upstream_align(align));
        } catch (...) {
            return nullptr;
        }
#else
        base = upstream_->allocate(before + size, upstream_align(align));
#endif
    }
    if (base == nullptr) [[unlikely]]
        return nullptr;
    void* const p = static_cast<char*>(base) + before;
    set_tag(p, {.size = size, .align = align, .mark = mark_of(this, p)});
    return p;
}

void PmrAdapter::do_deallocate(void* p, std::size_t size, std::size_t align) noexcept {
    check(this, {.verb = "deallocate", .p = p, .size = size, .align = align});
    set_tag(p, {});
    upstream_->deallocate(static_cast<char*>(p) - front(align), front(align) + size, upstream_align(align));
}

bool PmrAdapter::do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    check(this, {.verb = "resize", .p = p, .size = old_size, .align = align});
    if (new_size == old_size) return true;
    const std::size_t before = front(align);
    if (resource_ == nullptr || new_size > largest - before) return false;
    if (!resource_->resize(static_cast<char*>(p) - before, before + old_size, upstream_align(align),
                           before + new_size))
        return false;
    set_tag(p, {.size = new_size, .align = align, .mark = mark_of(this, p)});
    return true;
}

void* PmrAdapter::do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    check(this, {.verb = "remap", .p = p, .size = old_size, .align = align});
    if (new_size == old_size) return p;
    const std::size_t before = front(align);
    if (resource_ == nullptr || new_size > largest - before) return nullptr;
    void* const base = resource_->remap(static_cast<char*>(p) - before, before + old_size,
                                        upstream_align(align), before + new_size);
    if (base == nullptr) return nullptr;
    void* const moved = static_cast<char*>(base) + before;
    set_tag(moved, {.size = new_size, .align = align, .mark = mark_of(this, moved)});
    return moved;
}

}  // namespace zigmund::alloc::inline v0
