#include <zigmund/http/background_tasks.hpp>

namespace zigmund::http::inline v0 {

void BackgroundTasks::run() {
    // What is left, when one throws, goes with it.
    struct Rest {
        BackgroundTasks& tasks;
        ~Rest() { tasks.clear(); }
    } const rest{*this};
    while (first_ != nullptr) {
        Task& task = *first_;
        task.run(task);
        first_ = task.next;
        task.destroy(task);
    }
}

void BackgroundTasks::clear() noexcept {
    while (first_ != nullptr) {
        Task& task = *std::exchange(first_, first_->next);
        task.destroy(task);
    }
}

}  // namespace zigmund::http::inline v0
