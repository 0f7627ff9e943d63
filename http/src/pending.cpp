#include <zigmund/http/pending.hpp>

#include <stdexcept>
#include <utility>

namespace zigmund::http::inline v0::detail {

/// What `f` returns, or throws.
template <class F>
void Pending::attempt(F&& f) noexcept {
    try {
        response_ = f();
    } catch (...) {
        error_ = std::current_exception();
    }
}

Response Pending::take() {
    if (state_ != State::settled)
        throw std::logic_error(
            "zigmund: this answer is gone: a pending Response is awaited once, while its request waits for "
            "it");
    const Response response = response_;
    std::exception_ptr error = std::move(error_);
    end();
    if (error != nullptr) std::rethrow_exception(std::move(error));
    return response;
}

Response Pending::take_result() {
    attempt([this] { return result(); });
    // What it has called and does not wait for must not outlive what is torn down after it.
    if (response_.pending() == nullptr) cancel(request_, this);
    state_ = State::settled;
    return take();
}

bool Pending::await(Owner& owner) noexcept {
    owner_ = &owner;
    // One that is gone, or that awaits itself, is not there: take() says so.
    return state_ == State::gone || state_ == State::settling || settle();
}

void Pending::resume(TaskPromise& promise) {
    if (TaskPromise::run(&promise)) return answered();
    begin_all(request_);
}

void Pending::answered() {
    state_ = State::back;
    go_on();
}

void Pending::go_on() {
    if (owner_ != nullptr && (abandoned_ || settle())) return owner_->on_answered();
    begin_all(request_);
}

/// Does what is to be done with the answer, as far as it is known. False: it is not there.
bool Pending::settle() noexcept {
    if (state_ == State::back) {
        attempt([this] { return result(); });
        // What the handler has left goes before the dependencies that it used.
        destroy();
    } else if (state_ != State::settled) {
        return false;
    }
    state_ = State::settling;
    while (true) {
        if (error_ == nullptr && response_.pending() != nullptr) {
            if (!response_.pending()->await(*this)) break;
            attempt([this] { return response_.resolved(); });
        }
        if (first_ == nullptr) break;
        Step& step = *std::exchange(first_, first_->next);
        attempt([&] { return step.run(step, request_, response_, error_); });
    }
    state_ = State::settled;
    return error_ != nullptr || response_.pending() == nullptr;
}

void Pending::end() noexcept {
    Pending** link = &request_.pending_;
    while (*link != this) link = &(*link)->older_;
    *link = older_;
    state_ = State::gone;
    error_ = nullptr;
    destroy();
}

void Pending::cancel(Request& request, const Pending* last, const Pending* spared) noexcept {
    const std::uint32_t limit = last == nullptr ? 0 : last->number_;
    for (Pending* pending = request.pending_; pending != nullptr && pending->number_ > limit;) {
        Pending* const older = pending->older_;
        if (pending != spared) pending->end();
        pending = older;
    }
}

/// Whether all that wait for each other, from this one on, end at somebody who wants the request's answer.
bool Pending::is_wanted() const noexcept {
    const Owner* owner = owner_;
    while (owner != nullptr && owner->waiting() != nullptr) owner = owner->waiting()->owner_;
    return owner != nullptr;
}

/// Whether it may go on at any time: it is a coroutine, and does not wait for another of these.
bool Pending::may_run() const noexcept {
    if (state_ != State::working) return false;
    for (const Pending* other = request_.pending_; other != nullptr; other = other->older_)
        if (other->owner_ != nullptr && other->owner_->waiting() == this) return false;
    return true;
}

void Pending::begin_all(Request& request) noexcept {
    Pending* next = nullptr;
    for (Pending* pending = request.pending_; pending != nullptr; pending = pending->older_)
        if (pending->state_ == State::asleep && pending->is_wanted()) next = pending;
    if (next == nullptr) return;
    // All that is wanted waits for it. What else has been begun would go on while another thread uses the
    // request.
    for (Pending* pending = request.pending_; pending != nullptr;) {
        Pending* const older = pending->older_;
        if (pending->may_run()) pending->end();
        pending = older;
    }
    next->state_ = State::elsewhere;
    next->begin_elsewhere();
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
        if (pending->state_ == State::elsewhere) return true;
    return false;
}

void Pending::abandon_all(Request& request, Owner& owner) noexcept {
    for (Pending* pending = request.pending_; pending != nullptr; pending = pending->older_) {
        pending->owner_ = &owner;
        pending->abandoned_ = true;
    }
}

}  // namespace zigmund::http::inline v0::detail
