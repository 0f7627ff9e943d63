// HandlerMemory: where Asio keeps a pending operation.
//
// Asio asks the completion handler's associated allocator for the memory of each operation. Here it gets one
// slot of fixed size inside the object that the handler belongs to, which never has more than one operation
// pending: serving a request allocates nothing for I/O.
//
// Threads: one. Cost: a test. An operation that does not fit goes to the heap; a test checks that none does.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace zigmund::http {

class HandlerMemory {
  public:
    HandlerMemory() = default;
    HandlerMemory(const HandlerMemory&) = delete;
    HandlerMemory& operator=(const HandlerMemory&) = delete;

    void* allocate(std::size_t size) {
        if (in_use_ || size > sizeof slot_) [[unlikely]]
            return ::operator new(size);
        in_use_ = true;
        return slot_;
    }
    void deallocate(void* p) noexcept {
        if (p == slot_) [[likely]] {
            in_use_ = false;
        } else {
            ::operator delete(p);
        }
    }

  private:
    alignas(std::max_align_t) std::byte slot_[320];
    bool in_use_ = false;
};

/// What Asio sees of a HandlerMemory.
template <class T>
class HandlerAllocator {
  public:
    using value_type = T;

    explicit HandlerAllocator(HandlerMemory& memory) noexcept : memory_{&memory} {}
    template <class U>
    HandlerAllocator(const HandlerAllocator<U>& other) noexcept : memory_{other.memory_} {}

    T* allocate(std::size_t n) { return static_cast<T*>(memory_->allocate(n * sizeof(T))); }
    void deallocate(T* p, std::size_t) noexcept { memory_->deallocate(p); }

    friend bool operator==(const HandlerAllocator& a, const HandlerAllocator& b) noexcept {
        return a.memory_ == b.memory_;
    }

  private:
    template <class>
    friend class HandlerAllocator;
    HandlerMemory* memory_;
};

/// A completion handler that calls `function` and keeps its operation in `memory`.
template <class Function>
class Handler {
  public:
    using allocator_type = HandlerAllocator<void*>;

    Handler(HandlerMemory& memory, Function function) : memory_{&memory}, function_{std::move(function)} {}

    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type{*memory_}; }

    template <class... Args>
    void operator()(Args&&... args) {
        function_(std::forward<Args>(args)...);
    }

  private:
    HandlerMemory* memory_;
    Function function_;
};

}  // namespace zigmund::http
