// Small faulty programs over malloc and new, and their good twins: `faults FAULT SIZE`. They know nothing of
// the allocator that they are run under. `good-FAULT` does the same without the fault.
#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string_view>

namespace {

/// What the compiler may not know about: faults that it saw, it would leave out, or tell of.
template <class T>
[[gnu::noinline]] T* hidden(T* p) {
    __asm__ volatile("" : "+r"(p) : : "memory");
    return p;
}

[[gnu::noinline]] unsigned char* make_block(std::size_t size) {
    return hidden(static_cast<unsigned char*>(std::malloc(size)));
}
[[gnu::noinline]] void free_block(void* p) { std::free(hidden(p)); }
[[gnu::noinline]] void write_at(unsigned char* p, std::ptrdiff_t offset) { hidden(p)[offset] = 0x77; }
[[gnu::noinline]] int read_at(unsigned char* p, std::ptrdiff_t offset) {
    const volatile unsigned char* const bytes = hidden(p);
    return bytes[offset];
}

struct Object {
    std::array<unsigned char, 40> bytes;
};
struct alignas(64) Aligned {
    std::array<unsigned char, 64> bytes;
};

/// Faults of who gives back a block by other means than it was made.
bool run_mismatch(std::string_view fault, bool good) {
    if (fault == "new-free") {
        Object* const p = hidden(new Object{});
        if (good) {
            delete p;
        } else {
            std::free(hidden(static_cast<void*>(p)));
        }
    } else if (fault == "malloc-delete") {
        void* const p = hidden(std::malloc(sizeof(Object)));
        if (good) {
            std::free(p);
        } else {
            ::operator delete(p);
        }
    } else if (fault == "array-delete") {
        void* const p = hidden(::operator new[](100));
        if (good) {
            ::operator delete[](p);
        } else {
            ::operator delete(p);
        }
    } else if (fault == "new-delete-array") {
        void* const p = hidden(::operator new(100));
        if (good) {
            ::operator delete(p);
        } else {
            ::operator delete[](p);
        }
    } else if (fault == "new-realloc") {
        void* const p = hidden(good ? std::malloc(40) : ::operator new(40));
        std::free(std::realloc(p, 80));
    } else if (fault == "size-mismatch") {
        void* const p = hidden(::operator new(40));
        ::operator delete(p, good ? std::size_t{40} : std::size_t{48});
    } else if (fault == "alignment-mismatch") {
        Aligned* const p = hidden(new Aligned{});
        if (good) {
            delete p;
        } else {
            ::operator delete(hidden(static_cast<void*>(p)), sizeof(Aligned));
        }
    } else {
        return false;
    }
    return true;
}

void run(std::string_view fault, std::size_t size, bool good) {
    if (run_mismatch(fault, good)) return;
    unsigned char* const p = make_block(size);
    const auto end = static_cast<std::ptrdiff_t>(size);
    if (fault == "leak") {
        if (good) free_block(p);
        return;
    }
    if (fault == "overflow") write_at(p, good ? end - 1 : end);
    if (fault == "underflow") write_at(p, good ? 0 : -1);
    if (fault == "read-overflow") (void)read_at(p, good ? end - 1 : end);
    if (fault == "interior") return free_block(good ? p : p + 16);
    if (fault == "late-write" && good) write_at(p, 0);
    free_block(p);
    if (good) return;
    std::array<unsigned char, 64> local{};
    static std::array<unsigned char, 64> global;
    if (fault == "double-free") free_block(p);
    if (fault == "realloc-after-free") free_block(std::realloc(hidden(p), size + 100));
    if (fault == "late-write") write_at(p, 0);
    if (fault == "late-read") (void)read_at(p, end - 1);
    if (fault == "foreign") free_block(global.data() + 16);
    if (fault == "stack") free_block(local.data());
}

}  // namespace

int main(int count, char** words) {
    if (count != 3) return 100;
    std::string_view fault = words[1];
    const bool good = fault.starts_with("good-");
    if (good) fault.remove_prefix(5);
    run(fault, std::strtoul(words[2], nullptr, 10), good);
    return 0;
}
