// FrameMemory: where a coroutine's frame lives: in memory of an allocator among the coroutine's parameters.
//
// A promise type that derives from it has the operators for that. coroutine_traits is to check that one of
// the parameters gives memory (gives_frame_memory), and that there are at most nine.
//
// gcc 12 lays out the frame of a coroutine wrongly, without a word, if it has a co_await in the condition of
// an `if`, `while` or `switch` and no local variable around it: it puts the condition before the pointers
// that belong at the frame's beginning. Such a frame cannot be resumed; check_frame() finds it when the
// coroutine is called. Clang, which does not do this, may leave the call of operator new out.
//
// Threads: those of the allocator. Cost: one block of the allocator, with a pointer to it. Never: global
// memory.
#pragma once

#include <zigmund/alloc/allocator.hpp>

#include <array>
#include <bit>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstring>
#include <stdexcept>

namespace zigmund::inject::inline v0::detail {

/// Whether a coroutine's frame may live in memory of a parameter of type P: an Allocator, or, for who
/// specialises it, something that has one, `allocator()`.
template <class P>
inline constexpr bool gives_frame_memory = std::same_as<P, alloc::Allocator>;

/// A parameter of a coroutine, of which only an allocator is of interest. (The promise's operator new is no
/// template: gcc would warn, falsely, of its operator delete, PR 109224.)
struct FrameParameter {
    bool gives = false;
    std::array<std::byte, sizeof(alloc::Allocator)> allocator;

    FrameParameter() = default;
    template <class P>
    FrameParameter(const P& parameter) noexcept {
        if constexpr (std::same_as<P, alloc::Allocator>) {
            keep(parameter);
        } else if constexpr (gives_frame_memory<P>) {
            keep(parameter.allocator());
        }
    }

  private:
    void keep(alloc::Allocator given) noexcept {
        gives = true;
        allocator = std::bit_cast<decltype(allocator)>(given);
    }
};

/// The block that was last given to a frame on this thread.
constinit inline thread_local const void* newest_frame = nullptr;

struct FrameMemory {
    using P = const FrameParameter&;
    static void* operator new(std::size_t size, P a = {}, P b = {}, P c = {}, P d = {}, P e = {}, P f = {},
                              P g = {}, P h = {}, P i = {}) {
        // std::coroutine_traits has checked that one of them gives it.
        const FrameParameter* giver = nullptr;
        for (const FrameParameter* parameter : {&i, &h, &g, &f, &e, &d, &c, &b, &a})
            if (parameter->gives) giver = parameter;
        void* const frame = std::bit_cast<alloc::Allocator>(giver->allocator).allocate(with_allocator(size));
        std::memcpy(static_cast<std::byte*>(frame) + size, &giver->allocator, sizeof giver->allocator);
        newest_frame = frame;
        return frame;
    }
    static void operator delete(void* frame, std::size_t size) noexcept {
        std::array<std::byte, sizeof(alloc::Allocator)> bytes;
        std::memcpy(bytes.data(), static_cast<std::byte*>(frame) + size, bytes.size());
        std::bit_cast<alloc::Allocator>(bytes).deallocate(frame, with_allocator(size));
    }

  protected:
    /// For get_return_object(): throws std::logic_error if the compiler has laid out the frame wrongly.
    static void check_frame([[maybe_unused]] std::coroutine_handle<> frame) {
#ifndef __clang__
        if (frame.address() != newest_frame) [[unlikely]]
            throw std::logic_error(
                "zigmund: this coroutine has a co_await in the condition of an if, while or switch, which "
                "gcc 12 compiles wrongly: give its result a name first, const bool came = co_await ...;");
#endif
    }

  private:
    static constexpr std::size_t with_allocator(std::size_t size) noexcept {
        return size + sizeof(alloc::Allocator);
    }
};

}  // namespace zigmund::inject::inline v0::detail
