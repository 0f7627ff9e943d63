// What MemorySanitizer is to stop at, and what not, in memory of a GeneralPurposeAllocator: a program for
// each word that it is given. The C++ library is not instrumented: nothing of it lies between what is written
// here and what is read.
#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <cstring>
#include <string_view>

namespace {

using namespace zigmund::alloc;

volatile int sink = 0;

/// A use that matters: MemorySanitizer lets values that nobody wrote be copied.
void use(const unsigned char* byte) {
    if (*byte != 0) sink = 1;
}

/// Lets what is freed lie in quarantine until it leaves in good order.
GeneralPurposeOptions options(Tier tier) { return {.tier = tier, .quarantine_blocks = 8}; }

void well_behaved(Allocator a) {
    for (std::size_t size = 1; size < 3000; size = size * 3 / 2 + 1) {
        for (int i = 0; i < 20; ++i) {
            auto* p = static_cast<unsigned char*>(a.allocate(size));
            std::memset(p, i, size);
            use(p);
            use(p + size - 1);
            const std::size_t less = size / 2 + 1;
            if (a.resize(p, size, default_align, less)) {
                use(p);
                a.deallocate(p, less);
            } else {
                a.deallocate(p, size);
            }
        }
    }
}

}  // namespace

int main(int count, char** words) {
    if (count != 3) return 2;
    const std::string_view what = words[1];
    const std::string_view name = words[2];
    const Tier tier = name == "counted" ? Tier::counted : name == "guarded" ? Tier::guarded : Tier::traced;
    GeneralPurposeAllocator gpa{options(tier)};
    const Allocator a = gpa.allocator();
    well_behaved(a);
    auto* const block = static_cast<unsigned char*>(a.allocate(64));
    if (what == "fresh") use(block + 7);
    std::memset(block, 1, 64);
    use(block + 7);
    if (what == "grown") {
        auto* const grown = static_cast<unsigned char*>(a.allocate(33));
        std::memset(grown, 1, 33);
        if (a.resize(grown, 33, default_align, 36)) use(grown + 35);
    }
    if (what == "overflow") block[64] = 1;
    a.deallocate(block, 64);
    if (what == "freed") use(block + 7);
    if (what == "late") block[9] = 1;
    return gpa.deinit() == LeakCheck::ok && gpa.check() == 0 ? 0 : 1;
}
