// Parameters and Result: what a callable's type says about how to call it.
//
//     int add(int, const Config&);
//     inject::Parameters<decltype(add)>   // Types<int, const Config&>
//     inject::Result<decltype(add)>       // int
//
// A callable is a function, a pointer or a reference to one, a lambda, or an object with exactly one
// operator(); const, mutable, noexcept and ref-qualified ones alike. Parameter types are those of the
// function type: a `const int` parameter is an `int` one. Everything here happens at compile time.
#pragma once

#include <cstddef>
#include <type_traits>

namespace zigmund::inject::inline v0 {

/// A list of types, for deduction; never holds a value.
template <class... Ts>
struct Types {
    /// How many types there are.
    static constexpr std::size_t size = sizeof...(Ts);
};

namespace detail {

/// Of a callable that does not name its parameters; CheckedSignature says so in words.
template <class F>
struct Signature {
    static constexpr bool known = false;
    using parameters = Types<>;
    using result = void;
};

template <class R, class... Ps>
struct KnownSignature {
    static constexpr bool known = true;
    using parameters = Types<Ps...>;
    using result = R;
};

template <class R, bool N, class... Ps>
struct Signature<R(Ps...) noexcept(N)> : KnownSignature<R, Ps...> {};

/// The type of `&F::operator()`, as the function type that a caller of an `F` sees.
template <class F, class Member>
struct CallOperator {
    using type = void;
};

template <class F, class Class, class R, bool N, class... Ps>
struct CallOperator<F, R (Class::*)(Ps...) noexcept(N)> {
    using type = R(Ps...);
};
template <class F, class Class, class R, bool N, class... Ps>
struct CallOperator<F, R (Class::*)(Ps...) const noexcept(N)> {
    using type = R(Ps...);
};
template <class F, class Class, class R, bool N, class... Ps>
struct CallOperator<F, R (Class::*)(Ps...) & noexcept(N)> {
    using type = R(Ps...);
};
template <class F, class Class, class R, bool N, class... Ps>
struct CallOperator<F, R (Class::*)(Ps...) const & noexcept(N)> {
    using type = R(Ps...);
};
template <class F, class Class, class R, bool N, class... Ps>
struct CallOperator<F, R (Class::*)(Ps...) && noexcept(N)> {
    using type = R(Ps...);
};
template <class F, class Class, class R, bool N, class... Ps>
struct CallOperator<F, R (Class::*)(Ps...) const && noexcept(N)> {
    using type = R(Ps...);
};

/// A static operator() (C++23).
template <class F, class R, bool N, class... Ps>
struct CallOperator<F, R (*)(Ps...) noexcept(N)> {
    using type = R(Ps...);
};
/// An operator() with an explicit object parameter (C++23): the object is not one of the parameters.
template <class F, class R, bool N, class Self, class... Ps>
    requires std::is_same_v<std::remove_cvref_t<Self>, F>
struct CallOperator<F, R (*)(Self, Ps...) noexcept(N)> {
    using type = R(Ps...);
};

template <class F>
    requires requires { &F::operator(); }
struct Signature<F> : Signature<typename CallOperator<F, decltype(&F::operator())>::type> {};

template <class F>
using SignatureOf = Signature<std::remove_cv_t<std::remove_pointer_t<std::remove_cvref_t<F>>>>;

template <class F>
struct CheckedSignature : SignatureOf<F> {
    static_assert(SignatureOf<F>::known,
                  "zigmund: the parameter types of this callable cannot be read from its type, because it "
                  "has auto parameters, an overloaded or templated operator(), C-style variadic arguments, "
                  "or is no function at all: write the parameter types out, as in [](Config& config, int n)");
};

}  // namespace detail

/// The parameter types of `F`, as `Types<...>`.
template <class F>
using Parameters = typename detail::CheckedSignature<F>::parameters;

/// What a call of `F` returns.
template <class F>
using Result = typename detail::CheckedSignature<F>::result;

}  // namespace zigmund::inject::inline v0
