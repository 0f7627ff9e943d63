// ZIGMUND_EXPORT: what a shared library shows of itself.
//
// The libraries are compiled with hidden symbols: what a public header declares and a source file defines is
// marked, and a test holds the shared libraries against that. A static library is marked alike. Who compiles
// alloc into a library of their own and wants to show none of it defines the macro as nothing.
#pragma once

#if __cplusplus < 202100L
#error \
    "zigmund: these headers are C++23: compile what includes them with -std=c++23 (gcc 12, clang 19 or newer)"
#endif

#ifndef ZIGMUND_EXPORT
#define ZIGMUND_EXPORT [[gnu::visibility("default")]]
#endif

/// Marks a class that a marked one declares within itself, and that only source files define.
#define ZIGMUND_HIDDEN [[gnu::visibility("hidden")]]
