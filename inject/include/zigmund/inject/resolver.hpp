// Resolver: makes the arguments of a handler whose parameters include dependencies.
//
//     using Graph = inject::DependencyGraph<inject::Parameters<F>>;
//     inject::Resolver<Graph, Base> resolver{base, job, apps};
//     auto arguments = resolver.template arguments<inject::Parameters<F>>();
//     if (resolver.good()) inject::apply(handler, std::move(arguments));
//
// `Base` provides (provider.hpp) what is no dependency. Beside a provider's members it may have
//
//     // How many arguments it could not make so far. A dependency one of whose arguments failed is not
//     // called, nor is what needs it; everything else still is, so that all that is wrong is known at once.
//     std::size_t failures() const noexcept;
//
//     // The arguments that it is asked for from here on are those of another function.
//     void begin_function() noexcept;
//
//     // Replacements for tests (overrides.hpp); null for none.
//     const inject::Overrides<Base>* overrides() const noexcept;
//
// The order is that of a reader: the first parameter's dependency with everything that it needs, then the
// second's, and only then the other parameters from left to right.
//
// Each dependency of the graph has a slot, whose place is known at compile time; all slots are one block of
// the job's memory. Threads: the job's. Cost: that block, and a test each time that a dependency is asked
// for.
#pragma once

#include <zigmund/inject/call.hpp>
#include <zigmund/inject/dependency_graph.hpp>
#include <zigmund/inject/job.hpp>
#include <zigmund/inject/provider.hpp>
#include <zigmund/inject/singletons.hpp>
#include <zigmund/inject/slot.hpp>

#include <array>
#include <cstddef>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

namespace zigmund::inject::inline v0 {

namespace detail {

template <class Allowed, class... More>
struct AllowAlso;
template <class... Ts, class... More>
struct AllowAlso<Allowed<Ts...>, More...> {
    using type = Allowed<Ts..., More...>;
};

template <class N>
struct NodeSlot : Slot<typename N::result> {
    NodeSlot() noexcept {}  // and no zeros where the value will be
};

template <class Nodes>
struct SlotsOf;
template <class... Ns>
struct SlotsOf<Types<Ns...>> {
    using type = std::tuple<NodeSlot<Ns>...>;
};

/// A coroutine's frame outlives the arguments that were made for its call.
template <class C, class... Ps>
constexpr void check_lasting(Types<Ps...>) {
    static_assert(
        ((!std::is_reference_v<Ps> ||
          std::is_reference_v<decltype(std::declval<C&>().template provide<Ps>())>) &&
         ...),
        "zigmund: a Scoped dependency waits longer than this argument lives: take the parameter by value, "
        "without &");
}

/// For the parameters that are no dependencies.
struct NoPointer {};
template <class P>
struct PointerOf : std::type_identity<NoPointer> {};
template <class P>
    requires(is_dependency<P>)
struct PointerOf<P> {
    using type = std::add_pointer_t<typename DependencyOf<P>::depends::value_type>;
};

}  // namespace detail

template <class Graph, Provider Base>
class Resolver {
  public:
    /// For error messages: what Base allows, and Depends and State.
    using allowed = typename detail::AllowAlso<typename Base::allowed, Depends<your_function>,
                                               State<detail::YourType>>::type;

    /// Whether a parameter may be a P: a Depends or a State, by value or by const reference, or what Base
    /// provides.
    template <class P>
    static constexpr bool provides = detail::is_dependency<P> || Base::template provides<P>;

    /// Compile errors that say what to write instead of a P that it does not provide.
    template <std::size_t Position, class P>
    static constexpr void explain() {
        static_assert(!detail::is_dependency<std::remove_cvref_t<P>>,
                      "zigmund: a Depends or State is taken by value or by const reference");
        if constexpr (requires { Base::template explain<Position, P>(); })
            Base::template explain<Position, P>();
    }

    /// One argument. A dependency is made if nobody has asked for it before; one that cannot be made has no
    /// value, and good() is false from then on. Throws what a dependency throws.
    template <class P>
        requires provides<P>
    decltype(auto) provide() {
        if constexpr (detail::is_dependency<P>)
            return argument<P>(pointer<P>(good_));
        else
            return base_.template provide<P>();
    }

    /// All are used by reference. Throws std::bad_alloc.
    Resolver(Base& base, Job& job, const SingletonsOf<Graph>& singletons)
        : base_{base}, job_{job}, singletons_{singletons}, before_{failures()} {
        if constexpr (!std::is_same_v<Slots, std::tuple<>>)
            slots_ = ::new (job.memory().allocate(sizeof(Slots), alignof(Slots))) Slots;
    }

    /// Makes what the parameters in `List` need, in the order above, and a tuple of the arguments. What a
    /// dependency throws passes through; what was made by then is in the job's teardowns. Once.
    template <class List>
    [[nodiscard]] auto arguments() {
        return make_arguments(List{}, good_);
    }

    /// Whether the handler can be called.
    [[nodiscard]] bool good() const noexcept { return good_ && failures() == before_; }

  private:
    using Slots = typename detail::SlotsOf<typename Graph::nodes>::type;
    template <class N>
    using Value = std::add_pointer_t<typename N::value_type>;

    [[nodiscard]] std::size_t failures() const noexcept {
        if constexpr (requires { base_.failures(); })
            return base_.failures();
        else
            return 0;
    }

    template <class... Ps>
    auto make_arguments(Types<Ps...>, bool& good) {
        return make_arguments(Types<Ps...>{}, std::index_sequence_for<Ps...>{}, good);
    }
    template <class... Ps, std::size_t... Is>
    auto make_arguments(Types<Ps...>, std::index_sequence<Is...>, bool& good) {
        // The braces make the order of evaluation from left to right.
        [[maybe_unused]] const std::tuple<typename detail::PointerOf<Ps>::type...> pointers{
            pointer<Ps>(good)...};
        if constexpr (requires { base_.begin_function(); }) base_.begin_function();
        return std::tuple<decltype(argument<Ps>(std::get<Is>(pointers)))...>{
            argument<Ps>(std::get<Is>(pointers))...};
    }

    template <class P>
    typename detail::PointerOf<P>::type pointer([[maybe_unused]] bool& good) {
        if constexpr (detail::is_dependency<P>) {
            using D = detail::DependencyOf<P>;
            auto* const value = this->template value<typename D::node, D::cached>();
            if (value == nullptr) good = false;
            return value;
        } else {
            return {};
        }
    }

    template <class P, class Pointer>
    decltype(auto) argument([[maybe_unused]] Pointer pointer) {
        if constexpr (detail::is_dependency<P>)
            return typename detail::DependencyOf<P>::depends{detail::FromResolver{}, pointer};
        else
            return base_.template provide<P>();
    }

    template <class N, bool Cached>
    Value<N> value() {
        if constexpr (N::scope == Scope::app) {
            return singletons_.template get<N>();
        } else if constexpr (Cached) {
            auto& slot = std::get<detail::NodeSlot<N>>(*slots_);
            if (!slot.tried) {
                slot.tried = true;
                slot.value = make<N, true>(slot);
            }
            return slot.value;
        } else {
            using S = Slot<typename N::result>;
            return make<N, false>(*::new (job_.memory().allocate(sizeof(S), alignof(S))) S);
        }
    }

    template <class N, bool Cached, class S>
    Value<N> make(S& slot) {
        if (job_.shares || has_overrides()) [[unlikely]]
            return make_noted<N, Cached>(slot);
        return make_original<N>(slot);
    }

    [[nodiscard]] bool has_overrides() const noexcept {
        if constexpr (requires { base_.overrides(); })
            return base_.overrides() != nullptr;
        else
            return false;
    }

    template <class N, class S>
    Value<N> make_original(S& slot) {
        using List = typename detail::NodeParameters<N>::type;
        detail::check_parameters<Resolver>(List{}, std::make_index_sequence<List::size>{});
        if constexpr (detail::is_scoped<typename N::result>) detail::check_lasting<Resolver>(List{});
        bool good = true;
        const std::size_t before = failures();
        auto arguments = make_arguments(List{}, good);
        if (!good || failures() != before) return nullptr;
        slot.fill(
            [&]() -> typename N::result {
                return std::apply([]<class... Args>(Args&&... args) ->
                                  typename N::result { return N::call(std::forward<Args>(args)...); },
                                  std::move(arguments));
            },
            job_.teardowns(N::scope));
        return slot.value;
    }

    template <class N, bool Cached, class S>
    [[gnu::noinline]] Value<N> make_noted(S& slot) {
        const void* const key = detail::node_key<N>;
        if constexpr (Cached) {
            // What another resolver or a replacement has made is no part of the graph, so it is found here.
            for (const detail::Made* made = job_.made; made != nullptr; made = made->older)
                if (made->key == key && made->scope == N::scope) return detail::restore<N>(made->value);
        }
        const Value<N> made = make_replaced<N>(key, slot);
        if constexpr (Cached) {
            void* const memory = job_.memory().allocate(sizeof(detail::Made), alignof(detail::Made));
            job_.made =
                ::new (memory) detail::Made{.older = job_.made, .key = key, .scope = N::scope, .value = made};
        }
        return made;
    }

    template <class N, class S>
    Value<N> make_replaced([[maybe_unused]] const void* key, S& slot) {
        if constexpr (requires { base_.overrides(); }) {
            const auto* const overrides = base_.overrides();
            if (const auto* const replacement = overrides == nullptr ? nullptr : overrides->find(key))
                return detail::restore<N>(
                    replacement->make(replacement->stored, base_, job_, job_.teardowns(N::scope)));
        }
        return make_original<N>(slot);
    }

    Base& base_;
    Job& job_;
    const SingletonsOf<Graph>& singletons_;
    Slots* slots_ = nullptr;
    std::size_t before_;
    bool good_ = true;
};

}  // namespace zigmund::inject::inline v0
