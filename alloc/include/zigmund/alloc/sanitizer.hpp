// What the toolkit must know about the sanitizer that it is compiled under.
//
// A sanitizer sees blocks that come from the C library's malloc and nothing else. Under one, the heap is
// therefore malloc: a use after free is then found by the tool that finds it best.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ZIGMUND_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define ZIGMUND_TSAN 1
#endif
#if __has_feature(memory_sanitizer)
#define ZIGMUND_MSAN 1
#define ZIGMUND_NO_SANITIZE_MEMORY [[clang::no_sanitize("memory")]]
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(ZIGMUND_ASAN)
#define ZIGMUND_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(ZIGMUND_TSAN)
#define ZIGMUND_TSAN 1
#endif

// For functions that read what no instrumented code has written, such as frames of the stack.
#if !defined(ZIGMUND_NO_SANITIZE_MEMORY)
#define ZIGMUND_NO_SANITIZE_MEMORY
#endif

#if defined(ZIGMUND_ASAN) || defined(ZIGMUND_TSAN) || defined(ZIGMUND_MSAN)
#define ZIGMUND_SANITIZED 1
#endif
