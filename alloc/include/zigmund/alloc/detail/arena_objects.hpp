// The bodies of BasicArena<MinAlign>::create() and its kin: how an object lies behind the record of its
// destructor.
//
// <zigmund/alloc/arena.hpp> includes it, and says what the functions promise.
#pragma once

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/detail/nothrow_construct.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace zigmund::alloc::inline v0 {

template <std::size_t MinAlign>
template <class T>
struct BasicArena<MinAlign>::Object {
    Cleanup cleanup;
    alignas(T) std::byte memory[sizeof(T)];

    static void destroy(Cleanup* cleanup) noexcept {
        std::destroy_at(reinterpret_cast<T*>(reinterpret_cast<Object*>(cleanup)->memory));
    }
};

template <std::size_t MinAlign>
template <class T>
struct BasicArena<MinAlign>::Array {
    Cleanup cleanup;
    std::size_t count;
    /// Where the objects begin, behind the head.
    static constexpr std::size_t offset =
        (sizeof(Cleanup) + sizeof(count) + alignof(T) - 1) & ~(alignof(T) - 1);

    T* objects() noexcept { return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(this) + offset); }
    static void destroy(Cleanup* cleanup) noexcept {
        auto* array = reinterpret_cast<Array*>(cleanup);
        while (array->count != 0) std::destroy_at(array->objects() + --array->count);
    }
};

/// Memory that goes back unless what was to be built in it was.
template <std::size_t MinAlign>
class BasicArena<MinAlign>::Unfinished {
  public:
    /// `before` is where the arena's cursor was before it gave the memory.
    Unfinished(BasicArena& arena, void* memory, std::size_t size, std::size_t align,
               std::uintptr_t before) noexcept
        : arena_{arena}, memory_{memory}, size_{size}, align_{align}, before_{before} {}
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;
    ~Unfinished() {
        if (memory_ == nullptr) return;
        arena_.deallocate(memory_, size_, align_);
        // The padding, if the block was cut from the same chunk and is taken back.
        Window& window = arena_.real();
        if (window.cursor == reinterpret_cast<std::uintptr_t>(memory_) && before_ >= window.begin &&
            before_ < window.cursor)
            window.cursor = before_;
    }
    void finish() noexcept { memory_ = nullptr; }

  private:
    BasicArena& arena_;
    void* memory_;
    std::size_t size_;
    std::size_t align_;
    std::uintptr_t before_;
};

template <std::size_t MinAlign>
template <class T>
constexpr void BasicArena<MinAlign>::check_object() {
    static_assert(std::is_object_v<T> && !std::is_array_v<T>,
                  "zigmund: create<T> makes one object: for an array write create_array<T>(n)");
    static_assert(std::is_nothrow_destructible_v<T>,
                  "zigmund: an arena runs destructors where nothing can be thrown: ~T must be noexcept");
}

template <std::size_t MinAlign>
template <class T, class... Args>
T* BasicArena<MinAlign>::build(void* memory, std::uintptr_t before, Args&&... args) {
    if constexpr (std::is_trivially_destructible_v<T>) {
        Unfinished guard{*this, memory, sizeof(T), alignof(T), before};
        T* object = construct(static_cast<T*>(memory), std::forward<Args>(args)...);
        guard.finish();
        return object;
    } else {
        Unfinished guard{*this, memory, sizeof(Object<T>), alignof(Object<T>), before};
        auto* place = static_cast<Object<T>*>(memory);
        T* object = construct(reinterpret_cast<T*>(place->memory), std::forward<Args>(args)...);
        guard.finish();
        add_cleanup(place, &Object<T>::destroy);
        return object;
    }
}

template <std::size_t MinAlign>
template <class T, class... Args>
T* BasicArena<MinAlign>::create(Args&&... args) {
    check_object<T>();
    using Block = std::conditional_t<std::is_trivially_destructible_v<T>, T, Object<T>>;
    const std::uintptr_t before = real().cursor;
    return build<T>(allocate(sizeof(Block), alignof(Block)), before, std::forward<Args>(args)...);
}

template <std::size_t MinAlign>
template <class T, class... Args>
Result<T*> BasicArena<MinAlign>::try_create(Args&&... args) noexcept {
    check_object<T>();
    static_assert(detail::constructs_without_exception<T, Args...>,
                  "zigmund: try_create<T>(args...) never throws, but this constructor of T may: mark it "
                  "noexcept, or write create<T>(args...)");
    using Block = std::conditional_t<std::is_trivially_destructible_v<T>, T, Object<T>>;
    const std::uintptr_t before = real().cursor;
    void* memory = try_allocate(sizeof(Block), alignof(Block));
    if (memory == nullptr) [[unlikely]]
        return std::unexpected(Error::out_of_memory);
    return build<T>(memory, before, std::forward<Args>(args)...);
}

template <std::size_t MinAlign>
template <class T, class... Args>
T* BasicArena<MinAlign>::create_trivial(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>,
                  "zigmund: create_trivial<T> is for types whose destructor does nothing: for this T write "
                  "create<T>(args...), and the arena runs its destructor");
    return create<T>(std::forward<Args>(args)...);
}

template <std::size_t MinAlign>
template <class T>
std::span<T> BasicArena<MinAlign>::create_array(std::size_t n) {
    check_object<T>();
    if (n > (std::numeric_limits<std::size_t>::max() - Array<T>::offset) / sizeof(T)) [[unlikely]]
        detail::throw_bad_alloc();
    const std::size_t size = Array<T>::offset + n * sizeof(T);
    constexpr std::size_t align = std::max(alignof(Array<T>), alignof(T));
    const std::uintptr_t before = real().cursor;
    auto* array = static_cast<Array<T>*>(allocate(size, align));
    Unfinished guard{*this, array, size, align, before};
    struct Built {
        Array<T>* array;
        bool all = false;
        ~Built() {
            if (!all) Array<T>::destroy(&array->cleanup);
        }
    } built{array};
    for (array->count = 0; array->count != n; ++array->count) construct(array->objects() + array->count);
    built.all = true;
    guard.finish();
    if constexpr (!std::is_trivially_destructible_v<T>) add_cleanup(array, &Array<T>::destroy);
    return {array->objects(), n};
}

}  // namespace zigmund::alloc::inline v0
