// ErrorHandlers: what is answered to an exception, by its type or by the status that it means.
//
//     app.on_exception<OutOfStock>([](const OutOfStock& error, alloc::Allocator arena) {
//         return http::Response::json(arena, {{"sku", error.sku}}).with_status(http::Status::conflict);
//     });
//     app.on_status(http::Status::not_found, [] { return http::Response::html("<h1>Nothing here</h1>"); });
//
// A handler takes any of: the exception by const reference, http::Request&, alloc::Allocator; for a status
// the exception is an HttpError. It returns what a request's handler may.
//
// An HttpError, which is also what the router's 404 and 405 are, goes to the handler of its status, then to
// one of its type, else it is answered as it says. Any other exception goes to the handler of the most
// derived of its types. One that nobody handles is a line on stderr and a 500, which is the business of the
// handler of Status::internal_server_error.
//
// Threads: register before serving; handlers are called from all workers. Cost: a few rethrows in the case of
// an exception.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/answer.hpp>
#include <zigmund/http/http_error.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>
#include <zigmund/inject.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

class ZIGMUND_EXPORT ErrorHandlers {
  public:
    /// `allocator` outlives this.
    explicit ErrorHandlers(alloc::Allocator allocator) noexcept : allocator_{allocator} {}
    ErrorHandlers(const ErrorHandlers&) = delete;
    ErrorHandlers& operator=(const ErrorHandlers&) = delete;
    ~ErrorHandlers();

    /// Handles exceptions of type E and of those derived from it. The last one given for a type counts.
    /// Throws std::bad_alloc.
    template <class E, class F>
    void add(F&& f) {
        using Function = std::decay_t<F>;
        check<E, Function>();
        Entry& entry = insert([] { throw static_cast<E*>(nullptr); },
                              [](void (*throw_pointer)()) {
                                  try {
                                      throw_pointer();
                                  } catch (E*) {
                                      return true;
                                  } catch (...) {
                                      return false;
                                  }
                                  return false;
                              });
        entry.group = std::is_base_of_v<HttpError, E>                ? Group::http_error
                      : std::is_base_of_v<RequestValidationError, E> ? Group::validation
                                                                     : Group::other;
        entry.handle = [](const void* function, Request& request,
                          const std::exception_ptr& error) -> std::optional<Response> {
            try {
                std::rethrow_exception(error);
            } catch (const E& caught) {
                return call(*static_cast<const Function*>(function), caught, request);
            } catch (...) {
                return std::nullopt;
            }
        };
        keep<Function>(entry, std::forward<F>(f));
    }

    /// Handles HttpErrors of a status. The last one given for a status counts. Throws std::bad_alloc.
    template <class F>
    void add(Status status, F&& f) {
        using Function = std::decay_t<F>;
        check<HttpError, Function>();
        Entry& entry = insert(nullptr, nullptr);
        entry.group = Group::status;
        entry.status = status;
        entry.handle_status = [](const void* function, Request& request, const HttpError& error) {
            return call(*static_cast<const Function*>(function), error, request);
        };
        keep<Function>(entry, std::forward<F>(f));
    }

    /// Whether there is one for an HttpError of that status.
    [[nodiscard]] bool handles(Status status) const noexcept;
    /// Whether there is one for the refusal of a request's parameters.
    [[nodiscard]] bool handles_validation() const noexcept { return handles_validation_; }

    /// The answer to `error`, of a handler or as HttpError and RequestValidationError say; empty if nobody
    /// has one. Throws what a handler throws, std::bad_alloc.
    [[nodiscard]] std::optional<Response> answer(Request& request, const std::exception_ptr& error) const;
    /// The answer of the handler of `error`'s status, if there is one.
    [[nodiscard]] std::optional<Response> answer_status(Request& request, const HttpError& error) const;

  private:
    enum class Group : std::uint8_t { status, http_error, validation, other };

    struct Entry {
        Entry* next = nullptr;
        Group group = Group::other;
        Status status = Status::ok;
        bool (*catches)(void (*throw_pointer)()) = nullptr;
        std::optional<Response> (*handle)(const void*, Request&, const std::exception_ptr&) = nullptr;
        Response (*handle_status)(const void*, Request&, const HttpError&) = nullptr;
        void* function = nullptr;
        void (*destroy)(alloc::Allocator, void*) noexcept = nullptr;
    };

    template <class E, class F>
    static constexpr void check() {
        static_assert(inject::check<F, inject::Context<const E&, Request&, alloc::Allocator>>());
        static_assert(
            Answer<inject::Result<F>>,
            "zigmund: an exception handler returns what a handler may: an http::Response, or a value that "
            "can be written as JSON");
    }

    template <class F, class E>
    static Response call(const F& function, const E& error, Request& request) {
        inject::Context<const E&, Request&, alloc::Allocator> context{error, request, request.allocator()};
        return detail::answer(request,
                              [&]() -> inject::Result<F> { return inject::call(function, context); });
    }

    template <class F, class G>
    void keep(Entry& entry, G&& function) {
        entry.function = allocator_.create<F>(std::forward<G>(function));
        entry.destroy = [](alloc::Allocator allocator, void* kept) noexcept {
            allocator.destroy(static_cast<F*>(kept));
        };
        handles_validation_ = handles_validation_ || entry.group == Group::validation;
    }

    Entry& insert(void (*throw_pointer)(), bool (*catches)(void (*)()));
    [[nodiscard]] std::optional<Response> of_group(Group group, Request& request,
                                                   const std::exception_ptr& error) const;

    alloc::Allocator allocator_;
    Entry* first_ = nullptr;
    bool handles_validation_ = false;
};

}  // namespace zigmund::http::inline v0
