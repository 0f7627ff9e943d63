#include "thread_pool.hpp"

#include <utility>

#include "broken_pipe.hpp"

namespace zigmund::http::inline v0 {

ThreadPool::ThreadPool(alloc::Allocator allocator, unsigned threads, std::size_t queue)
    : count_{threads}, queue_{queue}, threads_{allocator} {
    threads_.reserve(threads);
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::start() {
    try {
        while (threads_.size() < count_) threads_.emplace_back([this] { run(); });
    } catch (...) {
        stop();
        throw;
    }
}

void ThreadPool::stop() noexcept {
    {
        const std::lock_guard lock{mutex_};
        stopped_ = true;
    }
    there_is_work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

bool ThreadPool::submit(Work& work, EventLoop& loop) noexcept {
    const std::lock_guard lock{mutex_};
    // What waits while a thread is idle is on its way to it.
    if (waiting_ >= queue_ + idle_) return false;
    append(work, loop);
    return true;
}

void ThreadPool::submit_rest(Work& work, EventLoop& loop) noexcept {
    const std::lock_guard lock{mutex_};
    append(work, loop);
}

void ThreadPool::append(Work& work, EventLoop& loop) noexcept {
    work.loop = &loop;
    work.following = nullptr;
    (first_ == nullptr ? first_ : last_->following) = &work;
    last_ = &work;
    ++waiting_;
    there_is_work_.notify_one();
}

void ThreadPool::run() noexcept {
    const IgnoredBrokenPipe ignored;
    std::unique_lock lock{mutex_};
    while (true) {
        ++idle_;
        there_is_work_.wait(lock, [this] { return first_ != nullptr || stopped_; });
        --idle_;
        if (first_ == nullptr) return;
        Work& work = *std::exchange(first_, first_->following);
        --waiting_;
        lock.unlock();
        work.work();
        work.loop->post(work);
        lock.lock();
    }
}

}  // namespace zigmund::http::inline v0
