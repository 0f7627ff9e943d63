// A planted leak: what GeneralPurposeAllocator says of it, and how a program turns that into its exit
// status. Run it: it prints each call site with size, count and stack, and exits with 1.
#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <string_view>

namespace {

namespace alloc = zigmund::alloc;

/// Forgets the copy that it makes.
[[gnu::noinline]] void remember(alloc::Allocator allocator, std::string_view text) {
    (void)allocator.dupe(text);
}

}  // namespace

int main() {
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "leak example"}};
    for (int i = 0; i < 3; ++i) remember(gpa.allocator(), "sixteen letters!");

    const auto numbers = gpa.allocator().alloc<int>(100);
    gpa.allocator().free(numbers);  // this one is given back, and not reported

    return gpa.deinit() == alloc::LeakCheck::ok ? 0 : 1;
}
