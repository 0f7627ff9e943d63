#include "malloc_peers.hpp"

#include <mimalloc.h>

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>

namespace bench {
namespace {

Malloc open(const char* library) {
    void* const handle = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return {};
    return {reinterpret_cast<void* (*)(std::size_t)>(::dlsym(handle, "malloc")),
            reinterpret_cast<void (*)(void*)>(::dlsym(handle, "free"))};
}

}  // namespace

const Malloc& jemalloc() {
    static const Malloc opened = open("libjemalloc.so.2");
    return opened;
}

const Malloc& tcmalloc() {
    static const Malloc opened = open("libtcmalloc_minimal.so.4");
    return opened;
}

const Malloc& mimalloc() {
    static const Malloc linked{mi_malloc, mi_free};
    return linked;
}

const Malloc& libc_malloc() {
    static const Malloc linked{std::malloc, std::free};
    return linked;
}

void reserve_thread_local_room(char** argv) {
    if (std::getenv("GLIBC_TUNABLES") != nullptr) return;
    ::setenv("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=16384", 1);
    ::execv("/proc/self/exe", argv);
}

}  // namespace bench
