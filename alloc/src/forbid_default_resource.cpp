#include <zigmund/alloc/forbid_default_resource.hpp>

#include <cstdlib>

#include "immortal.hpp"
#include "stack_report.hpp"
#include "text_writer.hpp"

namespace zigmund::alloc::inline v0 {
namespace {

class Forbidden final : public std::pmr::memory_resource {
    [[noreturn, gnu::noinline]] void* do_allocate(std::size_t size, std::size_t /*align*/) override {
        detail::TextWriter out{2};
        out << "zigmund: a pmr container that was given no allocator asks the default resource for ";
        out.decimal(size) << " bytes: give it one, as in std::pmr::string text{\"...\", allocator}\n";
        detail::write_stack(out, detail::capture_stack(__builtin_frame_address(0), 32), 16);
        out.flush();
        std::abort();
    }
    void do_deallocate(void* /*p*/, std::size_t /*size*/, std::size_t /*align*/) noexcept override {}
    [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }
};

}  // namespace

ForbidDefaultResource::ForbidDefaultResource() noexcept {
    static constinit detail::Immortal<Forbidden> forbidden;
    previous_ = std::pmr::set_default_resource(&forbidden.value);
}

ForbidDefaultResource::~ForbidDefaultResource() { std::pmr::set_default_resource(previous_); }

}  // namespace zigmund::alloc::inline v0
