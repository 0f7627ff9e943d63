// version: which release of the library these headers belong to.
//
// Semantic versioning; docs/guide/packages.md says what counts as public. While the major number is 0, a new
// minor number may break what compiled before, and a new patch number may not.
// Threads: constants. Cost: none.
#pragma once

#include <compare>
#include <string_view>

/// What changes with each release that breaks a program which compiled before; 0: not promised yet.
#define ZIGMUND_VERSION_MAJOR 0
/// What changes with each release that adds to the interface and, while the major number is 0, breaks it.
#define ZIGMUND_VERSION_MINOR 1
/// What changes with each release that only mends.
#define ZIGMUND_VERSION_PATCH 0

namespace zigmund::alloc::inline v0 {

/// A release by its three numbers, ordered as releases are.
struct Version {
    /// \copydoc ZIGMUND_VERSION_MAJOR
    int major;
    /// \copydoc ZIGMUND_VERSION_MINOR
    int minor;
    /// \copydoc ZIGMUND_VERSION_PATCH
    int patch;

    /// Orders by major, then minor, then patch number.
    friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

/// The release of these headers.
inline constexpr Version version{ZIGMUND_VERSION_MAJOR, ZIGMUND_VERSION_MINOR, ZIGMUND_VERSION_PATCH};

// A macro's value becomes text only through a second macro.
#define ZIGMUND_TEXT_OF_VALUE(value) #value
#define ZIGMUND_TEXT_OF(macro) ZIGMUND_TEXT_OF_VALUE(macro)

/// The same as text: "0.1.0".
inline constexpr std::string_view version_text = ZIGMUND_TEXT_OF(ZIGMUND_VERSION_MAJOR) "." ZIGMUND_TEXT_OF(
    ZIGMUND_VERSION_MINOR) "." ZIGMUND_TEXT_OF(ZIGMUND_VERSION_PATCH);

#undef ZIGMUND_TEXT_OF
#undef ZIGMUND_TEXT_OF_VALUE

}  // namespace zigmund::alloc::inline v0
