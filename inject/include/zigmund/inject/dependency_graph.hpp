// DependencyGraph: everything that a parameter list needs, found and checked at compile time.
//
//     using Graph = inject::DependencyGraph<inject::Parameters<decltype(handler)>>;
//     Graph::nodes    // Types<Node<f, scope>...>: a slot each; what is wanted twice stands there once
//     Graph::apps     // Types<...>: what must have been made for the application
//     Graph::leaves   // Types<...>: the types of parameters, of all, that a provider provides
//
// A circle, and a dependency that would outlive what it depends on, are compile errors that name the
// functions. Everything here happens at compile time and costs nothing in the program.
#pragma once

#include <zigmund/inject/depends.hpp>
#include <zigmund/inject/signature.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace zigmund::inject::inline v0 {

/// A dependency, as one of the things that are made: its function and its scope. The same function in another
/// scope is another thing.
template <auto F, Scope S>
struct Node {
    /// What the function returns.
    using result = typename detail::CalleeOf<decltype(F)>::result;
    /// What a Depends of it refers to: T where the function returns T, T& or Scoped<T>; or void.
    using value_type = typename detail::ProducedBy<result>::type;
    /// The function's type: a lambda's, Make<T>, or a pointer to a function.
    using function = std::remove_cvref_t<decltype(F)>;

    /// When the value is torn down.
    static constexpr Scope scope = S;

    /// Calls the function; of make<T>, makes a T with `args` in braces. Throws what that throws.
    template <class... Args>
    static constexpr result call(Args&&... args) {
        return detail::CalleeOf<decltype(F)>::call(F, std::forward<Args>(args)...);
    }
};

/// What the application was given, by its type.
template <class T>
struct StateNode {
    /// What a State<T> refers to.
    using value_type = T;
    /// It lasts until the application stops.
    static constexpr Scope scope = Scope::app;
};

/// The error message for dependencies in a circle. The compiler prints them beside the message.
template <class First, class... Others>
struct DependencyCircle {
    static_assert(
        sizeof(First) == 0,
        "zigmund: a dependency needs itself, so nothing could be made first. The compiler names "
        "DependencyCircle<it, what led to it from the inside out> beside this message: take the Depends out "
        "of one of them");
};

/// The error message for a dependency that lives longer than one that it uses.
template <class Dependency, class Used>
struct DependencyOutlives {
    static_assert(
        sizeof(Dependency) == 0,
        "zigmund: a dependency would be used after its end. The compiler names DependencyOutlives<the one "
        "that uses it, the one whose scope ends first> beside this message: give the first the option "
        "inject::FunctionScope as well, or take FunctionScope away from the second; what is made for the "
        "application, with AppScope, can only use what has AppScope itself");
};

/// Stands in messages for a function of the user's; there is none of this name.
void your_function();

namespace detail {

template <class R>
inline constexpr bool needs_teardown =
    is_scoped<R> || (std::is_object_v<R> && !std::is_trivially_destructible_v<R>);

/// Whether a parameter is a dependency, and which.
template <class P>
struct DependencyOf {
    static constexpr bool is = false;
};
template <auto F, class... Options>
struct DependencyOf<Depends<F, Options...>> {
    static constexpr bool is = true;
    static constexpr bool cached = Depends<F, Options...>::cached;
    static constexpr bool undone = needs_teardown<typename Node<F, Depends<F, Options...>::scope>::result>;
    using node = Node<F, Depends<F, Options...>::scope>;
    using depends = Depends<F, Options...>;
};
template <class T>
struct DependencyOf<State<T>> {
    static constexpr bool is = true;
    static constexpr bool cached = true;
    static constexpr bool undone = false;
    using node = StateNode<T>;
    using depends = State<T>;
};
template <class P>
    requires(std::is_lvalue_reference_v<P> && std::is_const_v<std::remove_reference_t<P>>)
struct DependencyOf<P> : DependencyOf<std::remove_cvref_t<P>> {};

template <class P>
inline constexpr bool is_dependency = DependencyOf<P>::is;

template <class T, class List>
inline constexpr bool contains = false;
template <class T, class... Ts>
inline constexpr bool contains<T, Types<Ts...>> = (std::is_same_v<T, Ts> || ...);

template <class List, class T>
struct Append;
template <class... Ts, class T>
struct Append<Types<Ts...>, T> {
    using type = Types<Ts..., T>;
};
template <class List, class T>
using AppendOnce =
    typename std::conditional_t<contains<T, List>, std::type_identity<List>, Append<List, T>>::type;

/// What a node takes.
template <class N>
struct NodeParameters {
    using type = Types<>;
};
template <auto F, Scope S>
struct NodeParameters<Node<F, S>> {
    using type = CalleeParameters<decltype(F)>;
};

template <class Nodes, class Apps, class Leaves>
struct Found {
    using nodes = Nodes;
    using apps = Apps;
    using leaves = Leaves;
};

/// What it is found in: the nodes that led here, the innermost first, and whether that one has something to
/// undo.
template <bool Undone, class... Nodes>
struct Path {};

template <class Node, bool Undone, class Parent, class... Parents>
constexpr bool check_edge(Path<Undone, Parent, Parents...>) {
    constexpr bool circle = std::is_same_v<Node, Parent> || (std::is_same_v<Node, Parents> || ...);
    if constexpr (circle) (void)DependencyCircle<Node, Parent, Parents...>{};
    if constexpr (Node::scope < Parent::scope && (Undone || Parent::scope == Scope::app))
        (void)DependencyOutlives<Parent, Node>{};
    return !circle;
}
template <class Node, bool Undone>
constexpr bool check_edge(Path<Undone>) {
    return true;
}

template <class Found, class Way, class List>
struct Collect {
    using type = Found;
};

template <class F, class Way, class P>
struct Visit {
    using type = Found<typename F::nodes, typename F::apps, AppendOnce<typename F::leaves, P>>;
};

template <class F, bool Undone, class... Parents, class P>
    requires(is_dependency<P>)
struct Visit<F, Path<Undone, Parents...>, P> {
    using dependency = DependencyOf<P>;
    using node = typename dependency::node;
    static constexpr bool sound = check_edge<node>(Path<Undone, Parents...>{});
    static constexpr bool known = contains<node, typename F::nodes> || contains<node, typename F::apps>;

    static constexpr auto find() {
        if constexpr (!sound || (known && dependency::cached)) {
            return std::type_identity<F>{};
        } else {
            using inner = typename Collect<F, Path<dependency::undone, node, Parents...>,
                                           typename NodeParameters<node>::type>::type;
            if constexpr (node::scope == Scope::app) {
                // What it needs is the application's affair.
                return std::type_identity<
                    Found<typename F::nodes, AppendOnce<typename F::apps, node>, typename F::leaves>>{};
            } else if constexpr (dependency::cached) {
                return std::type_identity<Found<AppendOnce<typename inner::nodes, node>, typename inner::apps,
                                                typename inner::leaves>>{};
            } else {
                return std::type_identity<inner>{};
            }
        }
    }
    using type = typename decltype(find())::type;
};

template <class F, class Way, class P, class... Ps>
struct Collect<F, Way, Types<P, Ps...>> {
    using type = typename Collect<typename Visit<F, Way, P>::type, Way, Types<Ps...>>::type;
};

template <class T, class... Ts>
constexpr std::size_t position(Types<Ts...>) {
    std::size_t at = 0;
    (void)((std::is_same_v<T, Ts> || (++at, false)) || ...);
    return at;
}

/// What tells functions apart at run time: an address of their own.
template <auto F>
inline constexpr char function_tag = 0;
template <class T>
inline constexpr char state_tag = 0;

template <class N>
inline constexpr const void* node_key = nullptr;
template <auto F, Scope S>
inline constexpr const void* node_key<Node<F, S>> = &function_tag<F>;
template <class T>
inline constexpr const void* node_key<StateNode<T>> = &state_tag<T>;

/// A node's value, of which the type was forgotten.
template <class N>
auto restore(const void* value) noexcept {
    using T = typename N::value_type;
    return const_cast<T*>(static_cast<const T*>(value));
}

/// Stands in messages for a type of the user's.
struct YourType;

}  // namespace detail

/// The graph of the parameters in `List`, an inject::Types, with the members nodes, apps and leaves (see this
/// file's beginning).
template <class List>
using DependencyGraph =
    typename detail::Collect<detail::Found<Types<>, Types<>, Types<>>, detail::Path<false>, List>::type;

}  // namespace zigmund::inject::inline v0
