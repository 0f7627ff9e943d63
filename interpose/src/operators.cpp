// operator new and operator delete. Those that take std::nothrow_t stay the C++ library's, which calls these.
//
// A program may replace some of them and expects the others to call what it replaced, as the C++ library's
// do: each of the others here looks whether its basis is still the one of this file. Exceptions and the
// new-handler are the C++ library's that the program uses, if it does: this object has none of its own to
// share.
#include <dlfcn.h>

#include <new>

#include "process_heap.hpp"

namespace {

using namespace zigmund::alloc;
using namespace zigmund::alloc::interpose;

using Handler = void (*)();

/// What the dynamic linker finds under `name`.
template <class Function>
Function find_function(const char* name) noexcept {
    const Aside aside;
    return reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, name));
}

[[gnu::cold, gnu::noinline]] void* allocate_after_handler(std::size_t size, std::size_t align, Family family,
                                                          const void* frame) {
    static const auto get_handler = find_function<Handler (*)()>("_ZSt15get_new_handlerv");
    static const auto throw_bad_alloc = find_function<void (*)()>("_ZSt17__throw_bad_allocv");
    for (;;) {
        const Handler handler = get_handler == nullptr ? nullptr : get_handler();
        if (handler == nullptr) break;
        handler();
        if (void* const p = interpose::allocate(size, align, family, frame); p != nullptr) return p;
    }
    if (throw_bad_alloc != nullptr) throw_bad_alloc();
    __builtin_trap();
}

inline void* make(std::size_t size, std::size_t align, Family family, const void* frame) {
    void* const p = interpose::allocate(size, align, family, frame);
    return p != nullptr ? p : allocate_after_handler(size, align, family, frame);
}

}  // namespace

#define ZIGMUND_INTERPOSED [[gnu::visibility("default"), gnu::noinline]]
#define ZIGMUND_FRAME __builtin_frame_address(0)

ZIGMUND_INTERPOSED void* operator new(std::size_t size) {
    return make(size, default_align, Family::new_object, ZIGMUND_FRAME);
}
ZIGMUND_INTERPOSED void operator delete(void* p) noexcept {
    interpose::release(p, {.family = Family::new_object, .align = default_align}, ZIGMUND_FRAME);
}
ZIGMUND_INTERPOSED void* operator new(std::size_t size, std::align_val_t align) {
    return make(size, std::max(static_cast<std::size_t>(align), default_align), Family::new_object,
                ZIGMUND_FRAME);
}
ZIGMUND_INTERPOSED void operator delete(void* p, std::align_val_t align) noexcept {
    interpose::release(
        p, {.family = Family::new_object, .align = std::max(static_cast<std::size_t>(align), default_align)},
        ZIGMUND_FRAME);
}

// The same four by names that nothing can take the place of: the address of an operator is, also in this file,
// that of the program's own where it has one.
#define ZIGMUND_ALIAS(name) gnu::alias(name), gnu::visibility("hidden")
extern "C" {
[[ZIGMUND_ALIAS("_Znwm"), gnu::malloc, gnu::alloc_size(1)]] void* zigmund_own_new(std::size_t size);
[[ZIGMUND_ALIAS("_ZdlPv")]] void zigmund_own_delete(void* p) noexcept;
[[ZIGMUND_ALIAS("_ZnwmSt11align_val_t"), gnu::malloc, gnu::alloc_size(1)]] void* zigmund_own_aligned_new(
    std::size_t size, std::align_val_t align);
[[ZIGMUND_ALIAS("_ZdlPvSt11align_val_t")]] void zigmund_own_aligned_delete(void* p,
                                                                           std::align_val_t align) noexcept;
}

namespace {

/// The four that the others stand on, when the program has its own; null: they are those above.
struct Replaced {
    void* (*make)(std::size_t);
    void (*take)(void*);
    void* (*make_aligned)(std::size_t, std::align_val_t);
    void (*take_aligned)(void*, std::align_val_t);
};

template <class Function>
Function* replacement(const char* name, Function& ours) noexcept {
    const auto found = find_function<Function*>(name);
    return found == &ours ? nullptr : found;
}

const Replaced& replaced() noexcept {
    static const Replaced found{
        .make = replacement("_Znwm", zigmund_own_new),
        .take = replacement("_ZdlPv", zigmund_own_delete),
        .make_aligned = replacement("_ZnwmSt11align_val_t", zigmund_own_aligned_new),
        .take_aligned = replacement("_ZdlPvSt11align_val_t", zigmund_own_aligned_delete)};
    return found;
}

void take(void* p, const UnsizedAccess::Claimed& claimed, const void* frame) noexcept {
    if (replaced().take != nullptr) [[unlikely]]
        return replaced().take(p);
    interpose::release(p, claimed, frame);
}

void take_aligned(void* p, std::align_val_t align, Family family, std::size_t size,
                  const void* frame) noexcept {
    if (replaced().take_aligned != nullptr) [[unlikely]]
        return replaced().take_aligned(p, align);
    interpose::release(
        p,
        {.family = family, .size = size, .align = std::max(static_cast<std::size_t>(align), default_align)},
        frame);
}

}  // namespace

ZIGMUND_INTERPOSED void* operator new[](std::size_t size) {
    if (replaced().make != nullptr) [[unlikely]]
        return replaced().make(size);
    return make(size, default_align, Family::new_array, ZIGMUND_FRAME);
}
ZIGMUND_INTERPOSED void* operator new[](std::size_t size, std::align_val_t align) {
    if (replaced().make_aligned != nullptr) [[unlikely]]
        return replaced().make_aligned(size, align);
    return make(size, std::max(static_cast<std::size_t>(align), default_align), Family::new_array,
                ZIGMUND_FRAME);
}

ZIGMUND_INTERPOSED void operator delete[](void* p) noexcept {
    take(p, {.family = Family::new_array, .align = default_align}, ZIGMUND_FRAME);
}
ZIGMUND_INTERPOSED void operator delete(void* p, std::size_t size) noexcept {
    take(p, {.family = Family::new_object, .size = size, .align = default_align}, ZIGMUND_FRAME);
}
ZIGMUND_INTERPOSED void operator delete[](void* p, std::size_t size) noexcept {
    take(p, {.family = Family::new_array, .size = size, .align = default_align}, ZIGMUND_FRAME);
}
ZIGMUND_INTERPOSED void operator delete[](void* p, std::align_val_t align) noexcept {
    take_aligned(p, align, Family::new_array, UnsizedAccess::unknown, ZIGMUND_FRAME);
}
ZIGMUND_INTERPOSED void operator delete(void* p, std::size_t size, std::align_val_t align) noexcept {
    take_aligned(p, align, Family::new_object, size, ZIGMUND_FRAME);
}
ZIGMUND_INTERPOSED void operator delete[](void* p, std::size_t size, std::align_val_t align) noexcept {
    take_aligned(p, align, Family::new_array, size, ZIGMUND_FRAME);
}
