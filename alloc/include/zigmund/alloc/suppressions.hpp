// Suppressions: leaks that are known and not to be reported, by function or file.
//
//     # suppressions.txt, in the form that LeakSanitizer reads
//     leak:libfontconfig.so
//     leak:^Registry::intern
//     leak:/third_party/*.cpp
//
//     const auto known = Suppressions::read("suppressions.txt");
//     if (!known) fail(known.error().line, known.error().reason);
//     GeneralPurposeAllocator gpa{{.suppressions = known->patterns()}};
//
// A leak is left out when a pattern matches the function, the file or the module of any frame of its stack,
// inlined ones included; the report says how much was left out. A pattern matches anywhere in the name; `*`
// stands for any characters, a `^` at its beginning and a `$` at its end hold it to the ends of the name.
//
// Threads: any may read. Cost: only when leaks are reported. Its memory is two blocks of pages(), so that an
// allocator that is the program's malloc can have one.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <cstddef>
#include <expected>
#include <span>
#include <string_view>
#include <utility>

namespace zigmund::alloc::inline v0 {

/// Why a text is no list of suppressions.
struct SuppressionError {
    std::size_t line;         ///< from 1; 0: the file as a whole
    std::string_view reason;  ///< one of the texts at Suppressions::parse() and read(); static storage
};

class ZIGMUND_EXPORT Suppressions {
  public:
    Suppressions() = default;
    /// Takes the patterns; `other` is empty, or has what this had. O(1).
    Suppressions(Suppressions&& other) noexcept
        : text_{std::exchange(other.text_, {})},
          patterns_{std::exchange(other.patterns_, {})},
          room_{std::exchange(other.room_, 0)} {}
    /// Exchanges the patterns. O(1).
    Suppressions& operator=(Suppressions&& other) noexcept {
        std::swap(text_, other.text_);
        std::swap(patterns_, other.patterns_);
        std::swap(room_, other.room_);
        return *this;
    }
    Suppressions(const Suppressions&) = delete;
    Suppressions& operator=(const Suppressions&) = delete;
    ~Suppressions();

    /// Reads lines of the form `leak:PATTERN`; blanks around them, empty lines and lines that begin with `#`
    /// are skipped. Linear in the text, which is copied. The errors:
    ///
    ///     not a suppression: write leak:PATTERN
    ///     no pattern after leak:
    ///     out of memory
    [[nodiscard]] static std::expected<Suppressions, SuppressionError> parse(std::string_view text) noexcept;

    /// The same of a file. Further errors, at line 0:
    ///
    ///     cannot open the file
    ///     cannot read the file
    [[nodiscard]] static std::expected<Suppressions, SuppressionError> read(const char* path) noexcept;

    /// The patterns in the order of the text, as GeneralPurposeOptions::suppressions takes them. They live as
    /// long as this object.
    [[nodiscard]] std::span<const std::string_view> patterns() const noexcept { return patterns_; }

    /// True when `pattern` matches `name`, by the rules above; nothing matches an empty name, and an empty
    /// pattern matches nothing. O(length of both) for each `*`.
    [[nodiscard]] static bool matches(std::string_view pattern, std::string_view name) noexcept;

  private:
    std::span<char> text_;
    std::span<std::string_view> patterns_;
    std::size_t room_ = 0;  // bytes of the patterns' block
};

}  // namespace zigmund::alloc::inline v0
