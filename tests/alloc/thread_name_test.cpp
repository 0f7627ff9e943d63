// The name of a block's thread, when that ends while a report asks for it.
#include <zigmund/alloc/general_purpose_allocator.hpp>

#include <gtest/gtest.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>

#include <cstdarg>
#include <functional>
#include <latch>
#include <string>
#include <string_view>
#include <thread>

namespace {

/// Called, once, when a thread's name is about to be read; returns the file that is opened instead.
std::function<std::string()> at_read_of_name;

}  // namespace

// In the C library's place, in this program.
extern "C" int open(const char* path, int flags, ...) {
    static const auto next = reinterpret_cast<int (*)(const char*, int, ...)>(::dlsym(RTLD_NEXT, "open"));
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        std::va_list arguments;
        va_start(arguments, flags);
        mode = static_cast<mode_t>(va_arg(arguments, int));
        va_end(arguments);
    }
    if (at_read_of_name && std::string_view{path}.starts_with("/proc/self/task/")) {
        const std::function<std::string()> called = std::move(at_read_of_name);
        at_read_of_name = nullptr;
        return next(called().c_str(), flags, mode);
    }
    return next(path, flags, mode);
}

namespace {

using namespace zigmund::alloc;

TEST(ThreadName, OfAThreadThatGotAnothersNumberAndIdentityInTheMeantimeIsNotTold) {
    std::string message;
    GeneralPurposeAllocator gpa{
        {.tier = Tier::traced,
         .on_error = [](const MemoryError& error,
                        void* context) { *static_cast<std::string*>(context) = error.message; },
         .on_error_context = &message}};
    void* p = nullptr;
    std::latch made{1};
    std::latch may_end{1};
    std::thread loader{[&] {
        (void)::pthread_setname_np(::pthread_self(), "loader");
        p = gpa.allocator().allocate(64);
        made.count_down();
        may_end.wait();
    }};
    made.wait();
    std::thread impostor;
    std::latch told{1};
    void* other = nullptr;
    bool asked = false;
    at_read_of_name = [&] {
        asked = true;
        may_end.count_down();
        loader.join();
        std::latch begun{1};
        std::string name;
        impostor = std::thread{[&] {
            (void)::pthread_setname_np(::pthread_self(), "impostor");
            other = gpa.allocator().allocate(64);  // the loader's number is its own now
            name = "/proc/self/task/" + std::to_string(::gettid()) + "/comm";
            begun.count_down();
            told.wait();
        }};
        begun.wait();
        return name;  // as the kernel would do, had it given the loader's identity to it
    };
    gpa.allocator().deallocate(p, 63);
    told.count_down();
    EXPECT_TRUE(asked);
    impostor.join();
    gpa.allocator().deallocate(other, 64);
    EXPECT_NE(message.find(" by thread "), std::string::npos) << message;
    EXPECT_EQ(message.find("impostor"), std::string::npos) << message;
}

}  // namespace
