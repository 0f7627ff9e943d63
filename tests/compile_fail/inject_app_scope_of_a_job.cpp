// What is made once for the application uses what is made anew for each job.
// expect: error: .*zigmund: a dependency would be used after its end
// expect: DependencyOutlives<zigmund::inject::Node<.*pool.*settings
#include <zigmund/inject.hpp>

namespace inject = zigmund::inject;

int settings() { return 1; }

#if defined(MISUSE)
int pool(inject::Depends<settings> n) { return *n; }
#else
int pool(inject::Depends<settings, inject::AppScope> n) { return *n; }
#endif

void handle(inject::Depends<pool, inject::AppScope>) {}

static_assert(inject::DependencyGraph<inject::Parameters<decltype(handle)>>::apps::size == 1);

int main() {}
