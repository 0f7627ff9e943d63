// Arenas, and what goes wrong with them: the program of arenas.md.
#include <zigmund/alloc.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

using namespace zigmund::alloc;

void rounds() {
    Arena arena;
    for (int round = 1; round <= 3; ++round) {
        arena.reset(Reset::retain_capacity);  // the last round's vector is gone by now
        std::pmr::vector<std::pmr::string> names{arena.allocator()};
        for (int i = 0; i < 1000; ++i) names.emplace_back("a name that is too long to fit a small string");
        std::printf("round %d: the upstream has been asked %zu times\n", round, arena.spill_count());
    }
}

// Memory that is needed for a while, in the middle of work that goes on.
std::size_t longest_line(Arena& arena, std::string_view text) {
    ArenaScope scope{arena};
    std::pmr::vector<std::string_view> lines{arena.allocator()};
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    std::size_t longest = 0;
    for (const std::string_view line : lines) longest = std::max(longest, line.size());
    return longest;  // a number: nothing of the scope's memory leaves it
}

struct Node {
    explicit Node(int number) : id{number} {}
    ~Node() { std::printf("node %d ends\n", id); }
    int id;
};

void destructors() {
    Arena arena;
    const Node* first = arena.create<Node>(1);
    const Node* second = arena.create<Node>(2);
    std::printf("nodes %d and %d\n", first->id, second->id);
    arena.reset(Reset::free_all);
}

// A working set that changes for ever: what is freed in the middle stays taken.
void churn() {
    Arena plain;
    Arena recycling{heap(), {.recycle = true}};
    for (Arena* arena : {&plain, &recycling}) {
        std::vector<void*> live(100, nullptr);
        for (std::size_t i = 0; i < 100'000; ++i) {
            void*& block = live[i % live.size()];
            if (block != nullptr) arena->deallocate(block, 64);
            block = arena->allocate(64);
        }
        std::printf("6400 bytes are live, the arena holds %zu KiB\n", arena->bytes_reserved() / 1024);
    }
}

int main() {
    rounds();
    Arena arena;
    std::printf("longest line: %zu, in use after it: %zu bytes\n",
                longest_line(arena, "one\nthree\nseventeen\n"), arena.bytes_used());
    destructors();
    churn();
}
