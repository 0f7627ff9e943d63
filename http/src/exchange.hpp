// Exchange: what one request needs from its first byte to the end of its response, kept warm for the next.
//
// A worker has as many as it serves requests at once, not one a connection: an idle connection holds no block
// to read into, and requests that are served one after the other share one that the cache knows.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/arena.hpp>
#include <zigmund/http/request.hpp>

#include <array>
#include <cstddef>
#include <optional>

#include "request_reader.hpp"

namespace zigmund::http {

class Exchange {
  public:
    Exchange(alloc::Allocator upstream, std::size_t max_body) noexcept
        : arena_{upstream, {.first_chunk = first_chunk}}, reader_{block_, max_body} {}

    /// A fresh request on an empty arena.
    Request& begin() noexcept { return request_.emplace(arena_.allocator()); }

    /// All that belongs to the request is gone but what was read behind it; the arena keeps up to `retain`
    /// bytes.
    void end(std::size_t retain) noexcept {
        reader_.release();
        request_.reset();
        arena_.reset(alloc::Reset::retain_with_limit(retain));
    }

    [[nodiscard]] Request& request() noexcept { return *request_; }
    [[nodiscard]] RequestReader& reader() noexcept { return reader_; }
    [[nodiscard]] alloc::Arena& arena() noexcept { return arena_; }

    Exchange* next_free = nullptr;

  private:
    static constexpr std::size_t first_chunk = 4096;

    alloc::Arena arena_;
    std::optional<Request> request_;
    RequestReader reader_;
    std::array<char, RequestReader::block_size> block_;
};

}  // namespace zigmund::http
