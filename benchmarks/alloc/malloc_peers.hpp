// The mallocs of others: jemalloc and tcmalloc, loaded beside the program's own, so that all of them are measured
// in one process and turn by turn.
//
// They are opened with dlopen and called through pointers, which costs what the call of malloc through the
// program's linkage table costs: measured against the same libraries preloaded, no slower. jemalloc needs more
// thread-local room than a library that is opened late gets, so reserve_thread_local_room() comes first.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <new>

namespace bench {

struct Malloc {
    void* (*allocate)(std::size_t) = nullptr;
    void (*free)(void*) = nullptr;

    [[nodiscard]] bool is_installed() const noexcept { return allocate != nullptr; }
};

/// Not installed: without functions. Opened at the first call.
[[nodiscard]] const Malloc& jemalloc();
[[nodiscard]] const Malloc& tcmalloc();
[[nodiscard]] const Malloc& mimalloc();
[[nodiscard]] const Malloc& libc_malloc();

/// Starts the program anew, once, with room for libraries that are opened later. Returns if it has that.
void reserve_thread_local_room(char** argv);

/// A malloc behind std::pmr, for alignments up to that of std::max_align_t.
class MallocResource final : public std::pmr::memory_resource {
  public:
    explicit MallocResource(const Malloc& malloc) noexcept : malloc_{malloc} {}

  private:
    void* do_allocate(std::size_t size, std::size_t) override {
        void* const p = malloc_.allocate(size);
        if (p == nullptr) throw std::bad_alloc{};
        return p;
    }
    void do_deallocate(void* p, std::size_t, std::size_t) override { malloc_.free(p); }
    [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }

    Malloc malloc_;
};

}  // namespace bench
