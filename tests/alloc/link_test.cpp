// What linking zigmund::alloc does to a program: nothing that it did not ask for.
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/sanitizer.hpp>

#include <gtest/gtest.h>

#include <dlfcn.h>

#include <string>

namespace {

// The file that defines what the name resolves to in this program.
std::string owner_of(const char* name) {
    Dl_info info{};
    void* const address = ::dlsym(RTLD_DEFAULT, name);
    return address != nullptr && ::dladdr(address, &info) != 0 ? info.dli_fname : "";
}

TEST(Link, MallocAndFreeStayTheCLibrarys) {
    // So that the library, and mimalloc with it, is in this program.
    zigmund::alloc::heap().deallocate(zigmund::alloc::heap().allocate(1), 1);

    for (const char* name : {"malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc"}) {
#if defined(ZIGMUND_SANITIZED)
        EXPECT_EQ(owner_of(name).find("mimalloc"), std::string::npos) << name;
#else
        EXPECT_NE(owner_of(name).find("/libc.so"), std::string::npos) << name << ": " << owner_of(name);
#endif
    }
}

TEST(Link, NewAndDeleteStayTheCppLibrarys) {
    for (const char* name : {"_Znwm", "_Znam", "_ZdlPv", "_ZdlPvm", "_ZnwmSt11align_val_t"}) {
#if defined(ZIGMUND_SANITIZED)
        EXPECT_EQ(owner_of(name).find("mimalloc"), std::string::npos) << name;
#else
        EXPECT_NE(owner_of(name).find("/libstdc++.so"), std::string::npos) << name << ": " << owner_of(name);
#endif
    }
}

}  // namespace
