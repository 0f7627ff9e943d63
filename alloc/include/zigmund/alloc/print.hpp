// Allocator::print: formatted text in memory of the caller's choice.
//
// The language is std::format's. Where the standard library has <format> it is used; where it has not
// (libstdc++ 12), {fmt}, which defines the same language, header-only, so that nothing more is linked.
// The text is written into a buffer on the stack and then copied into a block of exactly its size; one
// that exceeds the buffer is measured there and formatted a second time, into its block. The only
// allocation is that block.
#pragma once

#include <zigmund/alloc/allocator.hpp>

#include <version>

#if defined(__cpp_lib_format)
#include <format>
#elif __has_include(<fmt/format.h>)
#if !defined(FMT_HEADER_ONLY) && !defined(FMT_SHARED)
#define FMT_HEADER_ONLY 1
#endif
#include <fmt/format.h>
#else
#error "zigmund: <zigmund/alloc/print.hpp> needs <format> (libstdc++ 13) or {fmt}: apt-get install libfmt-dev"
#endif

#include <array>
#include <iterator>

namespace zigmund::alloc::inline v0 {

namespace detail {
#if defined(__cpp_lib_format)
namespace format = std;
using FormatText = std::string_view;
#else
namespace format = fmt;
using FormatText = fmt::string_view;
#endif

/// Writes up to `end` and counts on past it.
class BoundedWriter {
  public:
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::output_iterator_tag;
    using value_type = void;
    using pointer = void;
    using reference = void;

    BoundedWriter() = default;
    BoundedWriter(char* begin, std::size_t capacity) noexcept : at_{begin}, end_{begin + capacity} {}

    BoundedWriter& operator*() noexcept { return *this; }
    BoundedWriter& operator++() noexcept { return *this; }
    BoundedWriter& operator++(int) noexcept { return *this; }
    BoundedWriter& operator=(char c) noexcept {
        if (at_ != end_) *at_++ = c;
        ++size_;
        return *this;
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

  private:
    char* at_ = nullptr;
    char* end_ = nullptr;
    std::size_t size_ = 0;
};
}  // namespace detail

/// A format string that was checked against the types of its arguments at compile time.
template <class... Args>
class FormatString {
  public:
    /// From a literal. What does not fit the types of the arguments does not compile.
    template <class Text>
        requires std::convertible_to<const Text&, std::string_view>
    consteval FormatString(const Text& text) : checked_{text} {}

    /// As the formatting library takes it.
    [[nodiscard]] detail::FormatText get() const noexcept {
#if defined(__cpp_lib_format)
        return checked_.get();
#else
        return checked_;
#endif
    }

  private:
    detail::format::format_string<Args...> checked_;
};

namespace detail {
/// Formats into memory that `get_memory(size)` returns; null from there gives a view of null.
template <class GetMemory>
std::string_view print(GetMemory&& get_memory, FormatText text, format::format_args args) {
    std::array<char, 256> buffer;
    const std::size_t size =
        format::vformat_to(BoundedWriter{buffer.data(), buffer.size()}, text, args).size();
    char* const memory = get_memory(size);
    if (memory == nullptr) [[unlikely]]
        return {};
    if (size > buffer.size()) {
        format::vformat_to(BoundedWriter{memory, size}, text, args);
    } else if (size != 0) {
        std::memcpy(memory, buffer.data(), size);
    }
    return {memory, size};
}
}  // namespace detail

template <class... Args>
std::string_view Allocator::print(FormatString<std::type_identity_t<Args>...> format, Args&&... args) const {
    return detail::print([this](std::size_t size) { return alloc<char>(size).data(); }, format.get(),
                         detail::format::make_format_args(args...));
}

template <class... Args>
Result<std::string_view> Allocator::try_print(FormatString<std::type_identity_t<Args>...> format,
                                              Args&&... args) const noexcept {
    const std::string_view text =
        detail::print([this](std::size_t size) { return static_cast<char*>(try_allocate(size, 1)); },
                      format.get(), detail::format::make_format_args(args...));
    if (text.data() == nullptr) [[unlikely]]
        return std::unexpected(Error::out_of_memory);
    return text;
}

}  // namespace zigmund::alloc::inline v0
