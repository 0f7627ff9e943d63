// ArenaPool: hands arenas to threads and takes them back warm.
//
//     ArenaPool pool;                                   // shared by the workers
//     {
//         ArenaPool::Lease arena = pool.acquire();      // mine alone until the end of the scope
//         std::pmr::string text{arena->allocator()};
//     }                                                 // reset, its memory kept, and back in the pool
//
// The arena that came back last is handed out first: its memory is the likeliest to be in a cache. An arena
// is built when none is idle, so that there are as many as were ever in use at the same time.
//
// Threads: any, at the same time; the upstream must be safe for them too. An arena belongs to the thread that
// holds the lease; a lease may be moved to another thread, and end there. Cost: an uncontended lock to
// acquire, another to return; allocations from the arena take none. Never: hands one arena out twice at a
// time.
//
// A pool that is destroyed while a lease is out ends the program (abort), in every build, with
//
//     zigmund: ArenaPool: destroyed while a lease is out
#pragma once

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/error.hpp>
#include <zigmund/alloc/export.hpp>

#include <cstddef>
#include <limits>
#include <mutex>
#include <utility>

namespace zigmund::alloc::inline v0 {

/// Designated initialisers: `ArenaPool pool{heap(), {.max_idle = 8}};`
struct ArenaPoolOptions {
    /// How each arena grows.
    ArenaOptions arena = {};
    /// What an arena keeps when it comes back.
    Reset keep = Reset::decay;
    /// Idle arenas beyond so many are destroyed.
    std::size_t max_idle = std::numeric_limits<std::size_t>::max();
};

class ZIGMUND_EXPORT ArenaPool {
  private:
    struct Node;

  public:
    class Lease;

    /// A pool without arenas; they and their chunks will come from `upstream`, which must outlive it.
    explicit ArenaPool(Allocator upstream = heap(), ArenaPoolOptions options = {}) noexcept;
    ArenaPool(const ArenaPool&) = delete;
    ArenaPool& operator=(const ArenaPool&) = delete;
    /// Destroys the arenas. No lease may be out.
    ~ArenaPool();

    /// An empty arena, for the holder of the lease alone. The lease must not outlive the pool. Throws
    /// std::bad_alloc when one must be built and the upstream has no memory for it. O(1).
    [[nodiscard]] Lease acquire();
    /// acquire() that returns Error::out_of_memory instead of throwing.
    [[nodiscard]] Result<Lease> try_acquire() noexcept;

    /// How many arenas wait to be handed out. O(1), takes the lock.
    [[nodiscard]] std::size_t idle_count() const noexcept;
    /// How many leases are out. O(1), takes the lock.
    [[nodiscard]] std::size_t leased_count() const noexcept;
    /// Destroys the idle arenas and gives their memory back to the upstream. O(idle arenas).
    void trim() noexcept;

  private:
    Node* take() noexcept;
    void put_back(Node* node) noexcept;
    void destroy(Node* node) noexcept;

    const Allocator upstream_;
    const ArenaPoolOptions options_;
    mutable std::mutex mutex_;
    Node* idle_ = nullptr;  ///< the one that came back last is first
    std::size_t idle_count_ = 0;
    std::size_t leased_count_ = 0;
};

/// The right to use one arena of a pool. Moves; when it ends, the arena is reset and goes back.
class [[nodiscard]] ArenaPool::Lease {
  public:
    /// Takes the lease over; `other` holds none. O(1).
    Lease(Lease&& other) noexcept : pool_{other.pool_}, node_{std::exchange(other.node_, nullptr)} {}
    /// The same, after the arena that this held went back.
    Lease& operator=(Lease&& other) noexcept {
        if (this != &other) {
            give_back();
            pool_ = other.pool_;
            node_ = std::exchange(other.node_, nullptr);
        }
        return *this;
    }
    /// Everything made in the arena is dead after it; see Arena::reset(). O(chunks and destructors).
    ~Lease() { give_back(); }

    /// The arena. Not of a lease that was moved from.
    [[nodiscard]] Arena& operator*() const noexcept;
    [[nodiscard]] Arena* operator->() const noexcept { return &**this; }

  private:
    friend class ArenaPool;
    Lease(ArenaPool& pool, Node* node) noexcept : pool_{&pool}, node_{node} {}
    void give_back() noexcept {
        if (node_ != nullptr) pool_->put_back(std::exchange(node_, nullptr));
    }

    ArenaPool* pool_;
    Node* node_;
};

}  // namespace zigmund::alloc::inline v0
