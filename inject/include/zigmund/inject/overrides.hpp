// Overrides: other functions in the place of dependencies, for tests.
//
//     inject::Overrides<Base> overrides{allocator};
//     overrides.set<get_session>([](int k) { return FakeSession{k}; }, singletons);
//
// A replacement returns what the original does (T, T& and Scoped<T> stand for one another), and has
// parameters and dependencies of its own. It is cached as the original would be, and it is torn down with its
// scope.
//
// Threads: set() and clear() while nothing is served. Cost: without one, a null pointer that the resolver
// looks at; with one, each dependency is looked up in a list.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/inject/dependency_graph.hpp>
#include <zigmund/inject/job.hpp>
#include <zigmund/inject/resolver.hpp>
#include <zigmund/inject/singletons.hpp>
#include <zigmund/inject/slot.hpp>

#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

namespace zigmund::inject::inline v0 {

template <class Base>
class Overrides {
  public:
    /// One of them, as a resolver finds it.
    struct Replacement {
        /// The one that was set before it; null: it was the first.
        Replacement* older;
        /// The function that it replaces: an address that no other function has.
        const void* key;
        /// The function that takes its place, and where the application has what that needs.
        void* stored;
        /// The value, or null if it could not be made.
        const void* (*make)(const void* stored, Base& base, Job& job, Teardowns& teardowns);
        /// Gives `stored` back.
        void (*destroy)(alloc::Allocator allocator, void* stored) noexcept;
    };

    /// `allocator` outlives this.
    explicit Overrides(alloc::Allocator allocator) noexcept : allocator_{allocator} {}
    Overrides(const Overrides&) = delete;
    Overrides& operator=(const Overrides&) = delete;
    ~Overrides() { clear(); }

    /// From now on, who depends on `F` gets what `g` returns; the last one set for an F counts. What has
    /// AppScope is overridden before the application starts, by a `g` that asks for what has AppScope. Throws
    /// std::bad_alloc, and std::logic_error "zigmund: override what has AppScope before the application
    /// starts".
    template <auto F, class G>
    void set(G g, Singletons& singletons) {
        using Original = typename detail::ProducedBy<typename detail::CalleeOf<decltype(F)>::result>::type;
        static_assert(std::is_same_v<Original, typename detail::ProducedBy<Result<G>>::type>,
                      "zigmund: what overrides a dependency returns a value of the same type");
        using Code = CodeFor<G>;
        const void* const key = detail::node_key<Node<F, Scope::job>>;
        if constexpr (detail::provides_all<SingletonArguments>(Parameters<G>{}))
            singletons.replace(key, &g);
        else
            singletons.replace<void>(key, nullptr);
        auto* const stored = allocator_.create<typename Code::Stored>(std::move(g), singletons);
        try {
            newest_ = allocator_.create<Replacement>(newest_, key, stored, &Code::make, &Code::destroy);
        } catch (...) {
            allocator_.destroy(stored);
            throw;
        }
    }

    /// The originals again.
    void clear() noexcept {
        while (newest_ != nullptr) {
            Replacement* const replacement = std::exchange(newest_, newest_->older);
            replacement->destroy(allocator_, replacement->stored);
            allocator_.destroy(replacement);
        }
    }

    /// Whether every dependency is the original. O(1).
    [[nodiscard]] bool empty() const noexcept { return newest_ == nullptr; }

    /// The replacement of the function of `key`, or null. O(replacements).
    [[nodiscard]] const Replacement* find(const void* key) const noexcept {
        const Replacement* at = newest_;
        while (at != nullptr && at->key != key) at = at->older;
        return at;
    }

  private:
    template <class G>
    struct CodeFor {
        using Graph = DependencyGraph<Parameters<G>>;

        /// A replacement, and where the application has what it needs.
        struct Stored {
            /// Takes `function` over. Throws std::bad_alloc.
            Stored(G&& function, Singletons& all) : g{std::move(function)}, singletons{all} {}
            /// What is called in place of the original.
            G g;
            /// What it needs of what has AppScope, and of State.
            SingletonsOf<Graph> singletons;
        };

        static const void* make(const void* memory, Base& base, Job& job, Teardowns& teardowns) {
            const auto& stored = *static_cast<const Stored*>(memory);
            Resolver<Graph, Base> resolver{base, job, stored.singletons};
            check<G, Resolver<Graph, Base>>();
            auto arguments = resolver.template arguments<Parameters<G>>();
            if (!resolver.good()) return nullptr;
            using S = Slot<Result<G>>;
            auto* const slot = ::new (job.memory().allocate(sizeof(S), alignof(S))) S;
            slot->fill([&]() -> Result<G> { return std::apply(stored.g, std::move(arguments)); }, teardowns);
            return slot->value;
        }

        static void destroy(alloc::Allocator allocator, void* stored) noexcept {
            allocator.destroy(static_cast<Stored*>(stored));
        }
    };

    alloc::Allocator allocator_;
    Replacement* newest_ = nullptr;
};

}  // namespace zigmund::inject::inline v0
