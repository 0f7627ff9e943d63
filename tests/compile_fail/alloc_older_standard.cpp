// A program that is compiled for an older standard is told which one the headers need.
//
// flags: -Wno-builtin-macro-redefined
// expect: zigmund: these headers are C..23: compile what includes them with -std=c..23 .gcc 12, clang 19 or newer.
#ifdef MISUSE
#undef __cplusplus
#define __cplusplus 202002L
#endif
#include <zigmund/alloc.hpp>

int main() {}
