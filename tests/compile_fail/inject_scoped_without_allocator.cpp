// The frame of a Scoped dependency needs memory that somebody named.
// expect: error: .*zigmund: a Scoped dependency lives in memory of the allocator that it takes: add a parameter alloc::Allocator
#include <zigmund/alloc/heap.hpp>
#include <zigmund/inject.hpp>

namespace alloc = zigmund::alloc;
namespace inject = zigmund::inject;

#if defined(MISUSE)
inject::Scoped<int> seven() { co_yield 7; }
#else
inject::Scoped<int> seven(alloc::Allocator) { co_yield 7; }
#endif

int main() {
#if !defined(MISUSE)
    return seven(alloc::heap()).value();
#endif
}
