#include "memories.hpp"

#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/block_pool.hpp>
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/pages.hpp>

#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <memory_resource>
#include <new>
#include <stdexcept>
#include <string>

namespace zigmund::replay {
namespace {

using alloc::Allocator;
using alloc::Arena;
using alloc::ArenaOptions;
using alloc::GeneralPurposeAllocator;
using alloc::Tier;

template <class Memory>
std::uint64_t replay_on(const Replay& replay, Memory& memory) {
    replay.probe.begin();
    const std::uint64_t refused =
        replay.probe.look == nullptr
            ? run(replay.trace, memory, replay.blocks, replay.touch, [](std::uint64_t) noexcept {})
            : run(replay.trace, memory, replay.blocks, replay.touch,
                  [&probe = replay.probe](std::uint64_t i) { probe.look(probe, i); });
    replay.probe.end();
    return refused;
}

/// The functions of a C library, all of them called through pointers.
struct Malloc {
    void* (*malloc)(std::size_t);
    void (*give)(void*);
    void* (*realloc)(void*, std::size_t);
    void* (*memalign)(std::size_t, std::size_t);

    void* allocate(std::size_t size, std::size_t align) const noexcept {
        return align <= 16 ? malloc(size) : memalign(align, std::max<std::size_t>(size, 1));
    }
    void free(void* p, std::size_t /*size*/, std::size_t /*align*/) const noexcept { give(p); }
    void* resize(void* p, std::size_t /*size*/, std::size_t /*align*/, std::size_t new_size) const noexcept {
        return realloc(p, std::max<std::size_t>(new_size, 1));
    }
};

template <const char* library>
std::uint64_t on_library(const Replay& replay) {
    void* const handle = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const std::string why = ::dlerror();
        if (why.starts_with(library) && why.ends_with(std::strerror(ENOENT)))
            throw NotInstalled{std::string{library} + " is not installed"};
        throw std::runtime_error{why};
    }
    const auto find = [handle]<class Function>(Function& function, const char* name) {
        function = reinterpret_cast<Function>(::dlsym(handle, name));
        if (function == nullptr) throw std::runtime_error{std::string{library} + " has no " + name};
    };
    Malloc memory{};
    find(memory.malloc, "malloc");
    find(memory.give, "free");
    find(memory.realloc, "realloc");
    find(memory.memalign, "memalign");
    return replay_on(replay, memory);
}

std::uint64_t on_malloc(const Replay& replay) {
    Malloc memory{std::malloc, std::free, std::realloc, ::memalign};
    return replay_on(replay, memory);
}

constexpr char jemalloc[] = "libjemalloc.so.2";
constexpr char tcmalloc[] = "libtcmalloc_minimal.so.4";

/// An Allocator of ours: a block that is refused its new size is moved, as a caller does.
struct Ours {
    Allocator allocator;

    void* allocate(std::size_t size, std::size_t align) const noexcept {
        return allocator.try_allocate(size, align);
    }
    void free(void* p, std::size_t size, std::size_t align) const noexcept {
        allocator.deallocate(p, size, align);
    }
    void* resize(void* p, std::size_t size, std::size_t align, std::size_t new_size) const noexcept {
        if (allocator.resize(p, size, align, new_size)) return p;
        if (void* const moved = allocator.remap(p, size, align, new_size)) return moved;
        void* const copy = allocator.try_allocate(new_size, align);
        if (copy == nullptr) return nullptr;
        std::memcpy(copy, p, std::min(size, new_size));
        allocator.deallocate(p, size, align);
        return copy;
    }
};

std::uint64_t on_heap(const Replay& replay) {
    Ours memory{alloc::heap()};
    return replay_on(replay, memory);
}

template <Tier tier>
std::uint64_t on_general_purpose(const Replay& replay) {
    // Never destroyed: it would tell of what the program had live at its end.
    auto* const gpa = new GeneralPurposeAllocator{{.tier = tier, .name = "replay"}};
    Ours memory{gpa->allocator()};
    return replay_on(replay, memory);
}

/// A resource of the standard library: it throws, and knows no resize. libstdc++'s pools align a block only
/// where its size is a multiple of the alignment, as that of an object is.
template <class Resource>
struct Standard {
    Resource resource;

    static std::size_t whole(std::size_t size, std::size_t align) noexcept {
        return (std::max<std::size_t>(size, 1) + align - 1) & ~(align - 1);
    }
    void* allocate(std::size_t size, std::size_t align) {
        try {
            return resource.allocate(whole(size, align), align);
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
    }
    void free(void* p, std::size_t size, std::size_t align) {
        resource.deallocate(p, whole(size, align), align);
    }
    void* resize(void* p, std::size_t size, std::size_t align, std::size_t new_size) {
        void* const copy = allocate(new_size, align);
        if (copy == nullptr) return nullptr;
        std::memcpy(copy, p, std::min(size, new_size));
        free(p, size, align);
        return copy;
    }
};

template <class Resource>
std::uint64_t on_standard(const Replay& replay) {
    Standard<Resource> memory;
    return replay_on(replay, memory);
}

/// A BlockPool for each multiple of 16 bytes up to 512, and the heap for what is larger.
class Pools {
  public:
    void* allocate(std::size_t size, std::size_t align) {
        alloc::BlockPool* const pool = pool_of(size, align);
        return pool == nullptr ? alloc::heap().try_allocate(size, align) : pool->take();
    }
    void free(void* p, std::size_t size, std::size_t align) {
        if (alloc::BlockPool* const pool = pool_of(size, align); pool != nullptr) return pool->give(p);
        alloc::heap().deallocate(p, size, align);
    }
    void* resize(void* p, std::size_t size, std::size_t align, std::size_t new_size) {
        alloc::BlockPool* const pool = pool_of(size, align);
        if (pool == pool_of(new_size, align)) {
            if (pool != nullptr) return p;
            return Ours{alloc::heap()}.resize(p, size, align, new_size);
        }
        void* const copy = allocate(new_size, align);
        if (copy == nullptr) return nullptr;
        std::memcpy(copy, p, std::min(size, new_size));
        free(p, size, align);
        return copy;
    }

  private:
    static constexpr std::size_t step = 16;
    static constexpr std::size_t largest = 512;

    alloc::BlockPool* pool_of(std::size_t size, std::size_t align) {
        if (size > largest || align > step) return nullptr;
        std::unique_ptr<alloc::BlockPool>& pool = pools_[size == 0 ? 0 : (size - 1) / step];
        if (pool == nullptr) [[unlikely]]
            pool = std::make_unique<alloc::BlockPool>(((size == 0 ? 0 : (size - 1) / step) + 1) * step, step,
                                                      alloc::heap(), alloc::PoolOptions{.checked = false});
        return pool.get();
    }

    std::array<std::unique_ptr<alloc::BlockPool>, largest / step> pools_;
};

std::uint64_t on_pools(const Replay& replay) {
    Pools memory;
    return replay_on(replay, memory);
}

template <bool recycle>
std::uint64_t on_arena(const Replay& replay) {
    Arena arena{alloc::heap(), {.recycle = recycle}};
    Ours memory{arena};
    return replay_on(replay, memory);
}

/// An arena a thread, reset at the ends of the thread's phases; what has no place there is the heap's. Which is
/// whose is looked up beforehand: a program knows it when it is compiled.
class ResetArenas {
  public:
    explicit ResetArenas(const Replay& replay) : phases_{replay.phases} {
        std::map<std::uint16_t, std::uint16_t> numbers;
        for (const Phases::Reset& reset : phases_.resets) {
            const auto [at, is_new] = numbers.emplace(reset.thread, arenas_.size());
            if (is_new) arenas_.push_back(std::make_unique<Arena>(alloc::heap()));
            resets_.push_back({reset.before, arenas_[at->second].get()});
        }
        resets_.push_back({std::numeric_limits<std::uint64_t>::max(), nullptr});
        next_ = resets_.begin();
        std::pmr::vector<std::uint16_t> owners(replay.trace.slots(), none, &alloc::pages().resource());
        owners_.reserve(replay.trace.operations().size());
        for (std::size_t i = 0; const Operation& operation : replay.trace.operations()) {
            if (operation.verb == Verb::allocate)
                owners[operation.slot] = phases_.in_arena[i] ? numbers.at(operation.thread) : none;
            owners_.push_back(owners[operation.slot]);
            ++i;
        }
    }

    void at(std::uint64_t i) noexcept {
        for (; next_->before == i; ++next_) next_->arena->reset(alloc::Reset::retain_capacity);
        owner_ = owners_[i] == none ? nullptr : arenas_[owners_[i]].get();
    }
    void* allocate(std::size_t size, std::size_t align) noexcept {
        return owner_ != nullptr ? owner_->try_allocate(size, align)
                                 : alloc::heap().try_allocate(size, align);
    }
    void free(void* p, std::size_t size, std::size_t align) noexcept {
        owner_ != nullptr ? owner_->deallocate(p, size, align) : alloc::heap().deallocate(p, size, align);
    }
    void* resize(void* p, std::size_t size, std::size_t align, std::size_t new_size) noexcept {
        return Ours{owner_ != nullptr ? Allocator{*owner_} : alloc::heap()}.resize(p, size, align, new_size);
    }

  private:
    static constexpr std::uint16_t none = std::numeric_limits<std::uint16_t>::max();
    struct Reset {
        std::uint64_t before;
        Arena* arena;
    };

    const Phases& phases_;
    std::vector<std::unique_ptr<Arena>> arenas_;
    std::pmr::vector<Reset> resets_{&alloc::pages().resource()};
    std::pmr::vector<Reset>::const_iterator next_;
    std::pmr::vector<std::uint16_t> owners_{&alloc::pages().resource()};  // by operation: the arena's number
    Arena* owner_ = nullptr;
};

std::uint64_t on_reset_arenas(const Replay& replay) {
    ResetArenas memory{replay};
    return replay_on(replay, memory);
}

using std::pmr::monotonic_buffer_resource;
using std::pmr::unsynchronized_pool_resource;

constexpr std::array<Kind, 13> all{{
    {"malloc", "malloc of the C library", Suits::program, false, on_malloc},
    {"mimalloc", "heap() (mimalloc)", Suits::program, false, on_heap},
    {"jemalloc", "jemalloc", Suits::program, false, on_library<jemalloc>},
    {"tcmalloc", "tcmalloc", Suits::program, false, on_library<tcmalloc>},
    {"gpa-off", "GeneralPurposeAllocator, off", Suits::program, false, on_general_purpose<Tier::off>},
    {"gpa-sampled", "GeneralPurposeAllocator, sampled", Suits::program, false,
     on_general_purpose<Tier::sampled>},
    {"gpa-counted", "GeneralPurposeAllocator, counted", Suits::program, false,
     on_general_purpose<Tier::counted>},
    {"gpa-traced", "GeneralPurposeAllocator, traced", Suits::program, false,
     on_general_purpose<Tier::traced>},
    {"pmr-pool", "unsynchronized_pool_resource", Suits::part, false,
     on_standard<unsynchronized_pool_resource>},
    {"pmr-monotonic", "monotonic_buffer_resource", Suits::part, true, on_standard<monotonic_buffer_resource>},
    {"pools", "BlockPools up to 512 bytes", Suits::part, false, on_pools},
    {"arena-recycle", "Arena that recycles, never reset", Suits::part, false, on_arena<true>},
    {"arena-reset", "Arena, reset after each phase", Suits::part, false, on_reset_arenas},
}};

}  // namespace

std::span<const Kind> kinds() { return all; }

void reserve_thread_local_room(char** arguments) {
    const char* const set = std::getenv("GLIBC_TUNABLES");
    std::string tunables = set == nullptr ? "" : set;
    if (tunables.contains("glibc.rtld.optional_static_tls=")) return;
    tunables += tunables.empty() ? "" : ":";
    tunables += "glibc.rtld.optional_static_tls=16384";
    ::setenv("GLIBC_TUNABLES", tunables.c_str(), 1);
    ::execv("/proc/self/exe", arguments);
}

std::string foreign_malloc() {
    const auto file_of = [](const char* function) -> std::string {
        Dl_info info{};
        void* const at = ::dlsym(RTLD_DEFAULT, function);
        return at == nullptr || ::dladdr(at, &info) == 0 ? std::string{} : std::string{info.dli_fname};
    };
    const std::string malloc = file_of("malloc");
    return malloc == file_of("gnu_get_libc_version") ? std::string{} : malloc;
}

}  // namespace zigmund::replay
