// is_trivially_relocatable: whether an object may be moved to another address by copying its bytes.
//
// To relocate is to move-construct at the new address and to destroy at the old one. For most types the two
// amount to a copy of the bytes, but the language cannot tell for those with a constructor of their own.
// Containers that grow by Allocator::remap, or by memcpy, go by this answer.
//
// A type of yours that qualifies (it holds no pointer into itself, and nobody else holds its address):
//
//     template <>
//     inline constexpr bool zigmund::alloc::is_trivially_relocatable<Connection> = true;
#pragma once

#include <memory>
#include <type_traits>

namespace zigmund::alloc::inline v0 {

/// By default: what is moved and destroyed without code of its own. Specialise it for types of yours.
template <class T>
inline constexpr bool is_trivially_relocatable =
    std::is_trivially_move_constructible_v<T> && std::is_trivially_destructible_v<T>;

/// Pointers that know nothing of where they lie.
template <class T>
inline constexpr bool is_trivially_relocatable<std::unique_ptr<T>> = true;
template <class T>
inline constexpr bool is_trivially_relocatable<std::shared_ptr<T>> = true;
template <class T>
inline constexpr bool is_trivially_relocatable<std::weak_ptr<T>> = true;

}  // namespace zigmund::alloc::inline v0
