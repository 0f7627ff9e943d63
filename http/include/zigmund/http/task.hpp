// Task: a function that waits without holding up the thread that it runs on.
//
//     http::Task<Row> fetch(Database& database, std::string_view key, alloc::Allocator) {
//         database.send(key);
//         const bool came = co_await http::readable(database.socket(), 2s);
//         if (!came) throw http::HttpError{...};
//         co_return database.receive();
//     }
//     http::Task<http::Response> get_row(http::Path<std::string_view, "key"> key, inject::State<Database> db,
//                                        alloc::Allocator arena) {
//         const Row row = co_await fetch(*db, key, arena);
//         co_return http::Response::json(arena, row);
//     }
//     app.get("/rows/{key}", get_row);
//
// A handler that returns a Task<R> answers as one that returns R does. It awaits other Tasks, sleep_for(),
// readable() and writable() (wait.hpp), and the Response of a middleware's Next; meanwhile its worker serves
// other connections. All of it runs on that worker's thread: two requests of one worker never run at the same
// time, but take turns at each co_await.
//
// It begins when it is awaited. Its frame lives in memory of the first alloc::Allocator, or http::Request&,
// among its parameters, which is why it has to have one; a frame is gone when the Task is. Parameters of a
// handler are taken by value, because the frame outlives the call. (The compiler checks both.)
//
// A client that leaves, also one that only stops to send, ends its request where it waits: the frames are
// destroyed, the innermost first, background tasks are dropped, and dependencies that wait for the end see
// http::Cancelled. A server that drains waits for it, for ServeOptions::drain_timeout at most.
//
// What a co_await in a condition says is given a name first, as above: gcc 12 compiles `if (co_await ...)`
// wrongly in a function without other variables. Such a Task, when it is called, throws std::logic_error
// "zigmund: this coroutine has a co_await in the condition of an if, while or switch, which gcc 12 compiles
// wrongly: give its result a name first, const bool came = co_await ...;".
//
// Threads: its worker's. Cost: a block of the arena a call, and what it waits for. Never: the heap.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/inject/frame_memory.hpp>

#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

/// A Task may live in the memory of the request that it takes.
template <>
inline constexpr bool zigmund::inject::detail::gives_frame_memory<zigmund::http::Request> = true;

namespace zigmund::http::inline v0 {

class Response;
template <class T>
class Task;

/// What dependencies see of a request whose client has left, or whose server has stopped, before its answer.
class Cancelled : public std::exception {
  public:
    /// "zigmund: the request was cancelled".
    [[nodiscard]] const char* what() const noexcept override { return "zigmund: the request was cancelled"; }
};

namespace detail {

class Pending;
class Wait;
class ResponseAwaiter;

/// What all promises have: who waits for them, and the answer that they are a part of.
class TaskPromise : public inject::detail::FrameMemory {
  public:
    static std::suspend_always initial_suspend() noexcept { return {}; }
    static std::suspend_always final_suspend() noexcept { return {}; }

    template <class T>
    static Task<T> await_transform(Task<T>&& task) noexcept {
        return std::move(task);
    }
    /// What wait.hpp names.
    template <class W>
        requires std::derived_from<typename std::remove_cvref_t<W>::Awaiter, Wait>
    static auto await_transform(W&& wait) noexcept {
        return typename std::remove_cvref_t<W>::Awaiter{wait};
    }
    /// Of a template, so that Response need not be known here.
    template <class R>
        requires std::same_as<std::remove_cvref_t<R>, Response>
    static auto await_transform(R&& response) noexcept {
        return typename AwaiterOf<std::remove_cvref_t<R>>::type{response};
    }
    template <class A>
    static std::suspend_never await_transform(A&&) noexcept {
        static_assert(
            !std::is_object_v<std::remove_cvref_t<A>>,
            "zigmund: a Task awaits http::Task<T> (a temporary or std::move(task)), http::sleep_for(), "
            "http::sleep_until(), http::readable(), http::writable() and the Response of http::Next: other "
            "awaitables do not know how to go on on the worker's thread");
        return {};
    }

    /// Goes on with `frame_`, and, as each is done, with who waits for it. False: something waits again.
    static bool run(TaskPromise* promise) {
        while (promise != nullptr) {
            promise->frame_.resume();
            if (!promise->frame_.done()) return false;
            promise = promise->awaiting_;
        }
        return true;
    }

    [[nodiscard]] Pending& pending() const noexcept { return *pending_; }

  protected:
    template <class R>
    struct AwaiterOf {
        using type = std::conditional_t<std::same_as<R, Response>, ResponseAwaiter, void>;
    };

  private:
    template <class T>
    friend class http::Task;

    std::coroutine_handle<> frame_;
    TaskPromise* awaiting_ = nullptr;
    Pending* pending_ = nullptr;

  protected:
    void set_frame(std::coroutine_handle<> frame) {
        check_frame(frame);
        frame_ = frame;
    }
};

template <class T>
class TaskPromiseOf : public TaskPromise {
  public:
    Task<T> get_return_object();
    void unhandled_exception() noexcept { error_ = std::current_exception(); }
    template <class U = T>
        requires std::constructible_from<T, U&&>
    void return_value(U&& value) {
        value_.emplace(std::forward<U>(value));
    }
    T take() {
        if (error_ != nullptr) std::rethrow_exception(std::move(error_));
        return std::move(*value_);
    }

  private:
    std::optional<T> value_;
    std::exception_ptr error_;
};

template <class T>
class TaskPromiseOf<T&> : public TaskPromise {
  public:
    Task<T&> get_return_object();
    void unhandled_exception() noexcept { error_ = std::current_exception(); }
    void return_value(T& value) noexcept { value_ = std::addressof(value); }
    T& take() {
        if (error_ != nullptr) std::rethrow_exception(std::move(error_));
        return *value_;
    }

  private:
    T* value_ = nullptr;
    std::exception_ptr error_;
};

template <>
class TaskPromiseOf<void> : public TaskPromise {
  public:
    Task<void> get_return_object();
    void unhandled_exception() noexcept { error_ = std::current_exception(); }
    static void return_void() noexcept {}
    void take() {
        if (error_ != nullptr) std::rethrow_exception(std::move(error_));
    }

  private:
    std::exception_ptr error_;
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
  public:
    /// For the compiler.
    using promise_type = detail::TaskPromiseOf<T>;
    /// What co_await gives.
    using value_type = T;

    /// Takes the frame; of `other`, nothing but its destructor and an assignment to it are to be used.
    Task(Task&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {}
    /// Exchanges the two.
    Task& operator=(Task&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    /// Where it waits, it is left: its locals are destroyed.
    ~Task() {
        if (frame_) frame_.destroy();
    }

    /// What co_await asks: it begins when it is awaited, never before.
    static bool await_ready() noexcept { return false; }
    /// Begins it; true: it waits, and goes on with `awaiting` when it is done.
    template <std::derived_from<detail::TaskPromise> P>
    bool await_suspend(std::coroutine_handle<P> awaiting) {
        return !start(awaiting.promise().pending(), &awaiting.promise());
    }
    /// What it returned; throws what it threw.
    T await_resume() { return frame_.promise().take(); }

    // What a request's answer asks for.

    /// Begins it; true: it is done.
    bool start(detail::Pending& pending, detail::TaskPromise* awaiting) {
        frame_.promise().pending_ = &pending;
        frame_.promise().awaiting_ = awaiting;
        frame_.resume();
        return frame_.done();
    }
    /// Whether it has returned or thrown.
    [[nodiscard]] bool done() const noexcept { return frame_.done(); }
    /// What it returned, once it is done(); throws what it threw. Once.
    T take() { return frame_.promise().take(); }
    /// Destroys the frame, where it waits. Again, it does nothing.
    void destroy() noexcept {
        if (frame_) std::exchange(frame_, nullptr).destroy();
    }

  private:
    friend promise_type;
    explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_{frame} {}

    std::coroutine_handle<promise_type> frame_;
};

namespace detail {

template <class T>
Task<T> TaskPromiseOf<T>::get_return_object() {
    const auto frame = std::coroutine_handle<TaskPromiseOf>::from_promise(*this);
    set_frame(frame);
    return Task<T>{frame};
}
template <class T>
Task<T&> TaskPromiseOf<T&>::get_return_object() {
    const auto frame = std::coroutine_handle<TaskPromiseOf>::from_promise(*this);
    set_frame(frame);
    return Task<T&>{frame};
}
inline Task<void> TaskPromiseOf<void>::get_return_object() {
    const auto frame = std::coroutine_handle<TaskPromiseOf>::from_promise(*this);
    set_frame(frame);
    return Task<void>{frame};
}

/// What a handler's result stands for: T for Task<T>, else itself.
template <class R>
struct TaskOf {
    static constexpr bool is = false;
    using value = R;
};
template <class T>
struct TaskOf<Task<T>> {
    static constexpr bool is = true;
    using value = T;
};

}  // namespace detail
}  // namespace zigmund::http::inline v0

template <class T, class... Ps>
struct std::coroutine_traits<zigmund::http::Task<T>, Ps...> {
    static_assert((zigmund::inject::detail::gives_frame_memory<std::remove_cvref_t<Ps>> || ...),
                  "zigmund: a Task lives in memory of the allocator that it takes: add a parameter "
                  "alloc::Allocator, or http::Request&");
    static_assert(sizeof...(Ps) <= 9,
                  "zigmund: a Task takes at most 8 parameters: group some in a class, inject::make<T>");
    using promise_type = typename zigmund::http::Task<T>::promise_type;
};
