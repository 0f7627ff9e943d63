// Scoped<T>: what a dependency returns that has something to undo: set-up and clean-up in one function.
//
//     inject::Scoped<Session> get_session(inject::Depends<get_pool, inject::AppScope> pool, alloc::Allocator)
//     {
//         Session session = pool->open();
//         alloc::ErrScope scope;
//         auto undo = scope.errdefer([&] { session.roll_back(); });
//         co_yield session;      // the handler runs here; throws what ended it, if it failed
//         session.commit();
//         scope.ok();
//     }
//
// The function is a coroutine that yields once. What stands before co_yield runs when the dependency is made,
// what stands after it when the dependency's scope ends, after everything that was made later has been torn
// down. If the work failed, co_yield throws the exception that it failed with: locals are destroyed and
// `errdefer` guards run as on any other error exit, and the function may catch it, to translate it by
// throwing another, or to swallow it by not throwing.
//
// The frame lives in memory of the `alloc::Allocator` that the function takes, and nowhere else: that is why
// it has to take one. Parameters are taken by value, because the frame outlives the call; references to what
// the provider itself refers to are fine. (The resolver checks both.)
//
// Threads: one. Cost: one block of the allocator; a resumption and a destruction at the end of the scope.
// Never: global memory, type erasure.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/inject/frame_memory.hpp>

#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace zigmund::inject::inline v0 {

template <class T>
class [[nodiscard]] Scoped {
    static_assert(
        std::is_object_v<T>,
        "zigmund: Scoped<T> is for an object that is yielded: for a dependency without a value, yield "
        "an empty struct");

  public:
    class promise_type;

    /// Takes the frame; of `other`, nothing but its destructor is to be used.
    Scoped(Scoped&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {}
    Scoped& operator=(Scoped&&) = delete;
    /// Without end(), the function is left where it waits: its locals are destroyed.
    ~Scoped() {
        if (frame_) frame_.destroy();
    }

    /// What was yielded; valid until end(). Throws what the function threw before its co_yield, and
    /// std::logic_error "zigmund: a Scoped dependency must co_yield once, but it yielded nothing".
    [[nodiscard]] T& value() const {
        promise_type& promise = frame_.promise();
        if (promise.error_ != nullptr) std::rethrow_exception(promise.error_);
        if (promise.value_ == nullptr)
            throw std::logic_error("zigmund: a Scoped dependency must co_yield once, but it yielded nothing");
        return *promise.value_;
    }

    /// Runs what follows co_yield, and destroys the frame. `error`, unless null, is thrown there; it comes
    /// out as what the function left by: another exception, or null if it returned. A second co_yield leaves
    /// by std::logic_error "zigmund: a Scoped dependency must co_yield once, but it yielded twice". Once.
    void end(std::exception_ptr& error) noexcept {
        promise_type& promise = frame_.promise();
        promise.thrown_in_ = std::move(error);
        frame_.resume();
        error = std::move(promise.error_);
        if (!frame_.done())
            error = std::make_exception_ptr(
                std::logic_error("zigmund: a Scoped dependency must co_yield once, but it yielded twice"));
        std::exchange(frame_, nullptr).destroy();
    }

  private:
    explicit Scoped(std::coroutine_handle<promise_type> frame) noexcept : frame_{frame} {}

    std::coroutine_handle<promise_type> frame_;
};

namespace detail {

template <class R>
inline constexpr bool is_scoped = false;
template <class T>
inline constexpr bool is_scoped<Scoped<T>> = true;

}  // namespace detail

/// What the compiler makes of such a function. Programs do not name it.
template <class T>
class Scoped<T>::promise_type : public detail::FrameMemory {
  public:
    /// What the call returns.
    Scoped get_return_object() noexcept {
        return Scoped{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    /// It begins during the call, while the arguments are there.
    static std::suspend_never initial_suspend() noexcept { return {}; }
    /// The frame stays, for end() to look at.
    static std::suspend_always final_suspend() noexcept { return {}; }

    /// What is yielded: Scoped::value() refers to it where it is.
    auto yield_value(T& value) noexcept {
        value_ = std::addressof(value);
        return Yield{*this};
    }
    /// What was made for the co_yield lives until it is resumed.
    auto yield_value(T&& value) noexcept {
        value_ = std::addressof(value);
        return Yield{*this};
    }
    /// The function has come to its end.
    static void return_void() noexcept {}
    /// Keeps what the function throws, for value() or end().
    void unhandled_exception() noexcept { error_ = std::current_exception(); }

  private:
    friend class Scoped;

    struct Yield {
        promise_type& promise;
        static bool await_ready() noexcept { return false; }
        static void await_suspend(std::coroutine_handle<>) noexcept {}
        void await_resume() const {
            if (promise.thrown_in_ != nullptr) std::rethrow_exception(std::move(promise.thrown_in_));
        }
    };

    T* value_ = nullptr;
    std::exception_ptr thrown_in_;
    std::exception_ptr error_;
};

}  // namespace zigmund::inject::inline v0

template <class T, class... Ps>
struct std::coroutine_traits<zigmund::inject::Scoped<T>, Ps...> {
    static_assert(
        (std::same_as<std::remove_cvref_t<Ps>, zigmund::alloc::Allocator> || ...),
        "zigmund: a Scoped dependency lives in memory of the allocator that it takes: add a parameter "
        "alloc::Allocator");
    static_assert(
        sizeof...(Ps) <= 9,
        "zigmund: a Scoped dependency takes at most 8 parameters: group some in a class, inject::make<T>");
    using promise_type = typename zigmund::inject::Scoped<T>::promise_type;
};
