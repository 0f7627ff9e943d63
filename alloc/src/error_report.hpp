// ErrorReport: a diagnosis while it is put into words: its text, and the facts that are told in it, which the
// JSON form tells one by one.
#pragma once

#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "stack_depot.hpp"
#include "text_writer.hpp"

namespace zigmund::alloc::inline v0::detail {

class ErrorReport : public TextWriter {
  public:
    struct Block {
        std::uintptr_t address;
        std::size_t size;
        std::size_t align;
        std::uint32_t thread;
        std::optional<std::uint32_t> age;  // seconds
        std::uint64_t made;                // at the latest, by now_seconds()
    };
    /// A stack by its frames, which live as long as the process.
    struct Stack {
        std::string_view what;  // a literal
        StackId id;
    };

    ErrorReport() noexcept : TextWriter{-1} {}

    void add_stack(std::string_view what, StackId id) noexcept {
        if (stack_count_ < stacks_.size()) stacks_[stack_count_++] = {.what = what, .id = id};
    }
    void add_stacks_of(const ErrorReport& other) noexcept {
        for (const Stack& stack : other.stacks()) add_stack(stack.what, stack.id);
    }
    [[nodiscard]] std::span<const Stack> stacks() const noexcept { return {stacks_.data(), stack_count_}; }

    void set_found(std::span<const unsigned char> found, unsigned char expected) noexcept {
        found_count_ = std::min(found.size(), found_.size());
        std::copy_n(found.begin(), found_count_, found_.begin());
        expected_ = expected;
    }
    [[nodiscard]] std::span<const unsigned char> found() const noexcept {
        return {found_.data(), found_count_};
    }
    [[nodiscard]] unsigned char expected() const noexcept { return expected_; }

    std::optional<Block> block = {};
    std::string_view owner = {};  // of a block of another allocator: that one's name

  private:
    std::array<Stack, 6> stacks_;
    std::size_t stack_count_ = 0;
    std::array<unsigned char, 32> found_;
    std::size_t found_count_ = 0;
    unsigned char expected_ = 0;
};

/// One line. `allocator`: its name; `error.message`: the text.
void write_json(TextWriter& out, const ErrorReport& report, const MemoryError& error,
                std::string_view allocator);

}  // namespace zigmund::alloc::inline v0::detail
