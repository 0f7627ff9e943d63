#include "exchange.hpp"

#include <zigmund/http/pending.hpp>

#include <utility>

#include "log.hpp"
#include "worker.hpp"

namespace zigmund::http::inline v0 {

void Exchange::finish() noexcept {
    if (!request_) return;
    // What a middleware has asked for and then not waited for.
    if (request_->pending() != nullptr) [[unlikely]]
        detail::Pending::cancel(*request_);
    if (request_->sent_hooks_ != nullptr) request_->end_sending(arena_.bytes_used());
    std::exception_ptr error;
    if (!request_->background_tasks().empty()) {
        try {
            request_->background_tasks().run();
        } catch (...) {
            error = std::current_exception();
        }
    }
    request_->job().end(error);
    log_exception(*request_, error, "after the response");
}

void Exchange::fail(std::exception_ptr error) noexcept {
    detail::Pending::cancel(*request_);
    request_->background_tasks().clear();
    request_->job().end(error);
}

void Exchange::cancel() noexcept { fail(std::make_exception_ptr(Cancelled{})); }

void Exchange::finish_elsewhere(detail::Pending::Owner& owner) noexcept {
    // What waits does so on the request's worker, and who waits for the end of the sending is told there.
    detail::Pending::cancel(*request_);
    if (request_->sent_hooks_ != nullptr) request_->end_sending(arena_.bytes_used());
    owner_ = &owner;
    hand_over();
}

void Exchange::hand_over() noexcept {
    finishes_ = true;
    context->pool->submit_rest(*this, context->loop);
}

void Exchange::work() noexcept { cancelled_ ? cancel() : finish(); }

void Exchange::on_posted() {
    finishes_ = false;
    owner_->on_answered();
}

void Exchange::abandon(Worker& worker) noexcept {
    abandoned_by_ = &worker;
    owner_ = this;
    if (finishes_) return;
    if (detail::Pending::any_elsewhere(*request_)) return detail::Pending::abandon_all(*request_, *this);
    on_answered();
}

/// No thread of the pool is in it any more, and nobody waits for it.
void Exchange::on_answered() {
    detail::Pending::cancel(*request_);
    if (ends_elsewhere()) {
        cancelled_ = true;
        return hand_over();
    }
    cancel();
    cancelled_ = false;
    abandoned_by_->take_back(this);
}

}  // namespace zigmund::http::inline v0
