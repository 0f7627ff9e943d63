// Two classes that are made of each other: the circle is named.
// expect: error: .*zigmund: a dependency needs itself, so nothing could be made first
// expect: DependencyCircle<zigmund::inject::Node<.*Make<Left>.*Node<.*Make<Right>
#include <zigmund/inject.hpp>

namespace inject = zigmund::inject;

struct Left;
struct Right {
    inject::Depends<inject::make<Left>> left;
};
struct Left {
#if defined(MISUSE)
    inject::Depends<inject::make<Right>> right;
#endif
};

void handle(inject::Depends<inject::make<Right>>) {}

static_assert(inject::DependencyGraph<inject::Parameters<decltype(handle)>>::nodes::size == 2);

int main() {}
