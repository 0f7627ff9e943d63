// Immortal: a process-wide object that is there before the first constructor of a static object runs and
// after the last destructor.
//
// As a plain static object, a Resource is destroyed when the program ends: what uses it afterwards, in the
// destructor of a static object that was made before, calls a pure virtual function.
#pragma once

namespace zigmund::alloc::inline v0::detail {

/// Give it static storage, and constinit.
template <class T>
union Immortal {
    constexpr Immortal() noexcept : value{} {}
    Immortal(const Immortal&) = delete;
    Immortal& operator=(const Immortal&) = delete;
    constexpr ~Immortal() {}

    T value;
};

}  // namespace zigmund::alloc::inline v0::detail
