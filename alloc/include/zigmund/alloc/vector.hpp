// Vector: a growing array that asks its allocator before it copies.
//
//     Vector<std::byte> buffer{arena};
//     buffer.append_range(chunk);
//
// When it is full it asks for more room in place (resize), then for the same bytes at another address without
// a copy (remap, for types that are trivially relocatable), and only then allocates, moves and frees. So the
// last array of an arena, and big blocks of heap() and pages(), grow without a copy.
//
// What differs from std::vector:
//   - The allocator is part of the value: a move takes it along with the memory, and is always O(1) and
//     noexcept. There is no copy constructor, which would have to guess an allocator: write v.clone(a).
//   - Verbs that allocate have a try_ twin that returns a Result and never throws. On refusal of twice the
//     room, just enough is asked for. After a failure the vector is as it was.
//   - Elements are moved when it grows, so T's move constructor must be noexcept.
//   - Elements that take a pmr allocator are given this one, as in std::pmr::vector.
//
// References, pointers and iterators are invalid after anything that may grow it, even if it did in place.
// Arguments may refer into the vector itself, v.push_back(v[0]), and a contiguous range may be a part of it.
//
// Threads: as any container: several may read, one may write alone. Cost: push_back is amortised O(1), the
// capacity doubles. Never: gives memory back before shrink_to_fit, a move or its destruction.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/detail/nothrow_construct.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/alloc/relocatable.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <memory_resource>
#include <ranges>
#include <type_traits>
#include <utility>

namespace zigmund::alloc::inline v0 {

namespace detail {
/// Gives a block of trivially relocatable objects the size `new_bytes`: in place, by remap, or by a copy of
/// its first `used_bytes`. Null: nothing has changed.
ZIGMUND_EXPORT [[nodiscard]] void* regrow(Allocator a, void* p, std::size_t old_bytes, std::size_t align,
                                          std::size_t new_bytes, std::size_t used_bytes) noexcept;
}  // namespace detail

template <class T>
class Vector {
    static_assert(std::is_object_v<T> && !std::is_array_v<T> && std::is_same_v<T, std::remove_cv_t<T>>,
                  "zigmund: the elements of a Vector are objects that can be moved: write Vector<T>, without "
                  "const and &");
    static_assert(
        std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
        "zigmund: Vector<T> moves its elements when it grows, so T's move constructor and destructor "
        "must be noexcept: mark them, or write std::pmr::vector<T>");

  public:
    /// What containers of the standard library are called with, too.
    using value_type = T;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using reference = T&;
    using const_reference = const T&;
    using iterator = T*;
    using const_iterator = const T*;

    /// Empty, without memory.
    explicit Vector(Allocator allocator) noexcept : allocator_{allocator} {}
    /// Throws std::bad_alloc, and what T's copy constructor throws.
    Vector(Allocator allocator, std::initializer_list<T> elements) : allocator_{allocator} {
        append_range(elements);
    }
    /// Takes the memory and the allocator; `other` is empty.
    Vector(Vector&& other) noexcept
        : data_{std::exchange(other.data_, nullptr)},
          end_{std::exchange(other.end_, nullptr)},
          limit_{std::exchange(other.limit_, nullptr)},
          allocator_{other.allocator_} {}
    /// The same, after what this held is gone. O(n) of that.
    Vector& operator=(Vector&& other) noexcept {
        Vector{std::move(other)}.swap(*this);
        return *this;
    }
    Vector(const Vector&) = delete;
    Vector& operator=(const Vector&) = delete;
    /// Destroys the elements and gives the memory back. O(n).
    ~Vector() {
        std::destroy(data_, end_);
        give_back();
    }

    /// A copy in memory of `allocator`. Throws std::bad_alloc, and what T's copy constructor throws.
    [[nodiscard]] Vector clone(Allocator allocator) const {
        Vector copy{allocator};
        copy.append_range(*this);
        return copy;
    }

    /// Exchanges memory and allocators.
    void swap(Vector& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(end_, other.end_);
        std::swap(limit_, other.limit_);
        std::swap(allocator_, other.allocator_);
    }

    // ---- reading: O(1) ----

    /// Where the memory comes from, and goes back to.
    [[nodiscard]] Allocator allocator() const noexcept { return allocator_; }
    /// Elements.
    [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - data_); }
    /// Elements that fit before it grows.
    [[nodiscard]] std::size_t capacity() const noexcept { return static_cast<std::size_t>(limit_ - data_); }
    /// Whether size() is 0.
    [[nodiscard]] bool empty() const noexcept { return end_ == data_; }
    /// Null before the first allocation.
    [[nodiscard]] T* data() noexcept { return data_; }
    [[nodiscard]] const T* data() const noexcept { return data_; }
    /// The elements; what points to them holds until the vector grows, erases or dies.
    [[nodiscard]] T* begin() noexcept { return data_; }
    [[nodiscard]] const T* begin() const noexcept { return data_; }
    [[nodiscard]] T* end() noexcept { return end_; }
    [[nodiscard]] const T* end() const noexcept { return end_; }
    /// `index` is below size(), as asserted in builds without NDEBUG; likewise below.
    [[nodiscard]] T& operator[](std::size_t index) noexcept { return assert(index < size()), data_[index]; }
    [[nodiscard]] const T& operator[](std::size_t index) const noexcept {
        return assert(index < size()), data_[index];
    }
    /// The first and the last element. Not of an empty vector: an assertion.
    [[nodiscard]] T& front() noexcept { return (*this)[0]; }
    [[nodiscard]] const T& front() const noexcept { return (*this)[0]; }
    [[nodiscard]] T& back() noexcept { return (*this)[size() - 1]; }
    [[nodiscard]] const T& back() const noexcept { return (*this)[size() - 1]; }

    friend bool operator==(const Vector& a, const Vector& b)
        requires std::equality_comparable<T>
    {
        return std::ranges::equal(a, b);
    }

    // ---- growing: the plain verbs throw std::bad_alloc, the try_ twins return Error::out_of_memory ----

    /// A new last element, built from `args`. What T's constructor throws passes through; nothing has
    /// changed.
    template <class... Args>
    T& emplace_back(Args&&... args) {
        if (end_ == limit_) [[unlikely]]
            return emplace_back_growing(std::forward<Args>(args)...);
        return construct_back(std::forward<Args>(args)...);
    }
    void push_back(const T& value) {
        if (end_ == limit_) [[unlikely]]
            return push_back_growing(value);
        construct_back(value);
    }
    void push_back(T&& value) { emplace_back(std::move(value)); }

    /// T's constructor from `args` must be noexcept.
    template <class... Args>
    [[nodiscard]] Result<void> try_emplace_back(Args&&... args) noexcept {
        check_nothrow<Args...>();
        if (end_ == limit_) [[unlikely]] {
            T value = make(std::forward<Args>(args)...);
            if (!grow_for(1)) return std::unexpected(Error::out_of_memory);
            construct_back(std::move(value));
        } else {
            construct_back(std::forward<Args>(args)...);
        }
        return {};
    }
    [[nodiscard]] Result<void> try_push_back(const T& value) noexcept { return try_emplace_back(value); }
    [[nodiscard]] Result<void> try_push_back(T&& value) noexcept {
        return try_emplace_back(std::move(value));
    }

    /// Copies of the range's elements at the end, moved ones if the range gives rvalues. When one throws,
    /// those before it stay. Memory is asked for once if the range knows its size.
    template <std::ranges::input_range Range>
        requires std::constructible_from<T, std::ranges::range_reference_t<Range>>
    void append_range(Range&& range) {
        if constexpr (std::ranges::sized_range<Range>) {
            if (!append_sized(range)) [[unlikely]]
                detail::throw_bad_alloc();
        } else {
            for (auto&& element : range) emplace_back(std::forward<decltype(element)>(element));
        }
    }
    /// The range knows its size, and T's constructor from its elements must be noexcept.
    template <std::ranges::sized_range Range>
        requires std::constructible_from<T, std::ranges::range_reference_t<Range>>
    [[nodiscard]] Result<void> try_append_range(Range&& range) noexcept {
        check_nothrow<std::ranges::range_reference_t<Range>>();
        if (!append_sized(range)) [[unlikely]]
            return std::unexpected(Error::out_of_memory);
        return {};
    }

    /// Room for `capacity` elements in all, exactly if it must grow.
    void reserve(std::size_t capacity) {
        if (capacity > this->capacity() && !grow_to(capacity)) [[unlikely]]
            detail::throw_bad_alloc();
    }
    [[nodiscard]] Result<void> try_reserve(std::size_t capacity) noexcept {
        if (capacity > this->capacity() && !grow_to(capacity)) [[unlikely]]
            return std::unexpected(Error::out_of_memory);
        return {};
    }

    /// `size` elements: new ones are value-initialised (0 for numbers), surplus ones destroyed.
    void resize(std::size_t size) {
        if (!make_room(size)) [[unlikely]]
            detail::throw_bad_alloc();
        set_size(size);
    }
    [[nodiscard]] Result<void> try_resize(std::size_t size) noexcept {
        check_nothrow<>();
        if (!make_room(size)) [[unlikely]]
            return std::unexpected(Error::out_of_memory);
        set_size(size);
        return {};
    }

    /// `size` elements of plain data; new ones have indeterminate values: write before you read.
    void resize_for_overwrite(std::size_t size)
        requires ImplicitLifetime<T>
    {
        if (!make_room(size)) [[unlikely]]
            detail::throw_bad_alloc();
        end_ = data_ + size;
    }

    /// A new element before `position`, built from `value`. Returns where it is. O(end() - position).
    template <class U = T>
    T* insert(const T* position, U&& value) {
        const std::ptrdiff_t index = position - data_;
        emplace_back(std::forward<U>(value));
        std::rotate(data_ + index, end_ - 1, end_);
        return data_ + index;
    }

    // ---- shrinking: never allocates ----

    /// Destroys the last element. Not of an empty vector: an assertion. O(1).
    void pop_back() noexcept {
        assert(!empty());
        std::destroy_at(--end_);
    }
    /// Destroys the elements and keeps the memory.
    void clear() noexcept {
        std::destroy(data_, end_);
        end_ = data_;
    }
    /// Removes [first, last). Returns where the element after them is now. O(end() - first).
    T* erase(const T* first, const T* last) {
        T* const to = data_ + (first - data_);
        if (first != last) {
            T* const new_end = std::move(data_ + (last - data_), end_, to);
            std::destroy(new_end, end_);
            end_ = new_end;
        }
        return to;
    }
    T* erase(const T* position) { return erase(position, position + 1); }
    /// Gives back the room beyond size(), if the allocator can do so in place; an empty vector gives back
    /// all.
    void shrink_to_fit() noexcept {
        if (empty()) {
            give_back();
            data_ = end_ = limit_ = nullptr;
        } else if (end_ != limit_ && allocator_.resize(data_, bytes(), alignof(T), size() * sizeof(T))) {
            limit_ = end_;
        }
    }

  private:
    static constexpr std::size_t max_capacity = std::size_t{PTRDIFF_MAX} / sizeof(T);

    template <class... Args>
    static constexpr void check_nothrow() {
        static_assert(detail::constructs_without_exception<T, Args...>,
                      "zigmund: the try_ verbs of Vector never throw, but this constructor of T may: mark it "
                      "noexcept, or use the verb without try_");
    }

    template <class... Args>
    T make(Args&&... args) const {
        return std::make_obj_using_allocator<T>(std::pmr::polymorphic_allocator<>{allocator_},
                                                std::forward<Args>(args)...);
    }

    template <class... Args>
    T& construct_back(Args&&... args) {
        std::uninitialized_construct_using_allocator(end_, std::pmr::polymorphic_allocator<>{allocator_},
                                                     std::forward<Args>(args)...);
        return *end_++;
    }

    // The arguments may refer to an element: the new one is complete before the others move.
    template <class... Args>
    [[gnu::noinline]] T& emplace_back_growing(Args&&... args) {
        T value = make(std::forward<Args>(args)...);
        if (!grow_for(1)) [[unlikely]]
            detail::throw_bad_alloc();
        return construct_back(std::move(value));
    }

    // By value where that is a register: the caller's variable then need not be in memory.
    using Argument =
        std::conditional_t<std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(void*), T, const T&>;
    [[gnu::noinline]] void push_back_growing(Argument value) { emplace_back_growing(value); }

    template <class Range>
    [[nodiscard]] bool append_sized(Range& range) {
        const auto count = static_cast<std::size_t>(std::ranges::size(range));
        if constexpr (std::ranges::contiguous_range<Range>) {
            // The range may be a part of this vector: it is found again after growing.
            auto* source = std::ranges::data(range);
            using Source = decltype(source);
            const void* const at = source;
            const bool own = !std::less<>{}(at, static_cast<const void*>(data_)) &&
                             std::less<>{}(at, static_cast<const void*>(end_));
            const std::ptrdiff_t offset =
                own ? static_cast<const char*>(at) - reinterpret_cast<const char*>(data_) : 0;
            if (count > room() && !grow_for(count)) return false;
            if (own) source = reinterpret_cast<Source>(reinterpret_cast<char*>(data_) + offset);
            using Element = std::remove_cv_t<std::remove_pointer_t<Source>>;
            if constexpr (std::is_same_v<Element, T> && std::is_trivially_copyable_v<T>) {
                if (count != 0) std::memcpy(end_, source, count * sizeof(T));
                end_ += count;
            } else {
                for (std::size_t i = 0; i < count; ++i) construct_back(source[i]);
            }
        } else {
            if (count > room() && !grow_for(count)) return false;
            for (auto&& element : range) construct_back(std::forward<decltype(element)>(element));
        }
        return true;
    }

    // Room for `size` elements; more than that if it grows, so that repeated calls stay amortised.
    [[nodiscard]] bool make_room(std::size_t size) noexcept {
        return size <= capacity() || grow_for(size - this->size());
    }

    void set_size(std::size_t size) {
        T* const new_end = data_ + size;
        if (new_end < end_) {
            std::destroy(new_end, end_);
            end_ = new_end;
        } else if constexpr (std::is_trivially_default_constructible_v<T> ||
                             !std::uses_allocator_v<T, std::pmr::polymorphic_allocator<>>) {
            std::uninitialized_value_construct(end_, new_end);
            end_ = new_end;
        } else {
            while (end_ != new_end) construct_back();
        }
    }

    [[gnu::noinline]] bool grow_for(std::size_t more) noexcept {
        if (more > max_capacity - size()) [[unlikely]]
            return false;
        constexpr std::size_t first = std::max<std::size_t>(64 / sizeof(T), 1);
        const std::size_t needed = size() + more;
        const std::size_t twice = capacity() > max_capacity / 2 ? max_capacity : capacity() * 2;
        return grow_to(std::max({first, needed, twice})) || grow_to(needed);
    }

    [[nodiscard]] bool grow_to(std::size_t capacity) noexcept {
        if (capacity > max_capacity) [[unlikely]]
            return false;
        const std::size_t size = this->size();
        const std::size_t new_bytes = capacity * sizeof(T);
        if constexpr (is_trivially_relocatable<T>) {
            void* const p =
                detail::regrow(allocator_, data_, bytes(), alignof(T), new_bytes, size * sizeof(T));
            if (p == nullptr) [[unlikely]]
                return false;
            data_ = static_cast<T*>(p);
        } else if (data_ == nullptr || !allocator_.resize(data_, bytes(), alignof(T), new_bytes)) {
            T* const p = static_cast<T*>(allocator_.try_allocate(new_bytes, alignof(T)));
            if (p == nullptr) [[unlikely]]
                return false;
            std::uninitialized_move(data_, end_, p);
            std::destroy(data_, end_);
            give_back();
            data_ = p;
        }
        end_ = data_ + size;
        limit_ = data_ + capacity;
        return true;
    }

    [[nodiscard]] std::size_t bytes() const noexcept { return capacity() * sizeof(T); }
    [[nodiscard]] std::size_t room() const noexcept { return static_cast<std::size_t>(limit_ - end_); }

    void give_back() noexcept {
        if (data_ != nullptr) allocator_.deallocate(data_, bytes(), alignof(T));
    }

    T* data_ = nullptr;
    T* end_ = nullptr;
    T* limit_ = nullptr;
    Allocator allocator_;
};

/// It holds no pointer into itself.
template <class T>
inline constexpr bool is_trivially_relocatable<Vector<T>> = true;

}  // namespace zigmund::alloc::inline v0
