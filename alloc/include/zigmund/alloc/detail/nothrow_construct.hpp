// Whether an Allocator can build an object without an exception: of a type that takes a pmr allocator not the
// plain constructor counts, but the one that is called, with the allocator as an argument more.
#pragma once

#include <memory>
#include <memory_resource>
#include <tuple>
#include <type_traits>
#include <utility>

namespace zigmund::alloc::inline v0::detail {

/// `can`: such a constructor exists; `nothrow`: and it is noexcept.
struct Construction {
    bool can;
    bool nothrow;
};

template <class T, class... Args>
struct ConstructionOf {
    static consteval Construction get() {
        using Pmr = std::pmr::polymorphic_allocator<>;
        if constexpr (!std::uses_allocator_v<T, Pmr>) {
            return {std::is_constructible_v<T, Args...>, std::is_nothrow_constructible_v<T, Args...>};
        } else if constexpr (std::is_constructible_v<T, std::allocator_arg_t, const Pmr&, Args...>) {
            return {true, std::is_nothrow_constructible_v<T, std::allocator_arg_t, const Pmr&, Args...>};
        } else {
            return {std::is_constructible_v<T, Args..., const Pmr&>,
                    std::is_nothrow_constructible_v<T, Args..., const Pmr&>};
        }
    }
};

/// A pair hands the allocator on to both.
template <class First, class Second, class... Args>
struct ConstructionOf<std::pair<First, Second>, Args...> {
    static consteval Construction get() { return of(static_cast<std::tuple<Args...>*>(nullptr)); }

  private:
    static consteval Construction both(Construction first, Construction second) {
        return {first.can && second.can, first.nothrow && second.nothrow};
    }
    static consteval Construction of(std::tuple<>* /*args*/) {
        return both(ConstructionOf<First>::get(), ConstructionOf<Second>::get());
    }
    template <class U, class V>
    static consteval Construction of(std::tuple<U, V>* /*args*/) {
        return both(ConstructionOf<First, U>::get(), ConstructionOf<Second, V>::get());
    }
    template <class U, class V>
    static consteval Construction of(std::tuple<std::pair<U, V>>* /*args*/) {
        return both(ConstructionOf<First, U>::get(), ConstructionOf<Second, V>::get());
    }
    template <class U, class V>
    static consteval Construction of(std::tuple<std::pair<U, V>&&>* /*args*/) {
        return both(ConstructionOf<First, U>::get(), ConstructionOf<Second, V>::get());
    }
    template <class U, class V>
    static consteval Construction of(std::tuple<std::pair<U, V>&>* /*args*/) {
        return both(ConstructionOf<First, U&>::get(), ConstructionOf<Second, V&>::get());
    }
    template <class U, class V>
    static consteval Construction of(std::tuple<const std::pair<U, V>&>* /*args*/) {
        return both(ConstructionOf<First, const U&>::get(), ConstructionOf<Second, const V&>::get());
    }
    template <class... Others>  // piecewise: whoever writes that may write create()
    static consteval Construction of(std::tuple<Others...>* /*args*/) {
        return {true, false};
    }
};

/// False: the constructor exists, and may throw. One that does not exist is told of by the compiler.
template <class T, class... Args>
inline constexpr bool constructs_without_exception =
    !ConstructionOf<std::remove_cv_t<T>, Args...>::get().can ||
    ConstructionOf<std::remove_cv_t<T>, Args...>::get().nothrow;

}  // namespace zigmund::alloc::inline v0::detail
