// Exchange: what one request needs from its first byte to the end of its response, kept warm for the next.
//
// A worker has as many as it serves requests at once, not one a connection: an idle connection holds no block
// to read into, and requests that are served one after the other share one that the cache knows.
//
// What follows the response has one order: those who want to know that it was sent, background tasks, then
// the teardown of the request's dependencies, the newest first, then the reset of the arena.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/arena.hpp>
#include <zigmund/http/client.hpp>
#include <zigmund/http/pending.hpp>
#include <zigmund/http/request.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "request_reader.hpp"
#include "thread_pool.hpp"

namespace zigmund::http::inline v0 {

class Worker;

class Exchange final : private ThreadPool::Work, private detail::Pending::Owner {
  public:
    /// With an App, requests are routed before their bodies are read: see RequestReader. `arena`: for tests,
    /// which have each allocation fail.
    Exchange(alloc::Allocator upstream, const BodyLimits& limits, const App* app = nullptr,
             alloc::ArenaOptions arena = {.first_chunk = 4096}) noexcept
        : upstream_{upstream}, arena_{upstream, arena}, reader_{block_, limits, app} {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() {
        finish();
        upstream_.free(outside_);
    }

    /// A fresh request on an empty arena, from `client`, of which it has a copy: a connection may be gone
    /// while another thread is still in the request. Null: from nobody with an address.
    Request& begin(const Client* client = nullptr) noexcept {
        Request& request = request_.emplace(arena_.allocator(), context);
        if (client != nullptr) client_ = *client;
        request.client_ = client != nullptr ? &client_ : nullptr;
        return request;
    }

    /// The response was sent, or nobody is left to send it to: says so to those who wait for it
    /// (Request::on_sent), runs the background tasks and tears down what the dependencies have set up. The
    /// request's bytes must still be there. Once a request; again, it does nothing.
    void finish() noexcept;

    /// Whether finish() has something to do, which is not to be done before the response was sent.
    [[nodiscard]] bool has_more_to_do() noexcept {
        return !request_->background_tasks().empty() || request_->job().entered();
    }

    /// finish(), if that has not been; then all that belongs to the request is gone but what was read behind
    /// it, and the arena keeps up to `retain` bytes.
    void end(std::size_t retain) noexcept {
        finish();
        reader_.release();
        request_.reset();
        arena_.reset(alloc::Reset::retain_with_limit(retain));
        if (!outside_.empty()) [[unlikely]]
            upstream_.free(std::exchange(outside_, {}));
    }

    /// The request failed after its handler had answered: there is no response to send. Drops the background
    /// tasks and tears down, with `error`.
    void fail(std::exception_ptr error) noexcept;

    /// The client left before so many bytes of the body were sent.
    void unsent(std::size_t size) noexcept {
        if (request_) request_->sent_.body -= size;
    }

    // ---- handlers that block ----

    /// Whether a thread of the pool uses it: then nobody else may.
    [[nodiscard]] bool is_elsewhere() const noexcept {
        return finishes_ || (request_ && detail::Pending::any_elsewhere(*request_));
    }
    /// finish(), by a thread of the pool, which then tells `owner`.
    void finish_elsewhere(detail::Pending::Owner& owner) noexcept;
    /// Whether what follows the response is for a thread of the pool.
    [[nodiscard]] bool ends_elsewhere() noexcept {
        return request_ && request_->does_end_on_pool() && has_more_to_do();
    }
    /// finish(), by a thread of the pool; the worker has it back then.
    void finish_elsewhere(Worker& worker) noexcept {
        abandoned_by_ = &worker;
        finish_elsewhere(static_cast<detail::Pending::Owner&>(*this));
    }
    /// Nobody waits for its answer any more: ends the coroutines, then as fail(), with Cancelled. When no
    /// thread of the pool is in it, and, if its handler blocks, by one of them; the worker has it back then.
    void abandon(Worker& worker) noexcept;
    /// A copy of `text`, until end(), which does not touch the arena. Throws std::bad_alloc.
    [[nodiscard]] std::string_view keep_outside(std::string_view text) {
        outside_ = upstream_.alloc<char>(text.size());
        std::ranges::copy(text, outside_.begin());
        return {outside_.data(), outside_.size()};
    }

    [[nodiscard]] Request& request() noexcept { return *request_; }
    [[nodiscard]] RequestReader& reader() noexcept { return reader_; }
    [[nodiscard]] alloc::Arena& arena() noexcept { return arena_; }

    const detail::TaskContext* context = nullptr;  ///< what the requests' Tasks wait with
    Response awaited;                              ///< that is not there yet
    Exchange* next_free = nullptr;

  private:
    void work() noexcept override;
    void on_posted() override;
    void on_answered() override;
    void cancel() noexcept;
    void hand_over() noexcept;

    alloc::Allocator upstream_;
    alloc::Arena arena_;
    Client client_;
    std::optional<Request> request_;
    std::span<char> outside_;
    detail::Pending::Owner* owner_ = nullptr;  ///< who waits for finish_elsewhere()
    Worker* abandoned_by_ = nullptr;
    bool finishes_ = false;   ///< a thread of the pool is in finish(), or in cancel()
    bool cancelled_ = false;  ///< and it is cancel()
    RequestReader reader_;
    std::array<char, RequestReader::block_size> block_;
};

}  // namespace zigmund::http::inline v0
