// A leak within functions that are inlined into one another, at -O0 as well: `inlined` prints its report, for
// faults_test, which knows the lines that are marked `// here: WHAT`.
#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <atomic>

using namespace zigmund::alloc;

[[gnu::always_inline]] inline void innermost(Allocator a) {
    static_cast<unsigned char*>(a.allocate(40))[0] = 1;  // here: innermost
}

[[gnu::always_inline]] inline void middle(Allocator a) {
    innermost(a);  // here: middle
}

[[gnu::noinline]] void outer(Allocator a) {
    middle(a);                                            // here: outer
    std::atomic_signal_fence(std::memory_order_seq_cst);  // no tail call: the frame must be there
}

int main() {
    GeneralPurposeAllocator gpa{{.tier = Tier::traced, .name = "inlined"}};
    outer(gpa.allocator());  // here: main
    return gpa.deinit() == LeakCheck::leak ? 0 : 1;
}
