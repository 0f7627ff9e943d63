#include "thread_context.hpp"

#include <pthread.h>
#include <unistd.h>

#include <cstdlib>

#include "process_books.hpp"
#include "spin_lock.hpp"
#include "thread_names.hpp"

// glibc: where the main thread's stack began. Its name is glibc's to give.
extern "C" void* __libc_stack_end;  // NOLINT(bugprone-reserved-identifier)

namespace zigmund::alloc::inline v0::detail {

constinit thread_local ThreadContext thread_context_storage;
constinit ThreadEnd at_thread_end = nullptr;

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
            note_thread_begin(word * 64 + bit);
            return word * 64 + bit;
        }
        return shared_thread;
    }
    void give_back(std::uint32_t number) noexcept {
        const SpinGuard guard{lock_};
        note_thread_end(number);
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
        note_fork(thread_context_storage.number);
    }
    SpinLock& lock() noexcept { return lock_; }

  private:
    SpinLock lock_;
    std::uint64_t taken_[max_threads / 64] = {1};  // number 0 is nobody's
    Sampling* samplings_[max_threads] = {};        // of the living threads
};

constinit Numbers numbers;

/// Gives the number back; from then on the thread shares number 0. A key of pthreads: the language's own
/// thread_local destructors are registered under the lock of the dynamic linker, which whoever loads a
/// library may hold while it waits for this thread.
void give_back(void* number) noexcept {
    thread_context_storage.number = shared_thread;
    thread_context_storage.books = no_books;
    forget_stacks(thread_context_storage);
    numbers.give_back(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(number)));
    if (at_thread_end != nullptr) at_thread_end();
}

/// The number, which is lent until the thread ends; the shared one if nobody would give it back.
std::uint32_t take_number() noexcept {
    struct Key {
        pthread_key_t key{};
        bool made = ::pthread_key_create(&key, give_back) == 0;
    };
    static const Key key;
    if (!key.made) return shared_thread;
    const std::uint32_t number = numbers.take();
    if (number == shared_thread) return number;
    if (::pthread_setspecific(key.key, reinterpret_cast<void*>(std::uintptr_t{number})) == 0) return number;
    numbers.give_back(number);
    return shared_thread;
}

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
    // pthread_getattr_np allocates while it holds the thread's lock. Whoever stands in malloc's place may ask it
    // the same when it first meets a thread, as another copy of this library does: let it do so before.
    void* volatile block = std::malloc(1);
    std::free(block);
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
    thread_context_storage.number = take_number();
}

void lock_thread_numbers() noexcept { numbers.lock().lock(); }
void unlock_thread_numbers() noexcept { numbers.lock().unlock(); }
void forget_other_threads() noexcept { numbers.forget_others(); }
void end_sampling(const Resource& resource) noexcept { numbers.end_sampling(resource); }

}  // namespace zigmund::alloc::inline v0::detail
