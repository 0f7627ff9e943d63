// Singletons: what an application has one of: made when it starts, torn down when it stops, the newest first.
//
//     inject::Scoped<Pool> get_pool(inject::State<Settings> settings, alloc::Allocator);
//
//     singletons.provide<Settings>(Settings{.url = "..."});          // State<Settings>, there at once
//     singletons.provide<Clock>([](inject::State<Settings> s) { return Clock{s->zone}; });
//     singletons.on_start([](inject::Depends<get_pool, inject::AppScope> pool) { pool->warm_up(); });
//     singletons.start();                                            // makes them, then calls the functions
//
// They are found by type or by function, never by a name in a string. What they ask for is one another and
// `alloc::Allocator`, which is the one given here. Objects are made in the order in which they were provided
// or first asked for, but each after what it needs.
//
// Threads: registration, start() and stop() are one thread's. The objects are shared by all that run between.
// Cost: a small block each. Memory: all from the allocator, and back in it after stop() and the destructor.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/inject/call.hpp>
#include <zigmund/inject/dependency_graph.hpp>
#include <zigmund/inject/slot.hpp>
#include <zigmund/inject/teardowns.hpp>

#include <array>
#include <cstddef>
#include <exception>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace zigmund::inject::inline v0 {

namespace detail {

/// "[with T = Settings]" or "[T = Settings]": what the compiler calls it.
template <class T>
constexpr std::string_view type_name() noexcept {
    std::string_view text = __PRETTY_FUNCTION__;
    text.remove_prefix(text.find("T = ") + 4);
    return text.substr(0, text.find_first_of(";]"));
}

template <class T, class F>
inline constexpr bool makes = false;
template <class T, class F>
    requires(SignatureOf<F>::known)
inline constexpr bool makes<T, F> =
    std::is_same_v<T, typename ProducedBy<typename SignatureOf<F>::result>::type>;

/// An object that was given, as a function that returns it.
template <class T>
struct Given {
    T object;
    template <class... Args>
    explicit Given(Args&&... args) : object(std::forward<Args>(args)...) {}
    T& operator()() { return object; }
};

}  // namespace detail

class Singletons {
  public:
    /// One of them. Its address is the same for the life of the Singletons.
    class Entry {
      public:
        /// Null before start() and after stop().
        [[nodiscard]] const void* value() const noexcept { return value_; }
        /// The type, or the function, as the compiler calls it. Static storage.
        [[nodiscard]] std::string_view name() const noexcept { return name_; }

      private:
        friend class Singletons;
        Entry* following_ = nullptr;
        const void* key_ = nullptr;
        std::string_view name_;
        const void* value_ = nullptr;
        bool making_ = false;
        void (*make_)(Singletons&, Entry&, void* callable) = nullptr;
        void* callable_ = nullptr;
        void (*destroy_callable_)(alloc::Allocator, void*) noexcept = nullptr;
        void* slot_ = nullptr;
        void (*free_slot_)(alloc::Allocator, void*) noexcept = nullptr;
    };

    /// `allocator` outlives this.
    explicit Singletons(alloc::Allocator allocator) noexcept : allocator_{allocator} {}
    Singletons(const Singletons&) = delete;
    Singletons& operator=(const Singletons&) = delete;
    ~Singletons() {
        stop();
        free_list(entries_);
        free_list(replacements_);
        free_list(starters_);
        free_list(stoppers_);
    }

    /// Where everything lives.
    [[nodiscard]] alloc::Allocator allocator() const noexcept { return allocator_; }

    /// What `State<T>` refers to. `args` are a function or lambda that returns a T, a T& or a Scoped<T> and
    /// whose parameters are injected at start(); or what T is constructed with, here and now: it lives as
    /// long as the Singletons. Throws std::bad_alloc, what the constructor throws, and std::logic_error
    /// "zigmund: State<T> is provided twice".
    template <class T, class... Args>
    void provide(Args&&... args) {
        Entry& entry = this->entry<StateNode<T>>();
        if (entry.make_ != nullptr) throw_error({"State<", entry.name_, "> is provided twice"});
        if constexpr (sizeof...(Args) == 1 && (detail::makes<T, std::decay_t<Args>> && ...))
            keep(entry, std::forward<Args>(args)...);
        else
            keep_object<detail::Given<T>>(entry, std::forward<Args>(args)...);
    }

    /// Calls `f`, whose parameters are injected, at the end of start(); several in the order of registration.
    /// Throws std::bad_alloc.
    template <class F>
    void on_start(F&& f) {
        keep(append(starters_), std::forward<F>(f));
    }
    /// The same at the beginning of stop().
    template <class F>
    void on_stop(F&& f) {
        keep(append(stoppers_), std::forward<F>(f));
    }

    /// What stands for a Node of AppScope or a StateNode: found, or added. Throws std::bad_alloc.
    template <class N>
    [[nodiscard]] Entry& entry() {
        for (Entry* at = entries_; at != nullptr; at = at->following_)
            if (at->key_ == detail::node_key<N>) return *at;
        Entry& added = append(entries_);
        added.key_ = detail::node_key<N>;
        added.name_ = detail::type_name<N>();
        if constexpr (requires { typename N::function; }) {
            added.make_ = [](Singletons& self, Entry& entry, void*) {
                self.fill<typename N::result, typename detail::NodeParameters<N>::type>(
                    entry, []<class... Args>(Args&&... args) -> typename N::result {
                        return N::call(std::forward<Args>(args)...);
                    });
            };
        } else {
            added.name_ = detail::type_name<typename N::value_type>();
        }
        return added;
    }

    /// Makes all of them, then calls the on_start functions. If one throws, what was made is torn down, the
    /// error thrown into it as for a Job, and what is left of the error passes through; also std::bad_alloc
    /// and std::logic_error "zigmund: State<T> is asked for, but nobody provides it", "zigmund: <name> needs
    /// itself". Does nothing when started.
    void start() {
        if (started_) return;
        started_ = true;
        std::exception_ptr error;
        try {
            for (Entry* at = entries_; at != nullptr; at = at->following_) (void)value(*at);
            for (Entry* at = starters_; at != nullptr; at = at->following_)
                at->make_(*this, *at, at->callable_);
        } catch (...) {
            error = std::current_exception();
        }
        if (error == nullptr) return;
        tear_down(error);
        if (error == nullptr) throw_error({"a dependency swallowed the exception that ended the start"});
        std::rethrow_exception(error);
    }

    /// Calls the on_stop functions, then tears all down, the newest first. Returns the error that one of them
    /// left, or null; after an error, no further function is called. Does nothing when not started.
    std::exception_ptr stop() noexcept {
        std::exception_ptr error;
        if (!started_) return error;
        try {
            for (Entry* at = stoppers_; at != nullptr; at = at->following_)
                at->make_(*this, *at, at->callable_);
        } catch (...) {
            error = std::current_exception();
        }
        tear_down(error);
        return error;
    }

    /// Whether they are there: from the beginning of start(), unless that throws, to the end of stop().
    [[nodiscard]] bool started() const noexcept { return started_; }

    /// For Overrides: makes what has AppScope and is made by the function of `key` with `g` instead; null: it
    /// cannot be made. Throws std::bad_alloc, and std::logic_error "zigmund: override what has AppScope
    /// before the application starts".
    template <class G>
    void replace(const void* key, const G* g);
    /// Undoes every replace().
    void clear_replacements() noexcept { free_list(replacements_); }

  private:
    friend class SingletonArguments;

    template <class R, class List, class Call>
    void fill(Entry& entry, Call&& call);

    template <class F>
    void keep(Entry& entry, F&& f) {
        keep_object<std::decay_t<F>>(entry, std::forward<F>(f));
    }
    template <class F, class... Args>
    void keep_object(Entry& entry, Args&&... args) {
        entry.callable_ = allocator_.create<F>(std::forward<Args>(args)...);
        entry.destroy_callable_ = [](alloc::Allocator allocator, void* callable) noexcept {
            allocator.destroy(static_cast<F*>(callable));
        };
        entry.make_ = [](Singletons& self, Entry& made, void* callable) {
            self.fill<Result<F>, Parameters<F>>(made, *static_cast<F*>(callable));
        };
    }

    /// The value, which is made first if need be.
    const void* value(Entry& entry) {
        if (entry.value_ != nullptr) return entry.value_;
        if (entry.making_) throw_error({entry.name_, " needs itself"});
        auto make = entry.make_;
        void* callable = entry.callable_;
        for (const Entry* at = replacements_; at != nullptr; at = at->following_) {
            if (at->key_ != entry.key_) continue;
            make = at->make_;
            callable = at->callable_;
            if (make == nullptr)
                throw_error({"what overrides ", entry.name_, " asks for something that no application has"});
        }
        if (make == nullptr) throw_error({"State<", entry.name_, "> is asked for, but nobody provides it"});
        entry.making_ = true;
        try {
            make(*this, entry, callable);
        } catch (...) {
            entry.making_ = false;
            throw;
        }
        entry.making_ = false;
        return entry.value_;
    }

    void tear_down(std::exception_ptr& error) noexcept {
        teardowns_.run(error);
        for (Entry* list : {entries_, starters_, stoppers_}) {
            for (Entry* at = list; at != nullptr; at = at->following_) {
                at->value_ = nullptr;
                if (at->slot_ != nullptr) at->free_slot_(allocator_, std::exchange(at->slot_, nullptr));
            }
        }
        started_ = false;
    }

    Entry& append(Entry*& list) {
        Entry** link = &list;
        while (*link != nullptr) link = &(*link)->following_;
        *link = allocator_.create<Entry>();
        return **link;
    }

    void free_list(Entry*& list) noexcept {
        // The newest first, like everything.
        Entry* reversed = nullptr;
        while (list != nullptr) {
            Entry* const entry = std::exchange(list, list->following_);
            entry->following_ = reversed;
            reversed = entry;
        }
        while (reversed != nullptr) {
            Entry* const entry = std::exchange(reversed, reversed->following_);
            if (entry->callable_ != nullptr) entry->destroy_callable_(allocator_, entry->callable_);
            allocator_.destroy(entry);
        }
    }

    [[noreturn, gnu::cold]] static void throw_error(std::initializer_list<std::string_view> parts) {
        std::string text = "zigmund: ";
        for (const std::string_view part : parts) text.append(part);
        throw std::logic_error(text);
    }

    alloc::Allocator allocator_;
    Entry* entries_ = nullptr;
    Entry* replacements_ = nullptr;
    Entry* starters_ = nullptr;
    Entry* stoppers_ = nullptr;
    Teardowns teardowns_;
    bool started_ = false;
};

/// The provider for what is made by Singletons.
class SingletonArguments {
  public:
    /// For error messages: what they may ask for.
    using allowed = Allowed<alloc::Allocator, State<detail::YourType>, Depends<your_function, AppScope>>;

    /// Whether a parameter may be a P: an Allocator, a State, or a Depends with AppScope.
    template <class P>
    static constexpr bool provides = [] {
        if constexpr (detail::is_dependency<P>)
            return detail::DependencyOf<P>::node::scope == Scope::app;
        else
            return std::is_same_v<std::remove_cvref_t<P>, alloc::Allocator> && !std::is_lvalue_reference_v<P>;
    }();

    /// A compile error for what lives for one job only.
    template <std::size_t Position, class P>
    static constexpr void explain() {
        static_assert(
            !detail::is_dependency<P>,
            "zigmund: what is made for the application, with AppScope or as State, cannot use what is made "
            "for one job: give the Depends the option inject::AppScope");
    }

    /// `singletons` outlives this.
    explicit SingletonArguments(Singletons& singletons) noexcept : singletons_{singletons} {}

    /// The argument; what it refers to is made first if it is not there yet. Throws as Singletons::start()
    /// does.
    template <class P>
        requires provides<P>
    auto provide() {
        if constexpr (detail::is_dependency<P>) {
            using D = detail::DependencyOf<P>;
            using N = typename D::node;
            return typename D::depends{detail::FromResolver{},
                                       detail::restore<N>(singletons_.value(singletons_.entry<N>()))};
        } else {
            return singletons_.allocator();
        }
    }

  private:
    Singletons& singletons_;
};

template <class R, class List, class Call>
void Singletons::fill(Entry& entry, Call&& call) {
    detail::check_parameters<SingletonArguments>(List{}, std::make_index_sequence<List::size>{});
    SingletonArguments provider{*this};
    auto arguments = detail::Arguments<List, SingletonArguments>::make(provider);
    auto* const slot = allocator_.create<Slot<R>>();
    entry.slot_ = slot;
    entry.free_slot_ = [](alloc::Allocator allocator, void* memory) noexcept {
        allocator.destroy(static_cast<Slot<R>*>(memory));
    };
    slot->fill([&]() -> R { return std::apply(call, std::move(arguments)); }, teardowns_);
    entry.value_ = slot->value;
}

template <class G>
void Singletons::replace(const void* key, const G* g) {
    for (const Entry* at = entries_; at != nullptr; at = at->following_)
        if (at->key_ == key && at->value_ != nullptr)
            throw_error({"override what has AppScope before the application starts"});
    Entry& entry = append(replacements_);
    entry.key_ = key;
    if constexpr (!std::is_void_v<G>) keep(entry, *g);
}

/// Where the singletons of a graph are: found when a handler is registered, so that using one is a load.
template <class Graph>
class SingletonsOf {
  public:
    /// Finds them, or adds what is to be made. `singletons` outlives this. Throws std::bad_alloc.
    explicit SingletonsOf(Singletons& singletons) : entries_{find(singletons, typename Graph::apps{})} {}

    /// Throws std::logic_error "zigmund: <name> is made when the application starts, and it has not started".
    template <class N>
    [[nodiscard]] auto get() const {
        const Singletons::Entry& entry = *entries_[detail::position<N>(typename Graph::apps{})];
        if (entry.value() == nullptr) [[unlikely]]
            not_started(entry.name());
        return detail::restore<N>(entry.value());
    }

  private:
    template <class... Ns>
    static std::array<const Singletons::Entry*, sizeof...(Ns)> find([[maybe_unused]] Singletons& singletons,
                                                                    Types<Ns...>) {
        return {&singletons.entry<Ns>()...};
    }
    [[noreturn, gnu::cold]] static void not_started(std::string_view name) {
        throw std::logic_error(std::string{"zigmund: "}.append(name).append(
            " is made when the application starts, and it has not started"));
    }

    std::array<const Singletons::Entry*, Graph::apps::size> entries_;
};

}  // namespace zigmund::inject::inline v0
