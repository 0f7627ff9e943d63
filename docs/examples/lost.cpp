// A program that knows nothing of Zigmund and loses a list. zigmund-leaks finds where:
//
//     zigmund-leaks --tier=traced -- ./lost
#include <array>

namespace {

struct Node {
    Node* next = nullptr;
    std::array<char, 40> text{};
};

Node* volatile list = nullptr;

[[gnu::noinline]] void lose(int count) {
    for (int i = 0; i < count; ++i) list = new Node{.next = list};
    list = nullptr;
}

}  // namespace

int main() { lose(5); }
