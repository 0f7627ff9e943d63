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
    /// Null: it was not made, or could not be.
    R* value = nullptr;
    /// For Resolver: whether somebody has asked for it.
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

/// For a function that returns a reference: there is nothing to keep.
template <class T>
struct Slot<T&> {
    /// What it refers to. Null: it was not asked for, or could not be had.
    T* value = nullptr;
    /// For Resolver: whether somebody has asked for it.
    bool tried = false;

    /// Keeps where it is what `make` returns.
    template <class Make>
    void fill(Make&& make, Teardowns&) {
        value = std::addressof(make());
    }
};

/// For a function that yields its value: the Scoped is kept, and ended with the scope.
template <class T>
struct Slot<Scoped<T>> : Teardowns::Entry {
    /// What was yielded. Null: it was not made, or could not be.
    T* value = nullptr;
    /// For Resolver: whether somebody has asked for it.
    bool tried = false;

    Slot() noexcept {}

    /// Keeps what `make` returns, and has it ended with `teardowns`. Throws what Scoped::value() throws.
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

/// For a function that is called for its effect.
template <>
struct Slot<void> {
    /// Not null: it was called, and returned.
    void* value = nullptr;
    /// For Resolver: whether somebody has asked for it.
    bool tried = false;

    /// Calls `make`.
    template <class Make>
    void fill(Make&& make, Teardowns&) {
        make();
        value = this;  // not null: it was called
    }
};

}  // namespace zigmund::inject::inline v0
