// Slot: where one dependency's value is kept, and what undoes it.
//
// Threads: one. Cost: the value, a pointer, and three words where there is something to undo. Never:
// allocates.
#pragma once

#include <zigmund/inject/depends.hpp>
#include <zigmund/inject/scoped.hpp>
#include <zigmund/inject/teardowns.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>

namespace zigmund::inject::inline v0 {

/// For a function that returns R. A slot itself needs no destructor: its value's runs as a teardown.
template <class R>
struct Slot : Teardowns::Entry {
    R* value = nullptr;
    bool tried = false;

    Slot() noexcept {}

    /// Keeps what `make` returns, and has it undone with `teardowns`.
    template <class Make>
    void fill(Make&& make, Teardowns& teardowns) {
        value = ::new (static_cast<void*>(memory)) R(make());
        if constexpr (!std::is_trivially_destructible_v<R>) {
            teardowns.push(*this, [](Entry& self, std::exception_ptr&) noexcept {
                std::destroy_at(static_cast<Slot&>(self).value);
            });
        }
    }

  private:
    alignas(R) std::byte memory[sizeof(R)];
};

template <class T>
struct Slot<T&> {
    T* value = nullptr;
    bool tried = false;

    template <class Make>
    void fill(Make&& make, Teardowns&) {
        value = std::addressof(make());
    }
};

template <class T>
struct Slot<Scoped<T>> : Teardowns::Entry {
    T* value = nullptr;
    bool tried = false;

    Slot() noexcept {}

    template <class Make>
    void fill(Make&& make, Teardowns& teardowns) {
        scoped = ::new (static_cast<void*>(memory)) Scoped<T>(make());
        try {
            value = std::addressof(scoped->value());
        } catch (...) {
            std::destroy_at(scoped);
            throw;
        }
        teardowns.push(*this, [](Entry& self, std::exception_ptr& error) noexcept {
            Scoped<T>* const waiting = static_cast<Slot&>(self).scoped;
            waiting->end(error);
            std::destroy_at(waiting);
        });
    }

  private:
    Scoped<T>* scoped = nullptr;
    alignas(Scoped<T>) std::byte memory[sizeof(Scoped<T>)];
};

template <>
struct Slot<void> {
    void* value = nullptr;
    bool tried = false;

    template <class Make>
    void fill(Make&& make, Teardowns&) {
        make();
        value = this;  // not null: it was called
    }
};

}  // namespace zigmund::inject::inline v0
