#include "exchange.hpp"

#include <utility>

#include "log.hpp"

namespace zigmund::http {

void Exchange::finish() noexcept {
    if (!request_) return;
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
    request_->background_tasks().clear();
    request_->job().end(error);
}

}  // namespace zigmund::http
