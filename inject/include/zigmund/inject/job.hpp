// Job: one piece of work that dependencies are made for, such as the answer to one client.
//
// It says where their memory comes from, and keeps what must be undone when it is over.
//
//     inject::Job job{arena};
//     ... make the arguments and call the handler (resolver.hpp) ...
//     std::exception_ptr error;              // or what the handler threw
//     job.end_function(error);               // FunctionScope dependencies, newest first
//     ... send the answer, do the background work ...
//     job.end(error);                        // the others, newest first
//     ... reset the arena ...
//
// Threads: one. Never: allocates by itself.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/inject/depends.hpp>
#include <zigmund/inject/teardowns.hpp>

#include <exception>

namespace zigmund::inject::inline v0 {

namespace detail {

/// Something that was made and noted: while there are overrides (see Overrides), or for other resolvers.
struct Made {
    const Made* older;
    const void* key;
    Scope scope;
    const void* value;  ///< null: it failed
};

}  // namespace detail

class Job {
  public:
    /// `memory` lasts until after end(): what is made is not given back to it piece by piece.
    explicit Job(alloc::Allocator memory) noexcept : memory_{memory} {}

    /// Where what is made for the job lives.
    [[nodiscard]] alloc::Allocator memory() const noexcept { return memory_; }

    /// What was made in a scope, which is `function` or `job`, and must be undone.
    [[nodiscard]] Teardowns& teardowns(Scope scope) noexcept {
        return scope == Scope::function ? function_ : job_;
    }

    /// Whether there is something to undo.
    [[nodiscard]] bool entered() const noexcept { return !function_.empty() || !job_.empty(); }

    /// The handler is done: ends the function scope. For `error` see Teardowns::run().
    void end_function(std::exception_ptr& error) noexcept { function_.run(error); }

    /// All is done: ends what is left of both scopes. May be called again.
    void end(std::exception_ptr& error) noexcept {
        function_.run(error);
        job_.run(error);
    }

    /// From now on what is made is noted for other resolvers of this job, whose graphs do not know of each
    /// other: who asks for the same thing gets it.
    void share() noexcept { shares = true; }

    /// For Resolver: what was noted, the newest first; null: nothing.
    const detail::Made* made = nullptr;
    /// For Resolver: whether share() was called.
    bool shares = false;

  private:
    alloc::Allocator memory_;
    Teardowns function_;
    Teardowns job_;
};

}  // namespace zigmund::inject::inline v0
