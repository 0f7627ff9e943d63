// What the application is given asks for what no application has: position, type and what is allowed are
// named.
// expect: error: .*zigmund: what is made for the application, with AppScope or as State, cannot use what is made for one job
// expect: NotProvided<1, zigmund::inject::Depends<
#include <zigmund/alloc/heap.hpp>
#include <zigmund/inject.hpp>

namespace inject = zigmund::inject;

int settings() { return 1; }
struct Pool {
    int size;
};

int main() {
    inject::Singletons singletons{zigmund::alloc::heap()};
#if defined(MISUSE)
    singletons.provide<Pool>([](inject::Depends<settings> n) { return Pool{*n}; });
#else
    singletons.provide<Pool>([](inject::Depends<settings, inject::AppScope> n) { return Pool{*n}; });
#endif
}
