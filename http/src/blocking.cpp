#include <zigmund/http/blocking.hpp>
#include <zigmund/http/http_error.hpp>
#include <zigmund/http/pending.hpp>

#include <exception>
#include <utility>

#include "thread_pool.hpp"

namespace zigmund::http::detail {
namespace {

/// The answer of a handler that runs on the pool.
class PoolAnswer final : public Pending, public ThreadPool::Work {
  public:
    PoolAnswer(Request& request, const Endpoint& endpoint) noexcept : Pending{request}, endpoint_{endpoint} {}

    void begin_elsewhere() noexcept override {
        if (std::exchange(begun_, true)) return;
        const TaskContext& context = *request().context();
        is_elsewhere_ = true;
        if (context.pool->submit(*this, context.loop)) return;
        // The answer comes by the same way as others: who waits is not told while he begins to.
        error_ = std::make_exception_ptr(HttpError{Status::service_unavailable});
        context.loop.post(*this);
    }
    [[nodiscard]] bool is_elsewhere() const noexcept override { return is_elsewhere_; }

    void work() noexcept override {
        try {
            response_ = endpoint_.invoke(endpoint_.handler, request());
            request().job().end_function(error_);
        } catch (...) {
            error_ = std::current_exception();
        }
        if (error_ != nullptr) end_failed(request(), error_);
    }
    void on_posted() override {
        is_elsewhere_ = false;
        answered();
    }

  private:
    Response result() override {
        if (error_ != nullptr) std::rethrow_exception(std::move(error_));
        return response_;
    }
    void destroy() noexcept override { error_ = nullptr; }

    const Endpoint& endpoint_;
    Response response_;
    std::exception_ptr error_;
    bool begun_ = false;
    bool is_elsewhere_ = false;
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

}  // namespace zigmund::http::detail
