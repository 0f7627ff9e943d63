// Depends<f>: a parameter whose argument is what the function `f` returns.
//
//     User current_user(Token token, inject::Depends<get_session> session);
//
//     void greet(inject::Depends<current_user> user, inject::Depends<get_session> session) {
//         session->log("greeted", user->name);               // the session that current_user had
//     }
//
// `f` is a function, or a constexpr variable that is a lambda without captures (written between the angle
// brackets, a lambda crashes gcc 12), and may have dependencies of its own. It is called once for each job,
// whoever asks for it, and only if somebody does; a job is one piece of work, such as the answer to one
// client. What it returns decides what a handler gets, and what is undone when the scope ends:
//
//     f returns       Depends<f> refers to            at the end of the scope
//     T               the T, kept in the job's memory its destructor
//     T&              that T                          nothing
//     Scoped<T>       the T that was yielded          the rest of the function (scoped.hpp)
//     void            nothing: f is called            nothing
//
// Options, after `f`: `NoCache` calls f anew for this parameter. `FunctionScope` ends its scope when the
// handler has returned, before its answer leaves; without an option the scope ends after that, and after
// background work. `AppScope` makes it once, at the application's start, for all threads (singletons.hpp).
//
// `make<T>` stands for the function that makes a class from what its fields ask for: `Depends<make<Login>>`
// with `struct Login { Token token; inject::Depends<get_session> session; };`. A class with a constructor
// names the constructor's parameters: `using dependencies = inject::Types<Token,
// inject::Depends<get_session>>`.
//
// Threads: as the value. Cost: a pointer. Never: owns the value, which lives until its scope ends.
#pragma once

#include <zigmund/inject/scoped.hpp>
#include <zigmund/inject/signature.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace zigmund::inject::inline v0 {

/// Options of Depends.
struct NoCache {};
struct FunctionScope {};
struct AppScope {};

/// When a dependency is torn down.
enum class Scope : std::uint8_t {
    function,  ///< when the handler has returned
    job,       ///< when the job is over: its answer was sent, its background work is done
    app,       ///< when the application stops
};

/// The function that makes a T; see above.
template <class T>
struct Make {};
/// What stands between the angle brackets: `Depends<make<Login>>`.
template <class T>
inline constexpr Make<T> make{};

namespace detail {

template <class R>
struct ProducedBy : std::type_identity<R> {};
template <class T>
struct ProducedBy<T&> : std::type_identity<T> {};
template <class T>
struct ProducedBy<Scoped<T>> : std::type_identity<T> {};

/// Initialises a field of any type, in a question.
struct AnyValue {
    template <class P>
    operator P&&() const;
};
struct AnyReference {
    template <class P>
    operator P&() const;
};
template <class Any, std::size_t>
using Repeated = Any;

template <class T, class Any, std::size_t N>
inline constexpr bool takes_initialisers = []<std::size_t... Is>(std::index_sequence<Is...>) {
    return requires { T{std::declval<Repeated<Any, Is>>()...}; };
}(std::make_index_sequence<N>{});

template <class T, std::size_t N = 9>
constexpr std::size_t count_fields() {
    if constexpr (takes_initialisers<T, AnyValue, N> || takes_initialisers<T, AnyReference, N>)
        return N;
    else if constexpr (N == 0)
        return 0;
    else
        return count_fields<T, N - 1>();
}

/// The types of an aggregate's fields. Never called.
template <class T>
constexpr auto fields_of(T& object) {
    constexpr std::size_t n = count_fields<T>();
    static_assert(
        n <= 8,
        "zigmund: inject::make<T> fills a struct of at most 8 fields: group some in a struct of their own, "
        "or give T a constructor and name its parameters, using dependencies = inject::Types<...>");
    if constexpr (n == 1) {
        auto& [a] = object;
        return Types<decltype(a)>{};
    } else if constexpr (n == 2) {
        auto& [a, b] = object;
        return Types<decltype(a), decltype(b)>{};
    } else if constexpr (n == 3) {
        auto& [a, b, c] = object;
        return Types<decltype(a), decltype(b), decltype(c)>{};
    } else if constexpr (n == 4) {
        auto& [a, b, c, d] = object;
        return Types<decltype(a), decltype(b), decltype(c), decltype(d)>{};
    } else if constexpr (n == 5) {
        auto& [a, b, c, d, e] = object;
        return Types<decltype(a), decltype(b), decltype(c), decltype(d), decltype(e)>{};
    } else if constexpr (n == 6) {
        auto& [a, b, c, d, e, f] = object;
        return Types<decltype(a), decltype(b), decltype(c), decltype(d), decltype(e), decltype(f)>{};
    } else if constexpr (n == 7) {
        auto& [a, b, c, d, e, f, g] = object;
        return Types<decltype(a), decltype(b), decltype(c), decltype(d), decltype(e), decltype(f),
                     decltype(g)>{};
    } else if constexpr (n == 8) {
        auto& [a, b, c, d, e, f, g, h] = object;
        return Types<decltype(a), decltype(b), decltype(c), decltype(d), decltype(e), decltype(f),
                     decltype(g), decltype(h)>{};
    } else {
        return Types<>{};
    }
}

template <class T>
struct ClassParameters {
    static_assert(
        std::is_aggregate_v<T>,
        "zigmund: inject::make<T> cannot see which parameters T's constructor has: name them in T, using "
        "dependencies = inject::Types<...>, or make T a struct without constructors");
    using type = decltype(fields_of(std::declval<T&>()));
};
template <class T>
    requires requires { typename T::dependencies; }
struct ClassParameters<T> {
    using type = typename T::dependencies;
};

/// A dependency's function: what it takes, what it returns, and how to call it.
template <class F>
struct Callee {
    using result = Result<F>;

    template <class... Args>
    static constexpr result call(const F& f, Args&&... args) {
        return f(std::forward<Args>(args)...);
    }
};
template <class T>
struct Callee<Make<T>> {
    using result = T;

    template <class... Args>
    static constexpr T call(const Make<T>&, Args&&... args) {
        return T{std::forward<Args>(args)...};
    }
};

template <class F>
using CalleeOf = Callee<std::remove_cvref_t<F>>;

/// Not in Callee, because a T may be incomplete where Depends<make<T>> is written.
template <class F>
struct ParametersOfCallee {
    using type = Parameters<F>;
};
template <class T>
struct ParametersOfCallee<Make<T>> {
    using type = typename ClassParameters<T>::type;
};
template <class F>
using CalleeParameters = typename ParametersOfCallee<std::remove_cvref_t<F>>::type;

template <class Option, class... Options>
inline constexpr bool has_option = (std::is_same_v<Option, Options> || ...);

template <class... Options>
constexpr Scope scope_of() {
    static_assert(
        ((std::is_same_v<Options, NoCache> || std::is_same_v<Options, FunctionScope> ||
          std::is_same_v<Options, AppScope>) &&
         ...),
        "zigmund: the options of Depends are inject::NoCache, inject::FunctionScope and inject::AppScope");
    static_assert(!has_option<AppScope, Options...> || sizeof...(Options) == 1,
                  "zigmund: what is made once for the application has no other option than inject::AppScope");
    if constexpr (has_option<AppScope, Options...>)
        return Scope::app;
    else if constexpr (has_option<FunctionScope, Options...>)
        return Scope::function;
    else
        return Scope::job;
}

/// Makes a Depends of the pointer that a resolver has; null when the dependency failed, and nobody will look.
struct FromResolver {};

template <class T>
class DependsValue {
  public:
    /// For tests that call a handler themselves: `value` outlives this.
    explicit DependsValue(T& value) noexcept : value_{std::addressof(value)} {}
    DependsValue(FromResolver, T* value) noexcept : value_{value} {}

    [[nodiscard]] T& operator*() const noexcept { return *value_; }
    [[nodiscard]] T* operator->() const noexcept { return value_; }
    [[nodiscard]] T& value() const noexcept { return *value_; }
    operator T&() const noexcept { return *value_; }

  private:
    T* value_;
};
template <>
class DependsValue<void> {
  public:
    DependsValue() = default;
    DependsValue(FromResolver, const void*) noexcept {}
};

}  // namespace detail

template <auto F, class... Options>
class Depends : public detail::DependsValue<
                    typename detail::ProducedBy<typename detail::CalleeOf<decltype(F)>::result>::type> {
  public:
    /// What it refers to; void for a dependency that returns nothing.
    using value_type = typename detail::ProducedBy<typename detail::CalleeOf<decltype(F)>::result>::type;

    /// When the value is torn down: as the options say, or else with the job.
    static constexpr Scope scope = detail::scope_of<Options...>();
    /// Whether the value is shared with all in the job that ask for the same function in the same scope:
    /// without NoCache.
    static constexpr bool cached = !detail::has_option<NoCache, Options...>;

    using detail::DependsValue<value_type>::DependsValue;
};

/// State<T>: a parameter that refers to the T which the application was given (Singletons::provide).
template <class T>
class State : public detail::DependsValue<T> {
  public:
    /// What it refers to.
    using value_type = T;
    using detail::DependsValue<T>::DependsValue;
};

}  // namespace zigmund::inject::inline v0
