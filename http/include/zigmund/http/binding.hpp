// Binding: a request as the provider of a handler's parameters.
//
// It resolves, from left to right, `Path`, `Query`, `Header`, `Cookie`, `Form`, `File`, `Body`, security schemes,
// `Request&` and `alloc::Allocator` (the request's arena). What does not fit is collected; the handler is called
// only if nothing was. A security scheme without credentials ends the request at once, with 401.
//
// Threads: one. Cost: that of the parameters; no allocation for a request without errors, escapes or body.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/background_tasks.hpp>
#include <zigmund/http/body.hpp>
#include <zigmund/http/file.hpp>
#include <zigmund/http/http_error.hpp>
#include <zigmund/http/parameter.hpp>
#include <zigmund/http/parameter_binder.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>
#include <zigmund/http/security.hpp>
#include <zigmund/http/validation_error.hpp>
#include <zigmund/inject.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace zigmund::http::inline v0 {

namespace detail {

template <class P>
struct IsPath : std::false_type {};
template <class T, FixedString Name, class... Cs>
struct IsPath<Path<T, Name, Cs...>> : std::true_type {};

/// A parameter by value or by const reference is made for the call; others name what is there.
template <class P>
using MadeFor =
    std::conditional_t<std::is_lvalue_reference_v<P> && std::is_const_v<std::remove_reference_t<P>>,
                       std::remove_cvref_t<P>, P>;

/// Stands in messages for a struct of the user's.
struct YourDescribedStruct;

}  // namespace detail

class Binding {
  public:
    /// For error messages: what a handler may take.
    using allowed =
        inject::Allowed<Request&, alloc::Allocator, Path<int, "name">, Query<int, "name">,
                        Query<std::optional<int>, "name">, Query<int, "name", Default<10>>,
                        Header<int, "name">, Cookie<int, "name">, Form<detail::YourDescribedStruct>,
                        File<"name">, Body<detail::YourDescribedStruct>,
                        Body<detail::YourDescribedStruct, "name">, BackgroundTasks&>;

    /// Whether a parameter may be a P. By const reference is what may be had by value.
    template <class P>
    static constexpr bool provides =
        std::same_as<P, Request&> || std::same_as<P, const Request&> || std::same_as<P, BackgroundTasks&> ||
        std::same_as<detail::MadeFor<P>, alloc::Allocator> || detail::SourceBound<detail::MadeFor<P>> ||
        detail::IsBody<detail::MadeFor<P>>::value || detail::IsFile<detail::MadeFor<P>>::value ||
        detail::SecurityParameter<detail::MadeFor<P>>;

    /// Compile errors that say what to write instead of a P that it does not provide.
    template <std::size_t Position, class P>
    static constexpr void explain() {
        using T = std::remove_cvref_t<P>;
        static_assert(!std::same_as<P, Request>,
                      "zigmund: a handler takes the request by reference: write http::Request&");
        static_assert(!std::same_as<T, BackgroundTasks>,
                      "zigmund: background tasks are added to by reference: write http::BackgroundTasks&");
        static_assert(!std::same_as<P, alloc::Allocator&>,
                      "zigmund: a handler takes its allocator by value: write alloc::Allocator");
        static_assert(
            !Scalar<T>,
            "zigmund: a handler's plain value needs a place to come from: write http::Path<T, \"name\"> or "
            "http::Query<T, \"name\">");
        static_assert(!std::same_as<T, Upload>,
                      "zigmund: a file needs the name of its field in the form: write http::File<\"name\">");
        static_assert(!detail::Described<T> || detail::Parameter<T>,
                      "zigmund: a handler takes a struct from the body: write http::Body<T>");
        static_assert(
            !detail::Parameter<T>,
            "zigmund: a handler takes Path, Query, Header, Cookie, Form, File, Body and security schemes by "
            "value or by const reference");
    }

    /// `request` outlives it.
    explicit Binding(Request& request) noexcept
        : request_{request}, errors_{request.allocator()}, body_{request, errors_} {}

    /// The argument. What is wrong with the request is noted: good() is false then, and the value one that no
    /// handler may see. Throws HttpError for missing credentials and for a form that is refused (file.hpp),
    /// std::system_error if the files of a form cannot be stored, std::bad_alloc.
    template <class P>
        requires provides<P>
    decltype(auto) provide() {
        using M = detail::MadeFor<P>;
        if constexpr (std::same_as<P, Request&> || std::same_as<P, const Request&>) {
            return static_cast<P>(request_);
        } else if constexpr (std::same_as<P, BackgroundTasks&>) {
            return static_cast<P>(request_.background_tasks());
        } else if constexpr (std::same_as<M, alloc::Allocator>) {
            return request_.allocator();
        } else if constexpr (detail::SourceBound<M>) {
            if constexpr (M::source == detail::Source::form) detail::prepare_form(request_);
            return detail::ParameterBinder{request_, errors_}.get<M>();
        } else if constexpr (detail::IsFile<M>::value) {
            detail::prepare_form(request_);
            return detail::ParameterBinder{request_, errors_}.file<M>();
        } else if constexpr (detail::SecurityParameter<M>) {
            return M::of(request_);
        } else {
            return body<M>();
        }
    }

    /// Whether the handler may be called.
    [[nodiscard]] bool good() const noexcept { return errors_.empty() && !body_.refused(); }
    /// The answer in its place. Throws it, as RequestValidationError, when there are dependencies that wait
    /// for how the request ends, or an exception handler for it.
    [[nodiscard, gnu::cold]] Response refusal() const {
        const Response response = body_.refused() ? *body_.refused() : errors_.response(request_.echo_input_);
        if (request_.waits_for_failure() || request_.throws_refusals_) throw RequestValidationError{response};
        return response;
    }

    /// How much is wrong so far: what inject::Resolver asks of a provider, as the two below.
    [[nodiscard]] std::size_t failures() const noexcept { return errors_.added() + failed_bodies_; }
    /// What is found wrong from here on is of another function, and stands behind.
    void begin_function() noexcept { errors_.begin_section(); }
    /// What the application has replaced for tests; null: nothing.
    [[nodiscard]] const inject::Overrides<Binding>* overrides() const noexcept { return request_.overrides_; }

  private:
    template <class P>
    P body() {
        P value = body_.get<P>();
        if (body_.failed()) [[unlikely]]
            ++failed_bodies_;
        return value;
    }

    Request& request_;
    ValidationErrors errors_;
    detail::BodySource body_;
    std::size_t failed_bodies_ = 0;  ///< how often one was asked for of which all is wrong
};

}  // namespace zigmund::http::inline v0
