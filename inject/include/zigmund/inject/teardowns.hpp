// Teardowns: what must be undone when a scope ends, newest first.
//
// Whatever was set up puts an entry on the list; run() takes all of them off. Each entry learns how the scope
// ended: `error` is the exception that ended it, or null. It may let the error pass, replace it with another
// (to translate it), or clear it (to swallow it); the next one sees what it left.
//
// Threads: one. Cost: two stores an entry, whose memory is the caller's. Never: allocates, throws.
#pragma once

#include <exception>
#include <utility>

namespace zigmund::inject::inline v0 {

class Teardowns {
  public:
    /// To be embedded in, or derived by, what is torn down.
    struct Entry {
        /// The one that is undone after it; null: it is the last. Set by push().
        Entry* older = nullptr;
        /// How to undo it. Set by push().
        void (*run)(Entry& self, std::exception_ptr& error) noexcept = nullptr;
    };

    Teardowns() = default;
    Teardowns(const Teardowns&) = delete;
    Teardowns& operator=(const Teardowns&) = delete;

    /// `entry` stays where it is until it has run. O(1).
    void push(Entry& entry, void (*undo)(Entry& self, std::exception_ptr& error) noexcept) noexcept {
        entry.run = undo;
        entry.older = newest_;
        newest_ = &entry;
    }

    /// Whether nothing is to be undone. O(1).
    [[nodiscard]] bool empty() const noexcept { return newest_ == nullptr; }

    /// Runs all, newest first, and is empty then. `error` goes in as what ended the scope, null for a
    /// success, and comes out as what the entries made of it.
    void run(std::exception_ptr& error) noexcept {
        while (newest_ != nullptr) {
            Entry& entry = *std::exchange(newest_, newest_->older);
            entry.run(entry, error);
        }
    }

  private:
    Entry* newest_ = nullptr;
};

}  // namespace zigmund::inject::inline v0
