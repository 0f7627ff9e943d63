// Pending: an answer that is not there yet, because its handler waits, or runs on another thread.
//
// Such a handler's Response is a promise of one: Response::pending() is this. What is said to be changed of
// it (with_header(), ...) is noted and done to the answer; a middleware that wants to see the answer says
// what it does with it, Response::then(), or awaits it.
//
// A middleware may return such a Response, or have then() return one: then the answer is that one's, when it
// is there. One that it has asked for and neither awaits nor returns is ended: when a blocking handler of the
// request begins, or its answer is there. Who awaits it later, or awaits one twice, gets std::logic_error
// "zigmund: this answer is gone: a pending Response is awaited once, while its request waits for it".
//
// Threads: the request's worker; what runs elsewhere (blocking.hpp) comes back to it, and begins when all
// else of the request waits for it. Cost: a block in the request's arena. An answer that is there at once has
// nothing of this.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/answer.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>
#include <zigmund/http/task.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

class EventLoop;
class ThreadPool;

namespace detail {

/// What waiting takes, of whoever serves requests: a worker, or a test's client.
struct TaskContext {
    EventLoop& loop;
    ThreadPool* pool;                             ///< null: what blocks does so where it is called
    const std::atomic<bool>* stopping = nullptr;  ///< whether the server is to stop; null: it never is
};

/// Who is told that an answer is there.
class AnswerOwner {
  public:
    virtual void on_answered() = 0;
    /// The answer that waits with it; null: it is nobody of the request, but who wants its answer.
    [[nodiscard]] virtual const Pending* waiting() const noexcept { return nullptr; }

  protected:
    ~AnswerOwner() = default;
};

class ZIGMUND_EXPORT Pending : private AnswerOwner {
  public:
    using Owner = AnswerOwner;
    /// What is done with the answer before it is one.
    struct Step {
        Step* next = nullptr;
        Response (*run)(Step& self, Request& request, const Response& response, std::exception_ptr& error);
    };
    /// `working`: a coroutine of its own goes on by itself; `asleep`: another thread is to do it, and was not
    /// told yet; `back`: the handler is done; `settling`, `settled`: what is to be done with its answer is
    /// being done, is done for now; `gone`: it was taken, or ended.
    enum class State : std::uint8_t { working, asleep, elsewhere, back, settling, settled, gone };

    /// One more of the request, in memory of its arena.
    Pending(Request& request, State state) noexcept
        : request_{request}, older_{request.pending_}, state_{state} {
        if (older_ != nullptr) number_ = older_->number_ + 1;
        request.pending_ = this;
    }
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;

    [[nodiscard]] Request& request() const noexcept { return request_; }
    /// Tells `owner`, later, of an answer that nobody can have yet.
    void notify(Owner* owner) noexcept { owner_ = owner; }
    /// True: there is something to take(). False: `owner` is told.
    [[nodiscard]] bool await(Owner& owner) noexcept;
    /// Throws std::bad_alloc.
    template <class S, class... Args>
    void add(Args&&... args) {
        Step& step = *request_.allocator().create<S>(std::forward<Args>(args)...);
        (first_ == nullptr ? first_ : last_->next) = &step;
        last_ = &step;
    }

    /// The answer, of which await() or the owner knows; throws what there is instead. Once: this is gone then.
    [[nodiscard]] Response take();
    /// Goes on with a coroutine, and tells the owner if with it the answer is there; this may be gone then.
    void resume(TaskPromise& promise);
    /// Begins what the request waits for and another thread is to do. From here on nothing of the request may
    /// be touched, until it is back: this is the last that is done where the request's code has run.
    static void begin_all(Request& request) noexcept;

    /// Ends those of a request that are newer than `last`, which may be gone, the newest first, but not
    /// `spared`; null: all.
    static void cancel(Request& request, const Pending* last = nullptr,
                       const Pending* spared = nullptr) noexcept;
    /// Whether a thread of the pool is in one of a request's: then nothing of the request may be touched.
    [[nodiscard]] static bool any_elsewhere(const Request& request) noexcept;
    /// Nobody waits for the request any more: `owner` is told when what is elsewhere is back.
    static void abandon_all(Request& request, Owner& owner) noexcept;

  protected:
    ~Pending() = default;
    /// The handler is done.
    void answered();
    /// Its answer at once, without what is to be done with it. This is gone then.
    [[nodiscard]] Response take_result();
    [[nodiscard]] virtual Response result() = 0;
    virtual void destroy() noexcept = 0;
    virtual void begin_elsewhere() noexcept {}
    void enter(State state) noexcept { state_ = state; }

  private:
    void on_answered() final { go_on(); }
    [[nodiscard]] const Pending* waiting() const noexcept final { return this; }
    void go_on();
    bool settle() noexcept;
    template <class F>
    void attempt(F&& f) noexcept;
    void end() noexcept;
    [[nodiscard]] bool is_wanted() const noexcept;
    [[nodiscard]] bool may_run() const noexcept;

    Request& request_;
    Pending* older_;
    Owner* owner_ = nullptr;
    Step* first_ = nullptr;
    Step* last_ = nullptr;
    std::exception_ptr error_;
    Response response_;
    std::uint32_t number_ = 1;  ///< greater than those of older ones that are not gone
    State state_;
    bool abandoned_ = false;
};

/// Undoes what was set up for a request that `error` has ended; `error` is what became of it, never null.
ZIGMUND_EXPORT void end_failed(Request& request, std::exception_ptr& error) noexcept;

/// The answer of a handler that is a coroutine.
template <class R>
class TaskAnswer final : public Pending {
  public:
    TaskAnswer(Request& request, Task<R>&& task) noexcept
        : Pending{request, State::working}, task_{std::move(task)} {}

    static Response begin(Request& request, Task<R>&& task) {
        auto& self = *request.allocator().create<TaskAnswer>(request, std::move(task));
        if (self.task_.start(self, nullptr)) return self.take_result();
        return Response{self};
    }

  private:
    Response result() override {
        return answer(request(), [this]() -> R { return task_.take(); });
    }
    void destroy() noexcept override { task_.destroy(); }

    Task<R> task_;
};

/// A Response that a coroutine awaits.
class ResponseAwaiter final : public Pending::Owner {
  public:
    explicit ResponseAwaiter(const Response& response) noexcept : response_{response} {}

    [[nodiscard]] bool await_ready() const noexcept { return response_.pending() == nullptr; }
    template <std::derived_from<TaskPromise> P>
    bool await_suspend(std::coroutine_handle<P> frame) noexcept {
        waiting_ = &frame.promise();
        return !response_.pending()->await(*this);
    }
    [[nodiscard]] Response await_resume() const { return response_.resolved(); }

  private:
    void on_answered() override { waiting_->pending().resume(*waiting_); }
    [[nodiscard]] const Pending* waiting() const noexcept override { return &waiting_->pending(); }

    Response response_;
    TaskPromise* waiting_ = nullptr;
};

template <class F>
struct ThenStep final : Pending::Step {
    template <class From>
    explicit ThenStep(From&& from) : function(std::forward<From>(from)) {
        run = [](Step& self, Request&, const Response& response, std::exception_ptr& error) -> Response {
            if (error != nullptr) return response;
            return static_cast<ThenStep&>(self).function(response);
        };
    }

    F function;
};

}  // namespace detail

template <class F>
Response Response::then(F&& f) const {
    using Function = std::decay_t<F>;
    static_assert(std::is_invocable_r_v<Response, Function&, const Response&>,
                  "zigmund: Response::then(f) calls f as http::Response f(const http::Response& response)");
    static_assert(
        std::is_trivially_destructible_v<Function>,
        "zigmund: what Response::then() is given lives in the request's arena and is not destroyed: "
        "capture views, numbers and references");
    if (pending_ == nullptr) [[likely]]
        return f(*this);
    const Response noted = with_changes_noted();
    pending_->add<detail::ThenStep<Function>>(std::forward<F>(f));
    return noted;
}

}  // namespace zigmund::http::inline v0
