#include <zigmund/alloc/null_allocator.hpp>

#include <cassert>

#include "immortal.hpp"

namespace zigmund::alloc::inline v0 {
namespace {

class Null final : public Resource {
    void* do_try_allocate(std::size_t /*size*/, std::size_t /*align*/) noexcept override { return nullptr; }

    void do_deallocate(void* /*p*/, std::size_t /*size*/, std::size_t /*align*/) noexcept override {
        assert(false && "zigmund: null_allocator() gave no block that could be given back");
    }

    bool do_resize(void* /*p*/, std::size_t /*old_size*/, std::size_t /*align*/,
                   std::size_t /*new_size*/) noexcept override {
        return false;
    }
};

}  // namespace

Allocator null_allocator() noexcept {
    static constinit detail::Immortal<Null> null;
    return null.value;
}

}  // namespace zigmund::alloc::inline v0
