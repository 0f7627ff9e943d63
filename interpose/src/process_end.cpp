// The beginning and the end of the process, seen from here.
#include <pthread.h>
#include <unistd.h>

#include <cstdlib>

#include "environment.hpp"
#include "process_heap.hpp"
#include "report_output.hpp"

// The C++ ABI's: a handler that belongs to no library, and so runs after the destructors of all of them.
extern "C" int __cxa_atexit(void (*)(void*), void*, void*);  // NOLINT(bugprone-reserved-identifier)

namespace zigmund::alloc::interpose {
namespace {

[[gnu::constructor(101)]] void begin() noexcept {
    open_process_heap();
    open_report_output();
    pass_on(options().children);
}

}  // namespace
}  // namespace zigmund::alloc::interpose

namespace {
using namespace zigmund::alloc::interpose;
}

extern "C" [[gnu::visibility("default")]] void _exit(int status) { end_process(status); }
extern "C" [[gnu::visibility("default")]] void _Exit(int status) { end_process(status); }
