#include <zigmund/alloc/testing/heap_counter.hpp>

#include <algorithm>
#include <span>
#include <stdexcept>

#include "exceptions.hpp"
#include "stack_depot.hpp"
#include "stack_report.hpp"
#include "text_writer.hpp"

namespace zigmund::alloc::inline v0 {

constinit const detail::HeapCounter* detail::heap_counter = nullptr;

namespace testing {
namespace {

const alloc::detail::HeapCounter& counter() {
    if (alloc::detail::heap_counter == nullptr)
        alloc::detail::raise(
            std::logic_error{"zigmund: nothing counts heap calls here: link zigmund::alloc_heap_counter into "
                             "the program (there is none under a sanitizer)"});
    return *alloc::detail::heap_counter;
}

}  // namespace

bool counts_heap_calls() noexcept { return alloc::detail::heap_counter != nullptr; }
std::size_t heap_calls() { return counter().calls(); }
std::size_t heap_blocks() { return counter().blocks(); }
std::size_t mmap_calls() { return counter().maps(); }

HeapWatch::HeapWatch() { (void)counter(); }

void HeapWatch::begin() noexcept {
    watching_ = true;
    alloc::detail::heap_counter->set_watch(this);
}

void HeapWatch::end() noexcept {
    if (watching_) alloc::detail::heap_counter->set_watch(nullptr);
    watching_ = false;
}

void HeapWatch::note(const void* frame) noexcept {
    if (calls_++ != 0) return;
    const auto frames = alloc::detail::stack_frames(alloc::detail::capture_stack(frame, most_frames));
    stack_size_ = std::min(frames.size(), stack_.size());
    std::copy_n(frames.begin(), stack_size_, stack_.begin());
}

std::string HeapWatch::first_stack(unsigned frames) const {
    if (calls_ == 0) return {};
    alloc::detail::TextWriter out{-1};
    alloc::detail::write_stack(out, std::span{stack_}.first(stack_size_), frames);
    return std::string{out.text()};
}

}  // namespace testing
}  // namespace zigmund::alloc::inline v0
