// LocalLoop: what Tasks wait with where there is no server: the thread waits with them. For TestClient and
// tests that serve requests in process.
//
//     LocalLoop loop;
//     Exchange exchange{...};
//     exchange.context = &loop.context();
//     const Response response = loop.wait(app.respond(exchange.begin()));
//
// What is blocking() runs where it is called. Threads: one. Cost: two descriptors.
#pragma once

#include <zigmund/http/pending.hpp>

#include "event_loop.hpp"

namespace zigmund::http::inline v0 {

class LocalLoop {
  public:
    [[nodiscard]] const detail::TaskContext& context() const noexcept { return context_; }

    /// The answer, when it is there; until then, whatever waits goes on. Throws what Response::resolved()
    /// does.
    [[nodiscard]] Response wait(const Response& response) {
        if (response.pending() == nullptr) return response;
        Answered answered;
        response.pending()->notify(&answered);
        detail::Pending::begin_all(response.pending()->request());
        while (!answered.is) loop_.run_once();
        return response.resolved();
    }

  private:
    struct Answered final : detail::Pending::Owner {
        void on_answered() override { is = true; }
        bool is = false;
    };

    EventLoop loop_;
    detail::TaskContext context_{.loop = loop_, .pool = nullptr};
};

}  // namespace zigmund::http::inline v0
