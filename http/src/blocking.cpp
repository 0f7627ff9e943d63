#include <zigmund/http/blocking.hpp>
#include <zigmund/http/http_error.hpp>
#include <zigmund/http/pending.hpp>

#include <exception>
#include <utility>

#include "thread_pool.hpp"

namespace zigmund::http::inline v0::detail {
namespace {

/// The answer of a handler that runs on the pool.
class PoolAnswer final : public Pending, public ThreadPool::Work {
  public:
    PoolAnswer(Request& request, const Endpoint& endpoint) noexcept
        : Pending{request, State::asleep}, endpoint_{endpoint} {}

    void begin_elsewhere() noexcept override {
        const TaskContext& context = *request().context();
        if (context.pool->submit(*this, context.loop)) return;
        // The answer comes by the same way as others: who waits is not told while he begins to.
        failure_ = std::make_exception_ptr(HttpError{Status::service_unavailable});
        context.loop.post(*this);
    }

    void work() noexcept override {
        try {
            answer_ = endpoint_.invoke(endpoint_.handler, request());
            request().job().end_function(failure_);
        } catch (...) {
            failure_ = std::current_exception();
        }
        if (failure_ != nullptr) end_failed(request(), failure_);
    }
    void on_posted() override { answered(); }

  private:
    Response result() override {
        if (failure_ != nullptr) std::rethrow_exception(std::move(failure_));
        return answer_;
    }
    void destroy() noexcept override { failure_ = nullptr; }

    const Endpoint& endpoint_;
    Response answer_;
    std::exception_ptr failure_;
};

}  // namespace

Response begin_blocking(const void* stored, Request& request) {
    const Endpoint& endpoint = static_cast<const StoredBlocking*>(stored)->endpoint;
    if (request.context() == nullptr || request.context()->pool == nullptr)
        return endpoint.invoke(endpoint.handler, request);
    request.ends_on_pool();
    return Response{*request.allocator().create<PoolAnswer>(request, endpoint)};
}

void destroy_blocking(alloc::Allocator allocator, void* stored) noexcept {
    auto* const blocking = static_cast<StoredBlocking*>(stored);
    blocking->endpoint.destroy(allocator, blocking->endpoint.handler);
    allocator.destroy(blocking);
}

}  // namespace zigmund::http::inline v0::detail
