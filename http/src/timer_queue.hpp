// TimerQueue: timers, in the order in which they are due.
//
// A pairing heap whose links lie in the timers: a loop with a hundred thousand of them takes no memory for
// it.
//
// Threads: one. Cost: push() O(1); pop() and remove() O(log n), amortised. Never: allocates, recurses.
#pragma once

#include <chrono>
#include <utility>

namespace zigmund::http::inline v0 {

class Timer {
  public:
    using Clock = std::chrono::steady_clock;

    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    virtual void on_time() = 0;

    // The queue's.
    Clock::time_point due;
    Timer* child = nullptr;     ///< the first of those that are due later
    Timer* next = nullptr;      ///< sibling
    Timer* previous = nullptr;  ///< sibling, or, of a first child, the parent

  protected:
    ~Timer() = default;
};

class TimerQueue {
  public:
    [[nodiscard]] bool empty() const noexcept { return root_ == nullptr; }
    /// When the first is due. Not of an empty queue.
    [[nodiscard]] Timer::Clock::time_point due() const noexcept { return root_->due; }

    /// A timer that is in no queue; it stays where it is while it is in this one.
    void push(Timer& timer, Timer::Clock::time_point due) noexcept {
        timer.due = due;
        timer.child = timer.next = timer.previous = nullptr;
        root_ = root_ == nullptr ? &timer : &meld(*root_, timer);
    }

    /// Takes off the first. Not of an empty queue.
    Timer& pop() noexcept {
        Timer& first = *root_;
        root_ = merge(std::exchange(first.child, nullptr));
        return first;
    }

    /// Takes off a timer that is in this queue.
    void remove(Timer& timer) noexcept {
        if (&timer == root_) {
            pop();
            return;
        }
        (timer.previous->child == &timer ? timer.previous->child : timer.previous->next) = timer.next;
        if (timer.next != nullptr) timer.next->previous = timer.previous;
        if (Timer* const rest = merge(std::exchange(timer.child, nullptr))) root_ = &meld(*root_, *rest);
    }

  private:
    /// Of two roots, the later becomes the first child of the other, which is returned.
    static Timer& meld(Timer& a, Timer& b) noexcept {
        Timer& first = b.due < a.due ? b : a;
        Timer& later = &first == &a ? b : a;
        later.next = first.child;
        later.previous = &first;
        if (first.child != nullptr) first.child->previous = &later;
        first.child = &later;
        first.next = first.previous = nullptr;
        return first;
    }

    /// One root of siblings: in pairs from left to right, and these from right to left.
    static Timer* merge(Timer* siblings) noexcept {
        Timer* pairs = nullptr;  // linked by next, the last first
        while (siblings != nullptr) {
            Timer* const a = siblings;
            Timer* const b = a->next;
            siblings = b == nullptr ? nullptr : b->next;
            a->next = a->previous = nullptr;
            if (b != nullptr) b->next = b->previous = nullptr;
            Timer& pair = b == nullptr ? *a : meld(*a, *b);
            pair.next = pairs;
            pairs = &pair;
        }
        Timer* root = nullptr;
        while (pairs != nullptr) {
            Timer* const pair = pairs;
            pairs = pairs->next;
            pair->next = nullptr;
            root = root == nullptr ? pair : &meld(*root, *pair);
        }
        return root;
    }

    Timer* root_ = nullptr;
};

}  // namespace zigmund::http::inline v0
