// The fast paths, for callgrind to count: each case_ function does its operation a thousand times. On a
// machine whose clock is noisy the count is what can be compared. Run by count_instructions.sh.

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/arena_pool.hpp>
#include <zigmund/alloc/fixed_buffer.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/pool.hpp>
#include <zigmund/alloc/savepoint.hpp>
#include <zigmund/alloc/stack_fallback.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "raw_bump.hpp"

namespace {

using namespace zigmund::alloc;

constexpr int times = 1000;
using Object = std::array<std::uint64_t, 3>;
using Local = StackFallback<std::size_t{times} * 32>;

// The compiler must neither know nor forget what is behind the pointer.
template <class T>
T* hide(T* p) {
    asm volatile("" : "+r"(p) : : "memory");
    return p;
}
void use(const void* p) { asm volatile("" : : "r"(p) : "memory"); }

// For what runs on a cold path by design, or may: see main().
template <std::size_t Align>
[[gnu::noinline]] void* allocate_aligned(Arena& arena) {
    return arena.allocate(24, Align);
}
template <std::size_t Align>
void allocate_times(Arena& arena) {
    for (int i = 0; i < times; ++i) use(allocate_aligned<Align>(arena));
}
template <std::size_t Align>
void allocate_times(Allocator allocator) {
    for (int i = 0; i < times; ++i) use(allocator.allocate(24, Align));
}
[[gnu::noinline]] Object* create(Pool<Object>& pool) { return pool.create(); }
[[gnu::noinline]] void destroy(Pool<Object>& pool, Object* object) { pool.destroy(object); }

}  // namespace

// C names, so that callgrind's patterns find them.
extern "C" {

#define CASE(name, parameter) [[gnu::noinline]] void case_##name(parameter)

CASE(raw_bump, bench::RawBump& bump) {
    for (int i = 0; i < times; ++i) use(bump.allocate(24, 8));
}
CASE(arena, Arena& arena) {
    for (int i = 0; i < times; ++i) use(arena.allocate(24, 8));
}
CASE(arena_by_a_call_aligned_to_08, Arena& arena) { allocate_times<8>(arena); }
CASE(arena_by_a_call_aligned_to_16, Arena& arena) { allocate_times<16>(arena); }
CASE(arena_by_a_call_aligned_to_32, Arena& arena) { allocate_times<32>(arena); }
CASE(arena_by_a_call_aligned_to_64, Arena& arena) { allocate_times<64>(arena); }
CASE(arena_through_allocator_aligned_to_16, Resource& arena) { allocate_times<16>(Allocator{arena}); }
CASE(arena_through_allocator_aligned_to_32, Resource& arena) { allocate_times<32>(Allocator{arena}); }
CASE(arena_through_allocator_aligned_to_64, Resource& arena) { allocate_times<64>(Allocator{arena}); }
CASE(arena_and_free_newest, Arena& arena) {
    for (int i = 0; i < times; ++i) {
        void* p = arena.allocate(24, 8);
        use(p);
        arena.deallocate(p, 24, 8);
    }
}
CASE(arena_and_grow_in_place, Arena& arena) {
    for (int i = 0; i < times; ++i) {
        void* p = arena.allocate(24, 8);
        use(p);
        use(arena.remap(p, 24, 8, 48));
    }
}
CASE(raw_bump_virtual, std::pmr::memory_resource& bump) {
    for (int i = 0; i < times; ++i) use(bump.allocate(24, 8));
}
CASE(arena_through_allocator, Resource& arena) {
    const Allocator allocator = arena;
    for (int i = 0; i < times; ++i) use(allocator.allocate(24, 8));
}
CASE(arena_through_try_allocate, Resource& arena) {
    const Allocator allocator = arena;
    for (int i = 0; i < times; ++i) use(allocator.try_allocate(24, 8));
}
CASE(pmr_monotonic, std::pmr::memory_resource& monotonic) {
    for (int i = 0; i < times; ++i) use(monotonic.allocate(24, 8));
}
CASE(arena_scope, Arena& arena) {
    for (int i = 0; i < times; ++i) {
        const ArenaScope scope{arena};
        use(arena.allocate(24, 8));
    }
}
CASE(arena_reset, Arena& arena) {
    for (int i = 0; i < times; ++i) {
        use(arena.allocate(24, 8));
        arena.reset(Reset::retain_with_limit(bench::block_of_memory));
    }
}
CASE(fixed_buffer, FixedBuffer& buffer) {
    for (int i = 0; i < times; ++i) use(buffer.allocate(24, 8));
}
CASE(fixed_buffer_and_free_newest, FixedBuffer& buffer) {
    for (int i = 0; i < times; ++i) {
        void* p = buffer.allocate(24, 8);
        use(p);
        buffer.deallocate(p, 24, 8);
    }
}
CASE(stack_fallback, Local& local) {
    for (int i = 0; i < times; ++i) use(local.allocate(24, 8));
}
CASE(stack_fallback_and_free_newest, Local& local) {
    for (int i = 0; i < times; ++i) {
        void* p = local.allocate(24, 8);
        use(p);
        local.deallocate(p, 24, 8);
    }
}
CASE(pool_and_destroy, Pool<Object>& pool) {
    for (int i = 0; i < times; ++i) {
        Object* object = pool.create();
        use(object);
        pool.destroy(object);
    }
}
CASE(pool_checked_and_destroy, Pool<Object>& pool) {
    for (int i = 0; i < times; ++i) {
        Object* object = create(pool);
        use(object);
        destroy(pool, object);
    }
}
CASE(arena_pool_acquire_allocate_return, ArenaPool& pool) {
    for (int i = 0; i < times; ++i) {
        const ArenaPool::Lease arena = pool.acquire();
        use(arena->allocate(24, 8));
    }
}
CASE(heap_and_free, Resource& heap) {
    const Allocator allocator = heap;
    for (int i = 0; i < times; ++i) {
        void* p = allocator.allocate(24, 8);
        use(p);
        allocator.deallocate(p, 24, 8);
    }
}
}

int main() {
    bench::RawBump raw;
    bench::RawBumpResource raw_virtual;
    std::vector<std::byte> memory(bench::block_of_memory);
    std::pmr::monotonic_buffer_resource monotonic{memory.data(), memory.size()};
    Arena arena{heap(), {.first_chunk = bench::block_of_memory, .max_chunk = bench::block_of_memory}};
    (void)arena.allocate(1);
    heap().deallocate(heap().allocate(24, 8), 24, 8);
    std::vector<std::byte> fixed_memory(sizeof(Local));
    FixedBuffer fixed{fixed_memory};
    Local local;
    Pool<Object> pool{heap(), {.checked = false}};
    // So that the case stays on its fast path: callgrind stops counting where a function jumps to its cold
    // part.
    pool.destroy(pool.create());
    Pool<Object> checked_pool{heap(), {.checked = true}};
    checked_pool.destroy(checked_pool.create());
    ArenaPool arenas;
    (void)arenas.acquire()->allocate(24, 8);

    case_raw_bump(*hide(&raw));
    case_arena(*hide(&arena));
    case_arena_by_a_call_aligned_to_08(*hide(&arena));
    case_arena_by_a_call_aligned_to_16(*hide(&arena));
    case_arena_by_a_call_aligned_to_32(*hide(&arena));
    case_arena_by_a_call_aligned_to_64(*hide(&arena));
    case_arena_through_allocator_aligned_to_16(*hide(&arena));
    case_arena_through_allocator_aligned_to_32(*hide(&arena));
    case_arena_through_allocator_aligned_to_64(*hide(&arena));
    case_arena_and_free_newest(*hide(&arena));
    case_arena_and_grow_in_place(*hide(&arena));
    case_raw_bump_virtual(*hide(&raw_virtual));
    case_arena_through_allocator(*hide(&arena));
    case_arena_through_try_allocate(*hide(&arena));
    case_pmr_monotonic(*hide(&monotonic));
    case_arena_scope(*hide(&arena));
    case_arena_reset(*hide(&arena));
    case_fixed_buffer(*hide(&fixed));
    fixed.reset();
    case_fixed_buffer_and_free_newest(*hide(&fixed));
    case_stack_fallback(*hide(&local));
    Local another;
    case_stack_fallback_and_free_newest(*hide(&another));
    case_pool_and_destroy(*hide(&pool));
    case_pool_checked_and_destroy(*hide(&checked_pool));
    case_arena_pool_acquire_allocate_return(*hide(&arenas));
    case_heap_and_free(*hide(&heap().resource()));
}
