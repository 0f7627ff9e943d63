// Allocator: the value that people pass around.
//
// One pointer wide, copied freely, never null. It names a Resource that outlives it and has the raw verbs
// of Resource and typed ones. Each typed verb that allocates has a `try_` twin that returns
// `std::expected<T, Error>` and never throws; the plain one throws `std::bad_alloc`.
//
//     User* user = a.create<User>("Alice");       a.destroy(user);
//     std::span<int> ids = a.alloc<int>(64);      a.free(ids);
//     std::string_view name = a.dupe("Alice");    a.free(name);
//     std::pmr::vector<int> v{a};                 // any pmr container takes an Allocator
//
// Threads: those of the resource. Cost: what the resource costs, plus one virtual call; of the heap, that of
// mimalloc. Never: owns anything, remembers anything, allocates on its own account.
#pragma once

#include <zigmund/alloc/detail/nothrow_construct.hpp>
#include <zigmund/alloc/error.hpp>
#include <zigmund/alloc/heap_calls.hpp>
#include <zigmund/alloc/resource.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <memory_resource>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace zigmund::alloc::inline v0 {

template <class... Args>
class FormatString;  // complete in <zigmund/alloc/print.hpp>

/// Types whose objects may begin to exist in raw memory without a constructor: what `alloc<T>(n)` hands
/// out. (C++20 implicit-lifetime types, P0593, as far as the language lets us ask.)
template <class T>
concept ImplicitLifetime =
    std::is_trivially_destructible_v<T> &&
    (std::is_scalar_v<T> || std::is_aggregate_v<T> || std::is_trivially_default_constructible_v<T> ||
     std::is_trivially_copy_constructible_v<T> || std::is_trivially_move_constructible_v<T>);

class Allocator {
  public:
    /// Names `resource`, which must outlive every use of this value.
    Allocator(Resource& resource) noexcept
        : Allocator{resource, &resource == detail::heap_calls.resource ? to_heap : virtual_calls} {}

    /// What it names.
    [[nodiscard]] Resource& resource() const noexcept {
        return *reinterpret_cast<Resource*>(bits_ & ~(to_heap | samples));
    }

    /// Any pmr container is built from an Allocator: `std::pmr::vector<int> v{allocator}`.
    template <class T>
    operator std::pmr::polymorphic_allocator<T>() const noexcept {
        return std::pmr::polymorphic_allocator<T>{&resource()};
    }

    /// Same resource: blocks of the one may be freed through the other.
    friend bool operator==(Allocator a, Allocator b) noexcept { return &a.resource() == &b.resource(); }

    // ---- raw verbs: see Resource ----

    /// Resource::try_allocate().
    [[nodiscard]] void* try_allocate(std::size_t size, std::size_t align = default_align) const noexcept {
        if (!is_marked()) return unmarked().try_allocate(size, align);
        if (!takes_from_heap(size, align)) return resource().try_allocate(size, align);
        return detail::heap_calls.allocate(std::max(size, align));
    }
    /// The throwing twin: std::bad_alloc where that returns null.
    [[nodiscard]] void* allocate(std::size_t size, std::size_t align = default_align) const {
        if (!is_marked()) return unmarked().allocate(size, align);
        if (!takes_from_heap(size, align)) return resource().allocate(size, align);
        void* const p = detail::heap_calls.allocate(std::max(size, align));
        if (p == nullptr) [[unlikely]]
            detail::throw_bad_alloc();
        return p;
    }
    /// Resource::resize().
    [[nodiscard]] bool resize(void* p, std::size_t old_size, std::size_t align,
                              std::size_t new_size) const noexcept {
        return resource().resize(p, old_size, align, new_size);
    }
    /// Resource::remap().
    [[nodiscard]] void* remap(void* p, std::size_t old_size, std::size_t align,
                              std::size_t new_size) const noexcept {
        return resource().remap(p, old_size, align, new_size);
    }
    /// Resource::deallocate().
    void deallocate(void* p, std::size_t size, std::size_t align = default_align) const noexcept {
        if (!is_marked()) return unmarked().deallocate(p, size, align);
        if (!gives_to_heap(p, size)) return resource().deallocate(p, size, align);
        detail::heap_calls.deallocate(p);
    }

    // ---- one object ----

    /// A new `T`, built from `args`. A `T` that takes a pmr allocator (a pmr string, a struct of them that
    /// says so) gets this one, so that it does not fall back to the global heap. What T's constructor
    /// throws passes through, after the memory was given back. Throws std::bad_alloc. Give it to destroy().
    template <class T, class... Args>
    [[nodiscard]] T* create(Args&&... args) const {
        check_object<T>();
        void* memory = allocate(sizeof(T), alignof(T));
        return construct<T>(memory, std::forward<Args>(args)...);
    }

    /// create() that returns Error::out_of_memory instead of throwing. T's constructor must be noexcept.
    template <class T, class... Args>
    [[nodiscard]] Result<T*> try_create(Args&&... args) const noexcept {
        check_object<T>();
        static_assert(detail::constructs_without_exception<T, Args...>,
                      "zigmund: try_create<T>(args...) never throws, but this constructor of T may: mark it "
                      "noexcept, or write create<T>(args...)");
        void* memory = try_allocate(sizeof(T), alignof(T));
        if (memory == nullptr) [[unlikely]]
            return std::unexpected(Error::out_of_memory);
        return construct<T>(memory, std::forward<Args>(args)...);
    }

    /// Ends the life of `*object` and gives its memory back. Null is ignored. T is the type that it was
    /// created as.
    template <class T>
    void destroy(T* object) const noexcept {
        static_assert(!std::is_abstract_v<T>,
                      "zigmund: destroy(T*) needs the type that the object was created as: T is abstract, so "
                      "its size is not the size of the object");
        static_assert(std::is_nothrow_destructible_v<T>,
                      "zigmund: destroy(T*) needs a destructor that is noexcept");
        if (object == nullptr) return;
        std::destroy_at(object);
        deallocate(const_cast<std::remove_cv_t<T>*>(object), sizeof(T), alignof(T));
    }

    // ---- arrays of plain data ----

    /// `n` elements of plain data with indeterminate values; write before you read. Throws std::bad_alloc,
    /// also when the size in bytes would exceed SIZE_MAX. Give it to free().
    template <class T>
    [[nodiscard]] std::span<T> alloc(std::size_t n) const {
        check_array<T>();
        if (n > max_count<T>) [[unlikely]]
            detail::throw_bad_alloc();
        return {static_cast<T*>(allocate(n * sizeof(T), alignof(T))), n};
    }

    /// alloc() that returns Error::out_of_memory instead of throwing.
    template <class T>
    [[nodiscard]] Result<std::span<T>> try_alloc(std::size_t n) const noexcept {
        check_array<T>();
        if (n > max_count<T>) [[unlikely]]
            return std::unexpected(Error::out_of_memory);
        void* memory = try_allocate(n * sizeof(T), alignof(T));
        if (memory == nullptr) [[unlikely]]
            return std::unexpected(Error::out_of_memory);
        return std::span<T>{static_cast<T*>(memory), n};
    }

    /// Gives back what alloc(), dupe(), print() or one of their twins returned: the whole of it. A view
    /// without memory (default-constructed) is ignored.
    template <class T, std::size_t Extent>
    void free(std::span<T, Extent> array) const noexcept {
        check_array<std::remove_cv_t<T>>();
        if (array.data() == nullptr) return;
        deallocate(const_cast<std::remove_cv_t<T>*>(array.data()), array.size_bytes(), alignof(T));
    }
    void free(std::string_view text) const noexcept { free(std::span<const char>{text}); }

    /// A copy of the elements. Throws std::bad_alloc. Give it to free().
    template <std::ranges::contiguous_range Range>
        requires(!std::convertible_to<const Range&, std::string_view>)
    [[nodiscard]] auto dupe(const Range& source) const -> std::span<std::ranges::range_value_t<Range>> {
        return copy_into(alloc<std::ranges::range_value_t<Range>>(std::ranges::size(source)), source);
    }
    template <std::ranges::contiguous_range Range>
        requires(!std::convertible_to<const Range&, std::string_view>)
    [[nodiscard]] auto try_dupe(const Range& source) const noexcept
        -> Result<std::span<std::ranges::range_value_t<Range>>> {
        auto copy = try_alloc<std::ranges::range_value_t<Range>>(std::ranges::size(source));
        if (copy) copy_into(*copy, source);
        return copy;
    }

    /// A copy of the text, without a terminator. Throws std::bad_alloc. Give it to free().
    [[nodiscard]] std::string_view dupe(std::string_view text) const {
        return as_text(copy_into(alloc<char>(text.size()), text));
    }
    [[nodiscard]] Result<std::string_view> try_dupe(std::string_view text) const noexcept {
        auto copy = try_alloc<char>(text.size());
        if (!copy) [[unlikely]]
            return std::unexpected(copy.error());
        return as_text(copy_into(*copy, text));
    }

    // ---- formatted text: include <zigmund/alloc/print.hpp> ----

    /// The formatted text (std::format's language), in memory of exactly its size. Throws std::bad_alloc.
    /// Give it to free().
    template <class... Args>
    [[nodiscard]] std::string_view print(FormatString<std::type_identity_t<Args>...> format,
                                         Args&&... args) const;
    template <class... Args>
    [[nodiscard]] Result<std::string_view> try_print(FormatString<std::type_identity_t<Args>...> format,
                                                     Args&&... args) const noexcept;

  private:
    friend class GeneralPurposeAllocator;

    // What the resource is, in the bits of its address that alignment leaves free: see heap_calls.hpp.
    static constexpr std::uintptr_t virtual_calls = 0;
    static constexpr std::uintptr_t to_heap = 1;
    static constexpr std::uintptr_t samples = 2;
    static_assert(alignof(Resource) > (to_heap | samples));

    Allocator(Resource& resource, std::uintptr_t way) noexcept
        : bits_{reinterpret_cast<std::uintptr_t>(&resource) | way} {}

    // One test for all who have no mark: an arena has nothing to pay for the heap's short way.
    [[nodiscard]] bool is_marked() const noexcept { return (bits_ & (to_heap | samples)) != 0; }
    [[nodiscard]] Resource& unmarked() const noexcept { return *reinterpret_cast<Resource*>(bits_); }
    [[nodiscard]] bool takes_from_heap(std::size_t size, std::size_t align) const noexcept {
        if (size > detail::largest_recycled || align > default_align) return false;
        return (bits_ & to_heap) != 0 || detail::sampling.passes_on(bits_ - samples);
    }
    [[nodiscard]] bool gives_to_heap(const void* p, std::size_t size) const noexcept {
        if (size > detail::largest_recycled) return false;
        return (bits_ & to_heap) != 0 || !detail::is_sampled(p);
    }

    template <class T>
    static constexpr std::size_t max_count = std::numeric_limits<std::size_t>::max() / sizeof(T);

    template <class T>
    static constexpr void check_object() {
        static_assert(std::is_object_v<T> && !std::is_array_v<T>,
                      "zigmund: create<T> makes one object: for an array of plain data write alloc<T>(n)");
    }

    template <class T>
    static constexpr void check_array() {
        static_assert(
            ImplicitLifetime<T>,
            "zigmund: alloc<T>(n), dupe and free deal in plain data, whose objects need no constructor "
            "and no destructor: for this T write std::pmr::vector<T> v{allocator}");
    }

    template <class T, class... Args>
    T* construct(void* memory, Args&&... args) const {
        struct GiveBack {
            Allocator allocator;
            void* memory;
            ~GiveBack() {
                if (memory != nullptr) allocator.deallocate(memory, sizeof(T), alignof(T));
            }
        } guard{*this, memory};
        T* object = std::uninitialized_construct_using_allocator(
            static_cast<T*>(memory), std::pmr::polymorphic_allocator<>{&resource()},
            std::forward<Args>(args)...);
        guard.memory = nullptr;
        return object;
    }

    template <class T, class Range>
    static std::span<T> copy_into(std::span<T> target, const Range& source) noexcept {
        static_assert(std::is_trivially_copyable_v<T>,
                      "zigmund: dupe() copies bytes: T must be trivially copyable");
        if (!target.empty()) std::memcpy(target.data(), std::ranges::data(source), target.size_bytes());
        return target;
    }

    static std::string_view as_text(std::span<char> text) noexcept { return {text.data(), text.size()}; }

    std::uintptr_t bits_;
};

static_assert(sizeof(Allocator) == sizeof(void*));
static_assert(std::is_trivially_copyable_v<Allocator>);

}  // namespace zigmund::alloc::inline v0
