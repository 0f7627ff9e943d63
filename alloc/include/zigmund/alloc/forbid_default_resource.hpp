// ForbidDefaultResource: while it lives, a pmr container that was given no allocator ends the program.
//
//     int main() {
//         const ForbidDefaultResource forbid;
//         std::pmr::string text{"..."};          // the allocator was forgotten
//     }
//
// A pmr container without an allocator, or a copy of one that has one, allocates from
// std::pmr::get_default_resource(), which is the global heap unless somebody changed it: silently, in the
// middle of code that was to stay in its arena. Under this scope the first such allocation prints, with the
// stack that led there,
//
//     zigmund: a pmr container that was given no allocator asks the default resource for 57 bytes: give it
//     one, as in std::pmr::string text{"...", allocator}
//
// and aborts. For tests, and for programs that mean it. What was allocated before is freed as ever; a
// container made under the scope keeps the forbidden resource when the scope is gone.
//
// Threads: the default resource is the process's, so the scope is for all threads; scopes end in reverse
// order. Cost: none but at its two ends. Never: sees new, malloc, or std::pmr::new_delete_resource() by name.
#pragma once

#include <zigmund/alloc/export.hpp>

#include <memory_resource>

namespace zigmund::alloc::inline v0 {

class ZIGMUND_EXPORT ForbidDefaultResource {
  public:
    /// From here on the default resource is one that ends the program when it is asked for memory.
    [[nodiscard("a scope without a name ends at once: write const ForbidDefaultResource forbid;")]]
    ForbidDefaultResource() noexcept;
    ForbidDefaultResource(const ForbidDefaultResource&) = delete;
    ForbidDefaultResource& operator=(const ForbidDefaultResource&) = delete;
    /// The default resource is again what it was.
    ~ForbidDefaultResource();

  private:
    std::pmr::memory_resource* previous_;
};

}  // namespace zigmund::alloc::inline v0
