#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/testing/leak_check.hpp>

#include <unistd.h>

#include <cstdlib>
#include <memory_resource>
#include <mutex>
#include <new>
#include <optional>
#include <unordered_set>

#include "exceptions.hpp"
#include "memory_log.hpp"

namespace zigmund::alloc::inline v0::testing {
namespace {

constinit thread_local unsigned pauses = 0;

void die(const MemoryError& error, void* /*context*/) {
    if (error.kind == MemoryErrorKind::size_overflow) return;  // refused, which a test may want to see
    [[maybe_unused]] const ssize_t written =
        ::write(STDERR_FILENO, error.message.data(), error.message.size());
    std::abort();
}

// Stays for the life of the process, so that what was taken outside of tests can be given back whenever.
class TestResource final : public Resource {
  public:
    void begin(std::string_view name) {
        if (depth_++ != 0) return;
        log_.emplace();
        gpa_.emplace(GeneralPurposeOptions{
            .tier = Tier::traced, .name = name, .report_descriptor = log_->descriptor(), .on_error = die});
        previous_default_ = std::pmr::set_default_resource(this);
    }

    std::string end() {
        if (depth_ == 0) return {};
        --depth_;
        if (depth_ != 0) return {};
        std::pmr::set_default_resource(previous_default_);
        (void)gpa_->deinit();
        std::string report = log_->text();
        gpa_.reset();
        log_.reset();
        return report;
    }

  private:
    [[nodiscard]] bool checks() const noexcept { return gpa_.has_value() && pauses == 0; }

    void* do_try_allocate(std::size_t size, std::size_t align) noexcept override {
        if (checks()) return gpa_->try_allocate(size, align);
        void* const p = heap().try_allocate(size, align);
        if (p == nullptr || note_unchecked(p)) return p;
        heap().deallocate(p, size, align);
        return nullptr;
    }

    void do_deallocate(void* p, std::size_t size, std::size_t align) noexcept override {
        if (forget_unchecked(p)) {
            heap().deallocate(p, size, align);
        } else if (gpa_.has_value()) {
            gpa_->deallocate(p, size, align);
        }
        // Otherwise its test has ended, and reported it.
    }

    bool do_resize(void* p, std::size_t old_size, std::size_t align, std::size_t new_size) noexcept override {
        if (is_unchecked(p)) return heap().resize(p, old_size, align, new_size);
        return gpa_.has_value() && gpa_->resize(p, old_size, align, new_size);
    }

    // remap: what resize can do, so that no block changes its address behind unchecked_'s back.

    bool note_unchecked(void* p) noexcept {
        const std::scoped_lock lock{mutex_};
        return alloc::detail::has_memory_for([&] { unchecked_.insert(p); });
    }
    bool forget_unchecked(void* p) noexcept {
        const std::scoped_lock lock{mutex_};
        return unchecked_.erase(p) != 0;
    }
    bool is_unchecked(void* p) noexcept {
        const std::scoped_lock lock{mutex_};
        return unchecked_.contains(p);
    }

    unsigned depth_ = 0;
    std::optional<alloc::detail::MemoryLog> log_;
    std::optional<GeneralPurposeAllocator> gpa_;
    std::pmr::memory_resource* previous_default_ = nullptr;
    std::mutex mutex_;
    std::unordered_set<void*> unchecked_;  // blocks that belong to no test
};

TestResource& test_resource() noexcept {
    // Never destroyed: destructors of other statics may still give blocks back.
    alignas(TestResource) static std::byte memory[sizeof(TestResource)];
    static auto* const resource = new (memory) TestResource;
    return *resource;
}

}  // namespace

void begin_leak_check(std::string_view name) { test_resource().begin(name); }

std::string end_leak_check() { return test_resource().end(); }

Allocator test_allocator() noexcept { return test_resource(); }

LeakCheckPause::LeakCheckPause() noexcept { ++pauses; }
LeakCheckPause::~LeakCheckPause() { --pauses; }

}  // namespace zigmund::alloc::inline v0::testing
