#include <zigmund/http/error_handlers.hpp>

namespace zigmund::http::inline v0 {

Response detail::refuse(Request& request, const HttpError& error) {
    if (request.waits_for_failure()) throw HttpError{error};
    request.background_tasks().clear();
    return error.response(request.allocator());
}

ErrorHandlers::~ErrorHandlers() {
    while (first_ != nullptr) {
        Entry* const entry = std::exchange(first_, first_->next);
        if (entry->function != nullptr) entry->destroy(allocator_, entry->function);
        allocator_.destroy(entry);
    }
}

/// Before the first one whose type is a base of the new one's, or the same: derived types stand before their
/// bases. A pointer to an object of a class is caught as one to its base, so that types that do not know of
/// each other can be compared.
ErrorHandlers::Entry& ErrorHandlers::insert(void (*throw_pointer)(), bool (*catches)(void (*)())) {
    Entry** link = &first_;
    if (throw_pointer != nullptr) {
        while (*link != nullptr && ((*link)->catches == nullptr || !(*link)->catches(throw_pointer)))
            link = &(*link)->next;
    }
    Entry* const entry = allocator_.create<Entry>();
    entry->next = *link;
    entry->catches = catches;
    *link = entry;
    return *entry;
}

std::optional<Response> ErrorHandlers::of_group(Group group, Request& request,
                                                const std::exception_ptr& error) const {
    for (const Entry* at = first_; at != nullptr; at = at->next) {
        if (at->group != group || at->function == nullptr) continue;
        if (std::optional<Response> response = at->handle(at->function, request, error)) return response;
    }
    return std::nullopt;
}

bool ErrorHandlers::handles(Status status) const noexcept {
    for (const Entry* at = first_; at != nullptr; at = at->next) {
        if (at->group == Group::http_error || (at->group == Group::status && at->status == status))
            return true;
    }
    return false;
}

std::optional<Response> ErrorHandlers::answer_status(Request& request, const HttpError& error) const {
    for (const Entry* at = first_; at != nullptr; at = at->next) {
        if (at->group == Group::status && at->status == error.status() && at->function != nullptr)
            return at->handle_status(at->function, request, error);
    }
    return std::nullopt;
}

std::optional<Response> ErrorHandlers::answer(Request& request, const std::exception_ptr& error) const {
    try {
        std::rethrow_exception(error);
    } catch (const HttpError& refusal) {
        if (std::optional<Response> response = answer_status(request, refusal)) return response;
        if (std::optional<Response> response = of_group(Group::http_error, request, error)) return response;
        return refusal.response(request.allocator());
    } catch (const RequestValidationError& refusal) {
        if (std::optional<Response> response = of_group(Group::validation, request, error)) return response;
        return refusal.response();
    } catch (...) {
        return of_group(Group::other, request, error);
    }
}

}  // namespace zigmund::http::inline v0
