// Owner: the one owner of an object, or of an array of plain data, that came from an Allocator.
//
//     Owner<User> user = make_owner<User>(a, "Alice");
//     Owner<std::byte[]> buffer = make_owner<std::byte[]>(a, 4096);
//
// It moves and does not copy; when it dies the object is destroyed and its memory given back. With owners for
// what a function builds up, no error path has anything to undo. Two words (three for an array): it carries
// its allocator, so owners from different allocators have one type.
//
// An Owner<Derived> does not convert to Owner<Base>: memory is given back by the size of the type that it
// was created as. In an arena, where giving back is a no-op, what an Owner adds is the destructor's call.
//
// Threads: as the allocator and the object say. Cost: that of Allocator::create and destroy. Never: empty
// but after a move, release(), reset() or when made of null.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/relocatable.hpp>

#include <cassert>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace zigmund::alloc::inline v0 {

template <class T>
class [[nodiscard]] Owner {
  public:
    /// Takes over what `allocator.create<T>()` or one of its twins returned, or null.
    Owner(T* object, Allocator allocator) noexcept : object_{object}, allocator_{allocator} {}
    /// Memory is given back by the size of T: `object` must be a T, not of a class that derives from it.
    template <class U>
        requires(!std::is_same_v<std::remove_cv_t<U>, std::remove_cv_t<T>> && std::is_base_of_v<T, U>)
    Owner(U* object, Allocator allocator) noexcept : Owner{static_cast<T*>(object), allocator} {
        static_assert(!std::is_base_of_v<T, U>,
                      "zigmund: Owner<T> frees its object by the size of T, and this one is of a class that "
                      "derives from T: write Owner<Derived>");
    }
    /// Takes the object over; `other` is empty.
    Owner(Owner&& other) noexcept
        : object_{std::exchange(other.object_, nullptr)}, allocator_{other.allocator_} {}
    /// The same, after the object that this held was destroyed.
    Owner& operator=(Owner&& other) noexcept {
        Owner{std::move(other)}.swap(*this);
        return *this;
    }
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    /// Destroys the object.
    ~Owner() { allocator_.destroy(object_); }

    /// The object, or null when this is empty; it stays this one's. O(1), like all that follows up to
    /// reset().
    [[nodiscard]] T* get() const noexcept { return object_; }
    /// The object. Not of an empty one: an assertion.
    [[nodiscard]] T& operator*() const noexcept { return assert(object_ != nullptr), *object_; }
    [[nodiscard]] T* operator->() const noexcept { return assert(object_ != nullptr), object_; }
    /// Whether it holds an object.
    [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }
    friend bool operator==(const Owner& owner, std::nullptr_t) noexcept { return !owner; }
    /// Where the object came from, and goes back to.
    [[nodiscard]] Allocator allocator() const noexcept { return allocator_; }

    /// Hands the object over to the caller, who gives it to `allocator().destroy()`.
    [[nodiscard]] T* release() noexcept { return std::exchange(object_, nullptr); }
    /// Destroys the object now.
    void reset() noexcept { allocator_.destroy(std::exchange(object_, nullptr)); }
    /// Exchanges objects and allocators.
    void swap(Owner& other) noexcept {
        std::swap(object_, other.object_);
        std::swap(allocator_, other.allocator_);
    }

  private:
    T* object_;
    Allocator allocator_;
};

/// Of an array of plain data (ImplicitLifetime): a span that is freed when its owner dies.
template <class T>
class [[nodiscard]] Owner<T[]> {
  public:
    /// Takes over what `allocator.alloc<T>(n)`, `dupe` or one of their twins returned, or an empty span.
    Owner(std::span<T> array, Allocator allocator) noexcept : array_{array}, allocator_{allocator} {}
    /// Takes the array over; `other` is empty.
    Owner(Owner&& other) noexcept : array_{std::exchange(other.array_, {})}, allocator_{other.allocator_} {}
    /// The same, after the array that this held was destroyed.
    Owner& operator=(Owner&& other) noexcept {
        Owner{std::move(other)}.swap(*this);
        return *this;
    }
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    /// Destroys the elements and frees the array. O(n).
    ~Owner() { allocator_.free(array_); }

    /// The array, empty when this is; it stays this one's. O(1), like all that follows up to reset().
    [[nodiscard]] std::span<T> get() const noexcept { return array_; }
    /// Its first element, or null when this is empty; and how many there are.
    [[nodiscard]] T* data() const noexcept { return array_.data(); }
    [[nodiscard]] std::size_t size() const noexcept { return array_.size(); }
    [[nodiscard]] T* begin() const noexcept { return data(); }
    [[nodiscard]] T* end() const noexcept { return data() + size(); }
    /// `index` is below size(), as asserted in builds without NDEBUG.
    [[nodiscard]] T& operator[](std::size_t index) const noexcept {
        return assert(index < size()), array_[index];
    }
    /// Whether it holds an array.
    [[nodiscard]] explicit operator bool() const noexcept { return data() != nullptr; }
    friend bool operator==(const Owner& owner, std::nullptr_t) noexcept { return !owner; }
    /// Where the array came from, and goes back to.
    [[nodiscard]] Allocator allocator() const noexcept { return allocator_; }

    /// Hands the array over to the caller, who gives it to `allocator().free()`.
    [[nodiscard]] std::span<T> release() noexcept { return std::exchange(array_, {}); }
    /// Frees the array now.
    void reset() noexcept { allocator_.free(std::exchange(array_, {})); }
    /// Exchanges arrays and allocators.
    void swap(Owner& other) noexcept {
        std::swap(array_, other.array_);
        std::swap(allocator_, other.allocator_);
    }

  private:
    std::span<T> array_;
    Allocator allocator_;
};

/// It holds no pointer into itself.
template <class T>
inline constexpr bool is_trivially_relocatable<Owner<T>> = true;

/// Owner<T> of a new T, built from `args`. Throws std::bad_alloc, and what T's constructor throws.
template <class T, class... Args>
    requires(!std::is_unbounded_array_v<T>)
Owner<T> make_owner(Allocator allocator, Args&&... args) {
    return {allocator.create<T>(std::forward<Args>(args)...), allocator};
}
/// make_owner() that returns Error::out_of_memory instead of throwing. T's constructor must be noexcept.
template <class T, class... Args>
    requires(!std::is_unbounded_array_v<T>)
[[nodiscard]] Result<Owner<T>> try_make_owner(Allocator allocator, Args&&... args) noexcept {
    const Result<T*> object = allocator.try_create<T>(std::forward<Args>(args)...);
    if (!object) [[unlikely]]
        return std::unexpected(object.error());
    return Owner<T>{*object, allocator};
}

/// Owner<T[]> of `n` elements of plain data with indeterminate values. Throws std::bad_alloc.
template <class T>
    requires std::is_unbounded_array_v<T>
Owner<T> make_owner(Allocator allocator, std::size_t n) {
    return {allocator.alloc<std::remove_extent_t<T>>(n), allocator};
}
/// make_owner<T[]>() that returns Error::out_of_memory instead of throwing.
template <class T>
    requires std::is_unbounded_array_v<T>
[[nodiscard]] Result<Owner<T>> try_make_owner(Allocator allocator, std::size_t n) noexcept {
    const auto array = allocator.try_alloc<std::remove_extent_t<T>>(n);
    if (!array) [[unlikely]]
        return std::unexpected(array.error());
    return Owner<T>{*array, allocator};
}

}  // namespace zigmund::alloc::inline v0
