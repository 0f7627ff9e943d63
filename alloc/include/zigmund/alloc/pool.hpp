// Pool<T>: objects of one type, created and destroyed in constant time.
//
//     Pool<Session> sessions{gpa.allocator(), {.capacity = 1000}};
//     Session* s = sessions.create(socket);
//     sessions.destroy(s);
//
// A BlockPool (see there for how it grows and what it costs) that knows the type of its blocks.
//
// Threads: one at a time (put Locked on top of it for more). Cost: three or four instructions for a
// create/destroy pair's memory while there are free blocks. Never: runs the destructor of an object that was
// not destroyed, gives memory back before it dies.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/block_pool.hpp>
#include <zigmund/alloc/detail/nothrow_construct.hpp>

#include <memory>
#include <memory_resource>
#include <type_traits>
#include <utility>

namespace zigmund::alloc::inline v0 {

template <class T>
class Pool final : public Resource {
    static_assert(
        std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T>,
        "zigmund: Pool<T> makes objects of one type: T must be an object type, neither an array nor "
        "const");

  public:
    /// Objects in memory from `upstream`, which must outlive it. Takes nothing before the first object.
    explicit Pool(Allocator upstream = heap(), PoolOptions options = {}) noexcept
        : upstream_{upstream}, blocks_{sizeof(T), alignof(T), upstream, options} {}

    /// A new `T`, built from `args`. A `T` that takes a pmr allocator gets the upstream, because a pool has
    /// blocks of one size only. What T's constructor throws passes through, after the block was given back.
    /// Throws std::bad_alloc when the capacity is reached or the upstream refuses. Give it to destroy().
    /// O(1).
    template <class... Args>
    [[nodiscard]] T* create(Args&&... args) {
        void* const block = blocks_.take();
        if (block == nullptr) [[unlikely]]
            detail::throw_bad_alloc();
        return construct(block, std::forward<Args>(args)...);
    }

    /// create() that returns Error::out_of_memory instead of throwing. T's constructor must be noexcept.
    template <class... Args>
    [[nodiscard]] Result<T*> try_create(Args&&... args) noexcept {
        static_assert(detail::constructs_without_exception<T, Args...>,
                      "zigmund: try_create(args...) never throws, but this constructor of T may: mark it "
                      "noexcept, or write create(args...)");
        void* const block = blocks_.take();
        if (block == nullptr) [[unlikely]]
            return std::unexpected(Error::out_of_memory);
        return construct(block, std::forward<Args>(args)...);
    }

    /// Ends the life of `*object` and takes its block back. Null is ignored. A second time, and an object of
    /// another pool, end the process when the pool is checked: see BlockPool::give(). O(1).
    void destroy(T* object) noexcept {
        static_assert(std::is_nothrow_destructible_v<T>,
                      "zigmund: destroy(T*) needs a destructor that is noexcept");
        if (object == nullptr) return;
        blocks_.check_live(object);  // before the destructor runs a second time
        std::destroy_at(object);
        blocks_.give(object);
    }

    /// Makes sure that the next `n` objects need no call to the upstream. False: they would exceed the
    /// capacity or the upstream refused; the pool is usable either way.
    [[nodiscard]] bool preheat(std::size_t n) noexcept { return blocks_.preheat(n); }

    /// Objects that are live. O(1).
    [[nodiscard]] std::size_t live_objects() const noexcept { return blocks_.live_blocks(); }
    /// Objects that there is memory for, live ones included. O(1).
    [[nodiscard]] std::size_t reserved_objects() const noexcept { return blocks_.reserved_blocks(); }

    /// The blocks as a Resource: sizes and alignments up to T's; bigger ones are refused. It must not outlive
    /// this.
    [[nodiscard]] Allocator allocator() noexcept { return *this; }

  private:
    template <class... Args>
    T* construct(void* block, Args&&... args) {
        struct GiveBack {
            BlockPool* blocks;
            void* block;
            ~GiveBack() {
                if (block != nullptr) blocks->give(block);
            }
        } guard{&blocks_, block};
        T* const object = std::uninitialized_construct_using_allocator(
            static_cast<T*>(block), std::pmr::polymorphic_allocator<>{upstream_},
            std::forward<Args>(args)...);
        guard.block = nullptr;
        return object;
    }

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        return blocks_.try_allocate(size, align);
    }
    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        blocks_.deallocate(p, size, align);
    }
    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        return blocks_.resize(p, old_size, align, new_size);
    }

    Allocator upstream_;
    BlockPool blocks_;
};

}  // namespace zigmund::alloc::inline v0
