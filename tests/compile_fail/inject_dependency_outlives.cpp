// What is torn down after the answer left uses what was torn down before: both functions are named.
// expect: error: .*zigmund: a dependency would be used after its end
// expect: DependencyOutlives<zigmund::inject::Node<.*transaction.*connection
#include <zigmund/inject.hpp>

namespace alloc = zigmund::alloc;
namespace inject = zigmund::inject;

struct Connection {};
inject::Scoped<Connection> connection(alloc::Allocator) { co_yield Connection{}; }

#if defined(MISUSE)
inject::Scoped<int> transaction(inject::Depends<connection, inject::FunctionScope>, alloc::Allocator) {
#else
inject::Scoped<int> transaction(inject::Depends<connection>, alloc::Allocator) {
#endif
    co_yield 1;
}

void handle(inject::Depends<transaction>) {}

static_assert(inject::DependencyGraph<inject::Parameters<decltype(handle)>>::nodes::size == 2);

int main() {}
