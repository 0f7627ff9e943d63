#include "thread_context.hpp"

#include <pthread.h>
#include <unistd.h>

#include "process_books.hpp"
#include "spin_lock.hpp"

// glibc: where the main thread's stack began. Its name is glibc's to give.
extern "C" void* __libc_stack_end;  // NOLINT(bugprone-reserved-identifier)

namespace zigmund::alloc::detail {

constinit thread_local ThreadContext thread_context_storage;

namespace {

/// The numbers that living threads own, one bit each.
class Numbers {
  public:
    std::uint32_t take() noexcept {
        const SpinGuard guard{lock_};
        for (std::uint32_t word = 0; word < max_threads / 64; ++word) {
            if (~taken_[word] == 0) continue;
            const auto bit = static_cast<std::uint32_t>(__builtin_ctzll(~taken_[word]));
            taken_[word] |= std::uint64_t{1} << bit;
            samplings_[word * 64 + bit] = &sampling;
            return word * 64 + bit;
        }
        return shared_thread;
    }
    void give_back(std::uint32_t number) noexcept {
        const SpinGuard guard{lock_};
        sampling.end();
        samplings_[number] = nullptr;
        taken_[number / 64] &= ~(std::uint64_t{1} << (number % 64));
    }
    void end_sampling(const Resource& resource) noexcept {
        const SpinGuard guard{lock_};
        for (Sampling* const each : samplings_)
            if (each != nullptr) each->end(resource);
    }
    /// In the child of fork(), where the memory of the other threads may be used for new ones.
    void forget_others() noexcept {
        for (Sampling*& each : samplings_)
            if (each != &sampling) each = nullptr;
    }
    SpinLock& lock() noexcept { return lock_; }

  private:
    SpinLock lock_;
    std::uint64_t taken_[max_threads / 64] = {1};  // number 0 is nobody's
    Sampling* samplings_[max_threads] = {};        // of the living threads
};

constinit Numbers numbers;

/// Gives the number back when the thread ends; from then on the thread shares number 0.
struct GiveBack {
    std::uint32_t number = shared_thread;
    ~GiveBack() {
        thread_context_storage.number = shared_thread;
        if (number != shared_thread) numbers.give_back(number);
    }
};

void find_stack(ThreadContext& context) noexcept {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    const auto main_end = reinterpret_cast<std::uintptr_t>(__libc_stack_end);
    constexpr std::uintptr_t gap = std::uintptr_t{128}
                                   << 20;  // the kernel maps nothing so close to the stack
    if (::getpid() == ::gettid() && here < main_end && main_end - here < gap) {
        // pthread_getattr_np would read /proc/self/maps, and allocate for it.
        context.stack_low = main_end - gap;
        context.stack_high = main_end;
        return;
    }
    pthread_attr_t attributes;
    if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return;
    void* low = nullptr;
    std::size_t size = 0;
    if (::pthread_attr_getstack(&attributes, &low, &size) == 0) {
        context.stack_low = reinterpret_cast<std::uintptr_t>(low);
        context.stack_high = context.stack_low + size;
    }
    (void)::pthread_attr_destroy(&attributes);
}

}  // namespace

void open_thread_context() noexcept {
    thread_context_storage.ready = true;  // first: what follows may allocate, and come here again
    find_stack(thread_context_storage);
    thread_local GiveBack give_back;
    give_back.number = numbers.take();
    thread_context_storage.number = give_back.number;
}

void lock_thread_numbers() noexcept { numbers.lock().lock(); }
void unlock_thread_numbers() noexcept { numbers.lock().unlock(); }
void forget_other_threads() noexcept { numbers.forget_others(); }
void end_sampling(const Resource& resource) noexcept { numbers.end_sampling(resource); }

}  // namespace zigmund::alloc::detail
