#include <zigmund/http/pending.hpp>

#include <stdexcept>

namespace zigmund::http::detail {

Response Pending::take() {
    std::exception_ptr error;
    Response response;
    try {
        response = result();
    } catch (...) {
        error = std::current_exception();
    }
    // What the handler has left goes before the dependencies that it used.
    end();
    for (Step* step = first_; step != nullptr; step = step->next) {
        try {
            response = step->run(*step, request_, response, error);
        } catch (...) {
            error = std::current_exception();
        }
    }
    if (error != nullptr) std::rethrow_exception(std::move(error));
    return response;
}

void Pending::end() noexcept {
    Pending** link = &request_.pending_;
    while (*link != this) link = &(*link)->older_;
    *link = older_;
    destroy();
}

void end_failed(Request& request, std::exception_ptr& error) noexcept {
    request.background_tasks().clear();
    request.job().end(error);
    if (error == nullptr)
        error =
            std::make_exception_ptr(std::logic_error("zigmund: a dependency caught an exception and threw "
                                                     "nothing, so there is no answer: let it throw again"));
}

bool Pending::any_elsewhere(const Request& request) noexcept {
    for (const Pending* pending = request.pending_; pending != nullptr; pending = pending->older_)
        if (pending->is_elsewhere()) return true;
    return false;
}

}  // namespace zigmund::http::detail
