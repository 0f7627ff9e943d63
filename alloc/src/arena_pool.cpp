#include <zigmund/alloc/arena_pool.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>

namespace zigmund::alloc::inline v0 {

struct ZIGMUND_HIDDEN ArenaPool::Node {
    Node(Allocator upstream, const ArenaOptions& options) noexcept : arena{upstream, options} {}
    Node* next = nullptr;
    Arena arena;
};

ArenaPool::ArenaPool(Allocator upstream, ArenaPoolOptions options) noexcept
    : upstream_{upstream}, options_{options} {}

ArenaPool::~ArenaPool() {
    if (leased_count_ != 0) {
        std::fputs("zigmund: ArenaPool: destroyed while a lease is out\n", stderr);
        std::abort();
    }
    trim();
}

Arena& ArenaPool::Lease::operator*() const noexcept { return node_->arena; }

ArenaPool::Lease ArenaPool::acquire() {
    Node* node = take();
    if (node == nullptr) detail::throw_bad_alloc();
    return Lease{*this, node};
}

Result<ArenaPool::Lease> ArenaPool::try_acquire() noexcept {
    Node* node = take();
    if (node == nullptr) return std::unexpected(Error::out_of_memory);
    return Lease{*this, node};
}

std::size_t ArenaPool::idle_count() const noexcept {
    const std::lock_guard lock{mutex_};
    return idle_count_;
}

std::size_t ArenaPool::leased_count() const noexcept {
    const std::lock_guard lock{mutex_};
    return leased_count_;
}

void ArenaPool::trim() noexcept {
    Node* nodes = nullptr;
    {
        const std::lock_guard lock{mutex_};
        nodes = std::exchange(idle_, nullptr);
        idle_count_ = 0;
    }
    while (nodes != nullptr) destroy(std::exchange(nodes, nodes->next));
}

ArenaPool::Node* ArenaPool::take() noexcept {
    {
        const std::lock_guard lock{mutex_};
        if (idle_ != nullptr) {
            --idle_count_;
            ++leased_count_;
            return std::exchange(idle_, idle_->next);
        }
    }
    // The upstream is asked outside of the lock: it may be slow, or locked itself.
    void* memory = upstream_.try_allocate(sizeof(Node), alignof(Node));
    if (memory == nullptr) return nullptr;
    auto* node = ::new (memory) Node{upstream_, options_.arena};
    const std::lock_guard lock{mutex_};
    ++leased_count_;
    return node;
}

void ArenaPool::put_back(Node* node) noexcept {
    // That the one chunk was refused is no reason not to keep what there is.
    (void)node->arena.reset(options_.keep);
    {
        const std::lock_guard lock{mutex_};
        --leased_count_;
        if (idle_count_ < options_.max_idle) {
            ++idle_count_;
            node->next = std::exchange(idle_, node);
            return;
        }
    }
    destroy(node);
}

void ArenaPool::destroy(Node* node) noexcept {
    std::destroy_at(node);
    upstream_.deallocate(node, sizeof(Node), alignof(Node));
}

}  // namespace zigmund::alloc::inline v0
