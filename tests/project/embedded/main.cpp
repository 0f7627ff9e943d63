// What alloc does wherever it is compiled: without exceptions or RTTI as well, and with another C++ library.
#include <zigmund/alloc.hpp>
#include <zigmund/alloc/containers.hpp>
#include <zigmund/alloc/testing/allocation_failures.hpp>
#include <zigmund/alloc/testing/conformance.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory_resource>
#include <string_view>

namespace {

using namespace zigmund::alloc;

[[gnu::noinline]] void* leak(Allocator a) { return a.allocate(24, 8); }

Result<int*> make(Allocator a) {
    ErrScope scope;
    int* const first = ZIGMUND_TRY(a.try_create<int>(1));
    const auto undo = scope.errdefer([&] { a.destroy(first); });
    int* const second = ZIGMUND_TRY(a.try_create<int>(2));
    const auto undo_second = scope.errdefer([&] { a.destroy(second); });
    *first += *second;
    a.destroy(second);
    return scope.ok(first);
}

bool say(const char* what, bool works) {
    if (!works) std::printf("%s: does not work\n", what);
    return works;
}

bool arenas_work() {
    Arena arena;
    std::pmr::vector<int> numbers{Allocator{arena}};
    for (int i = 0; i < 1000; ++i) numbers.push_back(i);
    arena.reset(Reset::retain_capacity);
    PmrAdapter adapter{arena};
    void* const p = adapter.allocate(100, 8);
    const bool grown = adapter.resize(p, 100, 8, 200);
    adapter.deallocate(p, grown ? 200 : 100, 8);
    return grown && arena.allocate(10, 8) != nullptr;
}

bool leaks_are_found() {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .name = "embedded"}};
    void* const p = leak(gpa);
    const bool counted = gpa.live_bytes() == 24;
    gpa.deallocate(p, 24, 8);
    return counted && gpa.deinit() == LeakCheck::ok;
}

bool failures_are_survived() {
    const auto result = testing::check_all_allocation_failures([](Allocator a) -> Result<void> {
        int* const made = ZIGMUND_TRY(make(a));
        a.destroy(made);
        return {};
    });
    std::fputs(result.text().c_str(), stdout);
    return result.ok() && result.allocations == 2;
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 2 && std::string_view{arguments[1]} == "exhaust") {
        std::byte memory[16];
        FixedBuffer buffer{memory};
        (void)buffer.allocate(17, 1);
        return EXIT_FAILURE;
    }
    const bool works =
        say("arena", arenas_work()) && say("general-purpose allocator", leaks_are_found()) &&
        say("allocation failures", failures_are_survived()) &&
        say("conformance", testing::check_conformance(heap().resource(), {.max_size = 4096}).empty());
    if (!works) return EXIT_FAILURE;
    std::printf("Hello from alloc %s%s%s\n", version_text.data(),
#if defined(__cpp_exceptions)
                "",
#else
                ", without exceptions",
#endif
#if defined(__cpp_rtti)
                ""
#else
                ", without RTTI"
#endif
    );
}
