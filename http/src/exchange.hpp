// Exchange: what one request needs while it is served, kept warm for the next.
//
// A worker holds as many as it serves requests at once, not one a connection: idle connections have none.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/arena.hpp>
#include <zigmund/http/request.hpp>

#include <cstddef>
#include <optional>

namespace zigmund::http {

class Exchange {
  public:
    explicit Exchange(alloc::Allocator upstream) noexcept : arena_{upstream, {.first_chunk = first_chunk}} {}

    /// A fresh request on an empty arena.
    Request& begin() noexcept { return request_.emplace(arena_.allocator()); }

    /// All that belongs to the request is gone; the arena keeps up to `retain` bytes.
    void end(std::size_t retain) noexcept {
        request_.reset();
        arena_.reset(alloc::Reset::retain_with_limit(retain));
    }

    [[nodiscard]] Request& request() noexcept { return *request_; }
    [[nodiscard]] alloc::Arena& arena() noexcept { return arena_; }

    Exchange* next_free = nullptr;

  private:
    static constexpr std::size_t first_chunk = 4096;

    alloc::Arena arena_;
    std::optional<Request> request_;
};

}  // namespace zigmund::http
