// BackgroundTasks: work to be done after the response was sent.
//
//     http::Response sign_up(http::Body<SignUp> form, http::BackgroundTasks& tasks) {
//         tasks.add(send_mail, form->address, "Welcome");
//         return http::Response{http::Status::accepted};
//     }
//
// Tasks run one after the other, in the order in which they were added, while the request's arena and what
// its dependencies have set up are still there. One that throws ends the row: the rest are dropped, the
// dependencies see the exception, and it is a line on stderr. A request that failed, by an exception or a
// refusal, runs none.
//
// Threads: the request's worker, which serves nobody else meanwhile: hand long work to threads of your own.
// Cost: a block in the request's arena a task.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>

#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

template <class T>
class Task;

namespace detail {
template <class R>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<http::Task<T>> = true;
}  // namespace detail

class ZIGMUND_EXPORT BackgroundTasks {
  public:
    /// Each request has one: Request::background_tasks(). `arena` outlives it.
    explicit BackgroundTasks(alloc::Allocator arena) noexcept : arena_{arena} {}
    BackgroundTasks(const BackgroundTasks&) = delete;
    BackgroundTasks& operator=(const BackgroundTasks&) = delete;
    ~BackgroundTasks() { clear(); }

    /// `f(args...)` later, with copies of `f` and of `args`. A view or a pointer among them may refer to the
    /// request, its arena, or its dependencies; wrap what is to be referred to in std::ref. Throws
    /// std::bad_alloc.
    template <class F, class... Args>
    void add(F&& f, Args&&... args) {
        using Function = std::decay_t<F>;
        static_assert(
            std::is_invocable_v<Function, std::unwrap_ref_decay_t<Args>...>,
            "zigmund: BackgroundTasks::add(f, args...) calls f(args...) with copies of the arguments, and f "
            "does not take them");
        static_assert(!detail::is_task<std::invoke_result_t<Function, std::unwrap_ref_decay_t<Args>...>>,
                      "zigmund: a background task is no coroutine: nobody would await the http::Task that "
                      "this function returns");
        using Kept = Call<Function, std::unwrap_ref_decay_t<Args>...>;
        append(*arena_.create<Kept>(std::forward<F>(f), std::forward<Args>(args)...));
    }

    /// Whether there are none. O(1).
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

    /// Runs them all; there are none afterwards. Throws what one of them throws, after the rest were dropped.
    void run();

    /// Drops them all.
    void clear() noexcept;

  private:
    struct Task {
        void (*run)(Task& self);
        void (*destroy)(Task& self) noexcept;
        Task* next = nullptr;
    };

    template <class F, class... Args>
    struct Call : Task {
        template <class G, class... From>
        explicit Call(G&& g, From&&... from)
            : Task{.run =
                       [](Task& self) {
                           auto& call = static_cast<Call&>(self);
                           std::apply(std::move(call.f), std::move(call.args));
                       },
                   .destroy = [](Task& self) noexcept { std::destroy_at(&static_cast<Call&>(self)); }},
              f(std::forward<G>(g)),
              args(std::forward<From>(from)...) {}

        F f;
        std::tuple<Args...> args;
    };

    void append(Task& task) noexcept {
        (first_ == nullptr ? first_ : last_->next) = &task;
        last_ = &task;
    }

    alloc::Allocator arena_;
    Task* first_ = nullptr;
    Task* last_ = nullptr;
};

}  // namespace zigmund::http::inline v0
