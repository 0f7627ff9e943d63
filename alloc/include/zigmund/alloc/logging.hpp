// Logging: every operation on a resource, as one line of text.
//
//     Logging logged{heap(), stderr};
//
//     alloc 100 16 0x7f12d4000b20
//     resize 0x7f12d4000b20 100 16 200 no
//     remap 0x7f12d4000b20 100 16 200 null
//     free 0x7f12d4000b20 100 16
//
// The words are the verb; address, size and alignment of the block (for alloc, what was asked for); for
// resize and remap the new size; and what came of it: an address or `null`, `yes` or `no`. Numbers are
// decimal, addresses hexadecimal. Such a text is a trace: <zigmund/alloc/trace.hpp> reads it back and
// repeats it on any other resource.
//
// Threads: one at a time (put Locked on top of it for more). Cost: the formatting of a line and the sink's.
// Never: allocates on its own account.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

#include <cstddef>
#include <cstdio>
#include <functional>
#include <string_view>

namespace zigmund::alloc::inline v0 {

class ZIGMUND_EXPORT Logging final : public Resource {
  public:
    /// Gets each line, the newline at its end included; the view is dead when it returns. It must neither
    /// throw nor use the Logging that calls it.
    using Sink = std::function<void(std::string_view line)>;

    /// Logs what is done on `upstream`, which must outlive it, to `sink`.
    Logging(Allocator upstream, Sink sink) noexcept;
    /// To a file, which stays the caller's and must outlive it. What cannot be written is lost.
    Logging(Allocator upstream, std::FILE* out);

    /// The value to pass around. It must not outlive this.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

  private:
    class Line;

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override;
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override;
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;
    void* do_remap(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override;

    Allocator upstream_;
    Sink sink_;
};

}  // namespace zigmund::alloc::inline v0
