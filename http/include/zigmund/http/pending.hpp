// Pending: an answer that is not there yet, because its handler waits, or runs on another thread.
//
// Such a handler's Response is a promise of one: Response::pending() is this. What is said to be changed of
// it (with_header(), ...) is noted and done to the answer; a middleware that wants to see the answer says
// what it does with it, Response::then(), or awaits it.
//
// Threads: the request's worker; what runs elsewhere (blocking.hpp) comes back to it. Cost: a block in the
// request's arena. An answer that is there at once has nothing of this.
#pragma once

#include <zigmund/http/answer.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>
#include <zigmund/http/task.hpp>

#include <atomic>
#include <concepts>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace zigmund::http {

class EventLoop;
class ThreadPool;

namespace detail {

/// What waiting takes, of whoever serves requests: a worker, or a test's client.
struct TaskContext {
    EventLoop& loop;
    ThreadPool* pool;                             ///< null: what blocks does so where it is called
    const std::atomic<bool>* stopping = nullptr;  ///< whether the server is to stop; null: it never is
};

class Pending {
  public:
    /// Who is told that the answer is there.
    class Owner {
      public:
        virtual void on_answered() = 0;

      protected:
        ~Owner() = default;
    };
    /// What is done with the answer before it is one.
    struct Step {
        Step* next = nullptr;
        Response (*run)(Step& self, Request& request, const Response& response, std::exception_ptr& error);
    };

    /// One more of the request, in memory of its arena.
    explicit Pending(Request& request) noexcept : request_{request}, older_{request.pending_} {
        request.pending_ = this;
    }
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;

    [[nodiscard]] Request& request() const noexcept { return request_; }
    [[nodiscard]] Pending* older() const noexcept { return older_; }
    /// What runs elsewhere is begun by begin_all(), and only if somebody waits for it.
    void notify(Owner* owner) noexcept { owner_ = owner; }
    /// Throws std::bad_alloc.
    template <class S, class... Args>
    void add(Args&&... args) {
        Step& step = *request_.allocator().create<S>(std::forward<Args>(args)...);
        (first_ == nullptr ? first_ : last_->next) = &step;
        last_ = &step;
    }

    /// The answer, once it is there, and all steps; throws what there is instead. Once: this is gone then.
    [[nodiscard]] Response take();
    /// Goes on with a coroutine, and tells the owner if with it the answer is there; this may be gone then.
    void resume(TaskPromise& promise) {
        if (TaskPromise::run(&promise)) return answered();
        begin_all(request_);
    }
    /// Begins what somebody waits for and other threads are to do. From here on nothing of the request may be
    /// touched, until it is back: this is the last that is done where the request's code has run.
    static void begin_all(Request& request) noexcept {
        for (Pending* pending = request.pending_; pending != nullptr; pending = pending->older_)
            if (pending->owner_ != nullptr) pending->begin_elsewhere();
    }
    /// Whether a thread of the pool is in it: then nothing of the request may be touched.
    [[nodiscard]] virtual bool is_elsewhere() const noexcept { return false; }
    virtual void begin_elsewhere() noexcept {}

    /// Ends those of a request that are newer than `last`, the newest first; null: all.
    static void cancel(Request& request, const Pending* last = nullptr) noexcept {
        while (request.pending_ != last) request.pending_->end();
    }
    /// Whether a thread of the pool is in one of a request's.
    [[nodiscard]] static bool any_elsewhere(const Request& request) noexcept;

  protected:
    ~Pending() = default;
    void answered() {
        if (owner_ != nullptr) owner_->on_answered();
    }
    [[nodiscard]] virtual Response result() = 0;
    virtual void destroy() noexcept = 0;

  private:
    void end() noexcept;

    Request& request_;
    Pending* older_;
    Owner* owner_ = nullptr;
    Step* first_ = nullptr;
    Step* last_ = nullptr;
};

/// Undoes what was set up for a request that `error` has ended; `error` is what became of it, never null.
void end_failed(Request& request, std::exception_ptr& error) noexcept;

/// The answer of a handler that is a coroutine.
template <class R>
class TaskAnswer final : public Pending {
  public:
    TaskAnswer(Request& request, Task<R>&& task) noexcept : Pending{request}, task_{std::move(task)} {}

    static Response begin(Request& request, Task<R>&& task) {
        auto& self = *request.allocator().create<TaskAnswer>(request, std::move(task));
        if (self.task_.start(self, nullptr)) return self.take();
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
    void await_suspend(std::coroutine_handle<P> frame) noexcept {
        waiting_ = &frame.promise();
        response_.pending()->notify(this);
    }
    [[nodiscard]] Response await_resume() const { return response_.resolved(); }

  private:
    void on_answered() override { waiting_->pending().resume(*waiting_); }

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

}  // namespace zigmund::http
