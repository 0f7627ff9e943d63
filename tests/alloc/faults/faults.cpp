// Small faulty programs, and their good twins: `faults FAULT TIER SIZE`. Each is run as a process by
// faults_test, which matches what it says. `good-FAULT` does the same without the fault. TIER is counted,
// traced, guarded, guarded-before (the guard page before the block) or sampled. SIZE is in bytes; with `+`
// behind it the block is one of many, with `-` the last of many.
//
// The test looks for the numbers of the lines that are marked `// here: WHAT`.
#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

namespace {

using namespace zigmund::alloc;

/// Behind a call, so that it is no tail call: its function stays on the stack.
void stay() { std::atomic_signal_fence(std::memory_order_seq_cst); }

[[gnu::noinline]] unsigned char* make_block(Allocator a, std::size_t size) {
    auto* const p = static_cast<unsigned char*>(a.allocate(size));  // here: allocated
    for (std::size_t i = 0; i < size; i += 512) p[i] = 0x11;
    return p;
}

[[gnu::noinline]] void free_block(Allocator a, void* p, std::size_t size, std::size_t align = default_align) {
    a.deallocate(p, size, align);  // here: freed
    stay();
}

[[gnu::noinline]] void free_again(Allocator a, void* p, std::size_t size) {
    a.deallocate(p, size);  // here: freed again
    stay();
}

[[gnu::noinline]] void resize_block(Allocator a, void* p, std::size_t size) {
    (void)a.resize(p, size, default_align, size);  // here: resized
    stay();
}

/// Writes where the compiler cannot know that it may not.
[[gnu::noinline]] void write_at(unsigned char* p, std::ptrdiff_t offset) {
    unsigned char* volatile hidden = p;
    hidden[offset] = 0x77;  // here: written
}

[[gnu::noinline]] int read_at(unsigned char* p, std::ptrdiff_t offset) {
    const volatile unsigned char* const hidden = p;
    return hidden[offset];  // here: read
}

std::array<unsigned char, 64> global{};

struct Program {
    std::optional<GeneralPurposeAllocator> gpa;
    GeneralPurposeOptions options;
    std::size_t size;
    bool good;

    void run(std::string_view fault) {
        const Allocator a = gpa->allocator();
        unsigned char* const p = make_block(a, size);
        const auto end = static_cast<std::ptrdiff_t>(size);
        if (fault == "leak") {
            if (good) free_block(a, p, size);
            return;
        }
        if (fault == "overflow") write_at(p, good ? end - 1 : end);
        if (fault == "far-overflow") write_at(p, good ? end - 1 : end + 7);
        if (fault == "underflow") write_at(p, good ? 0 : -1);
        if (fault == "deep-underflow")
            for (std::ptrdiff_t i = 1; i <= 20; ++i) write_at(p, good ? 0 : -i);
        if (fault == "overflow-check") {
            write_at(p, good ? end - 1 : end);
            (void)gpa->check();
        }
        if (fault == "read-overflow") (void)read_at(p, good ? end - 1 : end);
        if (fault == "read-underflow") (void)read_at(p, good ? 0 : -1);
        if (fault == "size-mismatch") return free_block(a, p, good ? size : size - 1);
        if (fault == "alignment-mismatch") return free_block(a, p, size, good ? default_align : 32);
        if (fault == "interior") return free_block(a, good ? p : p + 16, size);
        if (fault == "resize-mismatch") resize_block(a, p, good ? size : size - 1);
        if (fault == "resize-interior") resize_block(a, good ? p : p + 16, size);
        if (fault == "late-write" && good) write_at(p, 0);
        if (fault.ends_with("wrong-allocator") && !good) {
            GeneralPurposeAllocator other{options};
            if (fault.starts_with("resize")) return resize_block(other.allocator(), p, size);
            return free_block(other.allocator(), p, size);
        }
        if (fault == "stale") {
            // A block of an allocator that is gone: another may have its address, but nobody has the block.
            options.on_error = [](const MemoryError&, void*) {};
            options.report_descriptor = -1;
            std::optional<GeneralPurposeAllocator> other{std::in_place, options};
            unsigned char* const old = make_block(other->allocator(), size);
            if (good) free_block(other->allocator(), old, size);
            other.reset();
            if (!good) free_block(a, old, size);
        }
        free_block(a, p, size);
        if (fault == "use-after-deinit") {
            (void)gpa->deinit();
            if (!good) (void)a.try_allocate(size);
        }
        if (good) return;
        if (fault == "double-free") free_again(a, p, size);
        if (fault == "resize-after-free") resize_block(a, p, size);
        if (fault.starts_with("late-write")) write_at(p, 0);
        if (fault == "late-write-check") (void)gpa->check();
        if (fault == "late-write-eviction")
            for (int i = 0; i < 5000; ++i) a.deallocate(a.allocate(900), 900);
        if (fault == "late-read") (void)read_at(p, end - 1);
        std::array<unsigned char, 64> local{};
        if (fault == "stack") free_block(a, local.data(), local.size());
        if (fault == "resize-stack") resize_block(a, local.data(), local.size());
        if (fault == "global") free_block(a, global.data(), global.size());
        if (fault == "malloc") {
            void* const foreign = std::malloc(size);  // freed by nobody: the fault ends the process
            free_block(a, foreign, size);
        }
        if (fault == "size-overflow" && a.try_allocate(SIZE_MAX - size) != nullptr) std::_Exit(9);
    }
};

void print(const MemoryError& error, void* /*context*/) {
    std::fwrite(error.message.data(), 1, error.message.size(), stderr);
}

}  // namespace

int main(int count, char** words) {
    if (count != 4) return 100;
    std::string_view fault = words[1];
    const bool good = fault.starts_with("good-");
    if (good) fault.remove_prefix(5);
    const std::string_view tier = words[2];
    const std::string_view amount = words[3];
    GeneralPurposeOptions options{
        .tier = tier == "counted"             ? Tier::counted
                : tier.starts_with("guarded") ? Tier::guarded
                : tier == "sampled"           ? Tier::sampled
                                              : Tier::traced,
        .name = "faults",
        .guard_side = tier == "guarded-before" ? GuardSide::before : GuardSide::after,
        .sample_interval = 1};
    if (fault == "size-overflow") options.on_error = print;
    Program program{
        .gpa = std::nullopt, .options = options, .size = std::strtoul(words[3], nullptr, 10), .good = good};
    GeneralPurposeAllocator& gpa = program.gpa.emplace(options);
    program.options.name = "other";

    std::vector<void*> neighbours;
    const auto free_neighbours = [&] {
        for (void* neighbour : neighbours) gpa.allocator().deallocate(neighbour, program.size);
        neighbours.clear();
    };
    if (amount.ends_with('+') || amount.ends_with('-'))
        for (int i = 0; i < 50; ++i) neighbours.push_back(gpa.allocator().allocate(program.size));
    if (amount.ends_with('-')) free_neighbours();
    if (fault == "use-after-deinit") free_neighbours();
    program.run(fault);
    free_neighbours();
    return gpa.deinit() == LeakCheck::ok ? 0 : 1;
}
