#include <zigmund/alloc/logging.hpp>

#include <charconv>
#include <cstdint>
#include <utility>

namespace zigmund::alloc::inline v0 {

/// A verb and up to five words, the longest of 20 characters.
class ZIGMUND_HIDDEN Logging::Line {
  public:
    explicit Line(std::string_view verb) noexcept { put(verb); }

    Line& operator<<(std::size_t number) noexcept {
        put(" ");
        at_ = std::to_chars(at_, text_ + sizeof text_, number).ptr;
        return *this;
    }
    Line& operator<<(const void* address) noexcept {
        if (address == nullptr) return *this << std::string_view{"null"};
        put(" 0x");
        at_ = std::to_chars(at_, text_ + sizeof text_, reinterpret_cast<std::uintptr_t>(address), 16).ptr;
        return *this;
    }
    Line& operator<<(std::string_view word) noexcept {
        put(" ");
        put(word);
        return *this;
    }
    void end(const Sink& sink) noexcept {
        put("\n");
        sink({text_, at_});
    }

  private:
    void put(std::string_view piece) noexcept { at_ += piece.copy(at_, piece.size()); }

    char text_[160];
    char* at_ = text_;
};

Logging::Logging(Allocator upstream, Sink sink) noexcept : upstream_{upstream}, sink_{std::move(sink)} {}

Logging::Logging(Allocator upstream, std::FILE* out)
    : Logging{upstream, [out](std::string_view line) { std::fwrite(line.data(), 1, line.size(), out); }} {}

void* Logging::do_try_allocate(std::size_t size, std::size_t align) noexcept {
    void* const p = upstream_.try_allocate(size, align);
    (Line{"alloc"} << size << align << p).end(sink_);
    return p;
}

void Logging::do_deallocate(void* p, std::size_t size, std::size_t align) noexcept {
    (Line{"free"} << p << size << align).end(sink_);
    upstream_.deallocate(p, size, align);
}

bool Logging::do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    const bool done = upstream_.resize(p, old_size, align, new_size);
    (Line{"resize"} << p << old_size << align << new_size << std::string_view{done ? "yes" : "no"})
        .end(sink_);
    return done;
}

void* Logging::do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept {
    void* const moved = upstream_.remap(p, old_size, align, new_size);
    (Line{"remap"} << p << old_size << align << new_size << moved).end(sink_);
    return moved;
}

}  // namespace zigmund::alloc::inline v0
