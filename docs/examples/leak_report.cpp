// What grows and what leaks, told in the forms that tools read: a snapshot before and after, known leaks left
// out, and folded stacks for a flame graph.
#include <zigmund/alloc.hpp>

#include <atomic>
#include <cstdio>
#include <string_view>

using namespace zigmund::alloc;

// Keeps what it makes for ever: a vendor's, say, which nobody here will mend.
[[gnu::noinline]] void vendor_start(Allocator a) {
    (void)a.dupe("a licence key");
    std::atomic_signal_fence(std::memory_order_seq_cst);  // no tail call: its frame is to be seen
}

// Ours, and a leak: each request leaves 64 bytes.
[[gnu::noinline]] void serve(Allocator a) {
    (void)a.alloc<char>(64);
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

int main() {
    const auto known = Suppressions::parse(
        "# see ticket 17\n"
        "leak:^vendor_\n");
    if (!known) return 1;

    GeneralPurposeAllocator gpa{{.tier = Tier::traced,
                                 .name = "server",
                                 .report_descriptor = 1,
                                 .report_format = ReportFormat::folded,
                                 .suppressions = known->patterns()}};
    vendor_start(gpa.allocator());

    const Snapshot before = gpa.snapshot();
    for (int i = 0; i < 10; ++i) serve(gpa.allocator());
    const SnapshotDiff growth = diff(before, gpa.snapshot());
    for (const SiteGrowth& site : growth.sites())
        std::printf("growth: %+lld bytes in %+lld blocks\n", static_cast<long long>(site.bytes),
                    static_cast<long long>(site.blocks));

    const Mark mark = gpa.mark();
    const std::size_t fresh = gpa.report_live(mark);
    std::printf("since the mark: %zu blocks\n", fresh);

    std::printf("left at the end:\n");
    std::fflush(stdout);
    return gpa.deinit() == LeakCheck::leak ? 0 : 1;  // what is suppressed is no leak; the other is
}
