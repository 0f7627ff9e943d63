// The allocator family: each one stands on any other, and each is one line of set-up.
#include <zigmund/alloc.hpp>

#include <array>
#include <cstdio>
#include <list>
#include <string>
#include <string_view>
#include <vector>

using namespace zigmund::alloc;

// Memory of the caller's: nothing is taken from anywhere else.
void buffers() {
    std::array<std::byte, 256> memory;
    FixedBuffer buffer{memory};
    const Allocator a = buffer.allocator();
    const std::string_view address = a.dupe("localhost:8080");
    std::printf("buffer: %.*s, %zu bytes\n", static_cast<int>(address.size()), address.data(),
                buffer.bytes_used());
    std::printf("buffer: %s\n", a.try_alloc<char>(1000) ? "fits" : "full");

    // On the stack while it fits, in the heap after.
    StackFallback<1024> local;
    std::pmr::vector<int> few{local.allocator()};
    few.assign(100, 7);
    std::pmr::vector<int> many{local.allocator()};
    many.assign(1000, 7);
    std::printf("fallback: few on the stack %d, many on the stack %d\n", local.in_buffer(few.data()),
                local.in_buffer(many.data()));
}

struct Session {
    int id;
    std::string_view user;
};

// Objects of one type: created and destroyed in constant time, at most so many of them.
void pools() {
    Pool<Session> sessions{heap(), {.capacity = 2}};
    if (!sessions.preheat(2)) return;  // from here on, no call to the heap
    Session* alice = sessions.create(1, "alice");
    Session* bob = sessions.create(2, "bob");
    const auto refused = sessions.try_create(3, "carol");
    std::printf("pool: %zu of 2 live, a third: %s\n", sessions.live_objects(),
                refused ? "created" : to_string(refused.error()).data());
    sessions.destroy(bob);
    sessions.destroy(alice);
}

// Who holds how much, who may hold how much, and who wants to know in time.
void accounts() {
    Counting app{heap(), "app"};
    Counting routes{app, "routes"};
    Counting cache{app, "cache", 4096};
    Limit body{routes, {.limit = 1000, .soft_limit = 500, .on_soft_limit = [](const Limit& limit) {
                            std::printf("limit: %zu of %zu bytes used\n", limit.bytes_used(), limit.limit());
                        }}};
    const std::span<char> small = body.allocator().alloc<char>(400);
    const std::span<char> big = body.allocator().alloc<char>(300);
    std::printf("limit: 301 more: %s\n", body.try_allocate(301) != nullptr ? "granted" : "refused");
    const std::span<int> entries = cache.allocator().alloc<int>(64);
    app.print(stdout);
    cache.allocator().free(entries);
    body.allocator().free(big);
    body.allocator().free(small);
}

// What was done to one allocator, done to another.
void traces() {
    std::string text;
    Logging logged{heap(), [&](std::string_view line) { text += line; }};
    {
        std::pmr::list<int> list{logged.allocator()};
        for (int i = 0; i < 1000; ++i) list.push_back(i);
    }
    const auto trace = Trace::parse(text);
    if (!trace) return;
    Arena arena;
    const Replay replay = trace->replay(arena);
    std::printf("trace: %zu operations, peak %zu bytes, %zu refused\n", replay.operations, replay.peak_bytes,
                replay.refused);
}

int main() {
    buffers();
    pools();
    accounts();
    traces();
}
