// A program that knows nothing of Zigmund: it answers requests, and keeps one word of every tenth. What would an
// arena save here?
//
//     zigmund-leaks --trace=requests.trace -- ./requests
//     zigmund-bench requests.trace
#include <array>
#include <cstddef>
#include <cstdlib>

namespace {

constexpr int requests = 1000;
constexpr std::size_t blocks = 200;

std::array<void*, requests / 10> cache{};

/// What outlives the request.
[[gnu::noinline]] void remember(int request) {
    cache[static_cast<std::size_t>(request / 10)] = std::malloc(1024);
}

/// Words of all lengths, which are gone when the request is answered.
[[gnu::noinline]] void answer(int request) {
    std::array<void*, blocks> words{};
    const bool keeps = request % 10 == 0;
    for (std::size_t i = keeps ? 1 : 0; i < blocks; ++i) words[i] = std::malloc(16 + i * 7 % 240);
    if (keeps) remember(request);
    for (void* word : words) std::free(word);
}

}  // namespace

int main() {
    for (int i = 0; i < requests; ++i) answer(i);
    for (void* word : cache) std::free(word);
}
