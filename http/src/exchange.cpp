#include "exchange.hpp"

#include <zigmund/http/pending.hpp>

#include <utility>

#include "log.hpp"
#include "worker.hpp"

namespace zigmund::http {

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
    // Who waits for the end of the sending is told on the request's worker, as of any other.
    if (request_->sent_hooks_ != nullptr) request_->end_sending(arena_.bytes_used());
    owner_ = &owner;
    finishes_ = true;
    context->pool->submit_rest(*this, context->loop);
}

void Exchange::on_posted() {
    finishes_ = false;
    owner_->on_answered();
}

void Exchange::abandon(Worker& worker) noexcept {
    abandoned_by_ = &worker;
    owner_ = this;
    for (detail::Pending* pending = request_->pending(); pending != nullptr; pending = pending->older())
        pending->notify(this);
}

void Exchange::on_answered() {
    if (!is_elsewhere()) abandoned_by_->take_back(this);
}

}  // namespace zigmund::http
