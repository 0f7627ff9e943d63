// Dependency: what runs for its effect before the handlers of a route, of a router or of an App.
//
//     app.include(add_users, {.prefix = "/users", .dependencies = {http::depends<check_token>}});
//
// The value is for options; depends.hpp makes one of a function.
//
// Threads: constants. Cost: a pointer.
#pragma once

#include <zigmund/alloc/allocator.hpp>

#include <span>
#include <string_view>

namespace zigmund::inject::inline v0 {
class Job;
class Singletons;
}  // namespace zigmund::inject::inline v0

namespace zigmund::http::inline v0 {

class Binding;

namespace detail {

struct HandlerInfo;

/// A dependency, where its type is not known.
struct DependencyKind {
    /// The names that its Path parameters ask for.
    std::span<const std::string_view> path_names;
    /// For the documentation: what it and its dependencies ask for.
    const HandlerInfo* info;
    /// Notes what it uses of the application's. Throws std::bad_alloc.
    void* (*store)(inject::Singletons& singletons);
    void (*destroy)(alloc::Allocator allocator, void* stored) noexcept;
    /// Throws what the dependency throws; what is wrong with its parameters is in `binding`.
    void (*run)(const void* stored, Binding& binding, inject::Job& job);
};

/// One of a route's.
struct RouteDependency {
    const DependencyKind* kind;
    void* stored;
};

}  // namespace detail

struct Dependency {
    /// What is called, and how; static storage. http::depends sets it.
    const detail::DependencyKind* kind;
};

}  // namespace zigmund::http::inline v0
