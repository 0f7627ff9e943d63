// ThreadPool: threads for what blocks.
//
// Work comes from a loop and goes back to it: work() runs on one of the threads, then on_posted() on the
// loop's.
//
// Threads: any may submit. Cost: a lock, and, of a thread that sleeps, a call of the system's. Never:
// allocates, after start().
#pragma once

#include <zigmund/alloc/allocator.hpp>

#include <condition_variable>
#include <cstddef>
#include <memory_resource>
#include <mutex>
#include <thread>
#include <vector>

#include "event_loop.hpp"

namespace zigmund::http::inline v0 {

class ThreadPool {
  public:
    class Work : public Posted {
      public:
        virtual void work() noexcept = 0;

        // The pool's.
        EventLoop* loop = nullptr;
        Work* following = nullptr;

      protected:
        ~Work() = default;
    };

    /// So many threads once it has started; `queue` is how much waits for one of them at most.
    ThreadPool(alloc::Allocator allocator, unsigned threads, std::size_t queue);
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    /// Nothing is waiting or being done then.
    ~ThreadPool();

    /// Throws std::system_error if the system has no more threads; then none runs.
    void start();

    /// Has a thread do it. `work` stays where it is until its on_posted(). False: too much waits already.
    [[nodiscard]] bool submit(Work& work, EventLoop& loop) noexcept;
    /// The same, however much waits: for the end of what was begun.
    void submit_rest(Work& work, EventLoop& loop) noexcept;

  private:
    void run() noexcept;
    void stop() noexcept;
    void append(Work& work, EventLoop& loop) noexcept;

    std::mutex mutex_;
    std::condition_variable there_is_work_;
    Work* first_ = nullptr;
    Work* last_ = nullptr;
    std::size_t waiting_ = 0;
    std::size_t idle_ = 0;  ///< threads that have nothing to do, and none of what waits is theirs
    bool stopped_ = false;
    const unsigned count_;
    const std::size_t queue_;
    std::pmr::vector<std::thread> threads_;
};

}  // namespace zigmund::http::inline v0
