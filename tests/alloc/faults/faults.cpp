// Small faulty programs, and their good twins: `faults FAULT TIER SIZE`. Each is run as a process by
// faults_test, which matches what it says. `good-FAULT` does the same without the fault.
#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <array>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using namespace zigmund::alloc;

[[gnu::noinline]] unsigned char* make_block(Allocator a, std::size_t size) {
    auto* const p = static_cast<unsigned char*>(a.allocate(size));
    for (std::size_t i = 0; i < size; i += 512) p[i] = 0x11;
    return p;
}

[[gnu::noinline]] void free_block(Allocator a, void* p, std::size_t size, std::size_t align = default_align) {
    a.deallocate(p, size, align);
}

/// Writes where the compiler cannot know that it may not.
[[gnu::noinline]] void write_at(unsigned char* p, std::ptrdiff_t offset) {
    unsigned char* volatile hidden = p;
    hidden[offset] = 0x77;
}

[[gnu::noinline]] int read_at(unsigned char* p, std::ptrdiff_t offset) {
    const volatile unsigned char* const hidden = p;
    return hidden[offset];
}

void run(std::string_view fault, Allocator a, std::size_t size, bool good) {
    unsigned char* const p = make_block(a, size);
    const auto end = static_cast<std::ptrdiff_t>(size);
    if (fault == "leak") {
        if (good) free_block(a, p, size);
        return;
    }
    if (fault == "overflow") write_at(p, good ? end - 1 : end);
    if (fault == "underflow") write_at(p, good ? 0 : -1);
    if (fault == "read-overflow") (void)read_at(p, good ? end - 1 : end);
    if (fault == "size-mismatch") return free_block(a, p, good ? size : size - 1);
    if (fault == "alignment-mismatch") return free_block(a, p, size, good ? default_align : 32);
    if (fault == "interior") return free_block(a, good ? p : p + 16, size);
    if (fault == "late-write" && good) write_at(p, 0);
    free_block(a, p, size);
    if (good) return;
    if (fault == "double-free") free_block(a, p, size);
    if (fault == "late-write") write_at(p, 0);
    if (fault == "late-read") (void)read_at(p, end - 1);
    std::array<unsigned char, 64> local{};
    if (fault == "foreign") free_block(a, local.data(), local.size());
}

}  // namespace

int main(int count, char** words) {
    if (count != 4) return 100;
    std::string_view fault = words[1];
    const bool good = fault.starts_with("good-");
    if (good) fault.remove_prefix(5);
    const std::string_view chosen = words[2];
    const Tier tier = chosen == "counted"   ? Tier::counted
                      : chosen == "guarded" ? Tier::guarded
                      : chosen == "sampled" ? Tier::sampled
                                            : Tier::traced;
    const std::size_t size = std::strtoul(words[3], nullptr, 10);
    GeneralPurposeAllocator gpa{{.tier = tier, .name = "faults", .sample_interval = 1}};
    std::vector<void*> neighbours;
    if (std::string_view{words[3]}.ends_with('+'))  // not alone
        for (int i = 0; i < 50; ++i) neighbours.push_back(gpa.allocator().allocate(size));
    run(fault, gpa.allocator(), size, good);
    for (void* neighbour : neighbours) gpa.allocator().deallocate(neighbour, size);
    return gpa.deinit() == LeakCheck::ok ? 0 : 1;
}
