// MemoryChecker: tells AddressSanitizer or Valgrind's memcheck which bytes of a chunk are in use, and
// MemorySanitizer which of them hold nothing that anybody wrote.
//
// Private to the library, which alone decides whether a checker watches: a header that decided by itself
// would disagree with a library that was compiled otherwise.
#pragma once

#include <zigmund/alloc/sanitizer.hpp>

#include <cstddef>

#if defined(ZIGMUND_ASAN)
#include <sanitizer/asan_interface.h>
#elif defined(ZIGMUND_MSAN)
#include <sanitizer/msan_interface.h>
#elif __has_include(<valgrind/memcheck.h>)
#define ZIGMUND_MEMCHECK 1
#include <valgrind/memcheck.h>
#endif

namespace zigmund::alloc::inline v0::memory_checker {

/// Whether one watches this process. Other tools of Valgrind (callgrind) know nothing of memcheck's
/// requests and answer none.
inline bool watches() noexcept {
#if defined(ZIGMUND_ASAN)
    return true;
#elif defined(ZIGMUND_MEMCHECK)
    static const bool answered = [] {
        char byte = 0;
        return VALGRIND_MAKE_MEM_DEFINED(&byte, 1) != 0;
    }();
    return answered;
#else
    return false;
#endif
}

/// The bytes may be used; their content is indeterminate.
inline void show([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t size) noexcept {
#if defined(ZIGMUND_ASAN)
    ASAN_UNPOISON_MEMORY_REGION(begin, size);
#elif defined(ZIGMUND_MEMCHECK)
    (void)VALGRIND_MAKE_MEM_UNDEFINED(begin, size);
#endif
}

/// The bytes may be used; their content is what was written before they were hidden.
inline void reveal([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t size) noexcept {
#if defined(ZIGMUND_ASAN)
    ASAN_UNPOISON_MEMORY_REGION(begin, size);
#elif defined(ZIGMUND_MEMCHECK)
    (void)VALGRIND_MAKE_MEM_DEFINED(begin, size);
#endif
}

/// The bytes must not be touched.
inline void hide([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t size) noexcept {
#if defined(ZIGMUND_ASAN)
    ASAN_POISON_MEMORY_REGION(begin, size);
#elif defined(ZIGMUND_MEMCHECK)
    (void)VALGRIND_MAKE_MEM_NOACCESS(begin, size);
#endif
}

// MemorySanitizer watches what is read, not where: bytes outside of a block stay this library's to guard, but
// no read of a fresh block, or of a freed one, shall pass because the library has written there.

/// What the bytes hold means nothing: a read of them that matters is an error.
inline void forget([[maybe_unused]] const void* begin, [[maybe_unused]] std::size_t size) noexcept {
#if defined(ZIGMUND_MSAN)
    __msan_poison(begin, size);
#endif
}

/// The library looks at bytes that it had forgotten, or that a library has written which is not instrumented.
inline void recall([[maybe_unused]] const void* begin, [[maybe_unused]] std::size_t size) noexcept {
#if defined(ZIGMUND_MSAN)
    __msan_unpoison(begin, size);
#endif
}

inline void recall_text([[maybe_unused]] const char* text) noexcept {
#if defined(ZIGMUND_MSAN)
    __msan_unpoison_string(text);
#endif
}

}  // namespace zigmund::alloc::inline v0::memory_checker
