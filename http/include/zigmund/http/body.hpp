// Body: the JSON body of a request, as a value.
//
//     struct Item { std::string_view name; double price; bool in_stock = true; };
//     BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock))
//     http::Response create_item(http::Body<Item> item, alloc::Allocator arena);
//     http::Response buy(http::Body<Item, "item"> item, http::Body<User, "user"> user);
//
// Without a name it is the whole body, and the handler's only one. With a name it is the member of that name:
// `buy` takes {"item":{...},"user":{...}}.
//
//     scalars (see Path), std::string_view, std::pmr::string
//     std::optional<U>                                  null, or a U
//     std::span<const U>, std::pmr::vector<U>           arrays
//     std::pmr::map<std::string_view, V>                objects whose names are data
//     structs that BOOST_DESCRIBE_STRUCT describes      objects; see json_model.hpp for what they can say
//     std::variant<Cat, Dog>                            objects told apart by an http::Literal
//     boost::json::value                                anything
//
// A member that the body lacks keeps its value; one without a value is required. Every required member that
// is missing and every value that does not fit is reported, all of them at once, as FastAPI does. A body
// nests at most 64 levels deep, and an object has at most 1024 members.
//
// All memory is the request's arena, and all of it is good for as long as the request: text is a view into
// the body as it was received, or, with escapes, into the arena. A struct that holds containers (pmr) instead
// of spans is looked at less closely by the compiler: its numbers need an initialiser, or are optional.
//
// Threads: one. Cost: one pass over the text, straight into the value (json_scan.hpp); a body that is refused
// costs a document besides.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/fixed_string.hpp>
#include <zigmund/http/json_document.hpp>
#include <zigmund/http/json_scan.hpp>
#include <zigmund/http/parameter.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0 {

/// The request's body as a T; with a name, the member of the body that has this name.
template <class T, FixedString Name = "">
class Body : public detail::ParameterValue<T> {
    static_assert(detail::check_readable<T>());
    static_assert(std::is_default_constructible_v<T>, "zigmund: Body<T>: T needs a default constructor");

  public:
    /// Empty: it is the whole body.
    static constexpr std::string_view name = Name.view();
    using detail::ParameterValue<T>::ParameterValue;
};

namespace detail {

template <class P>
struct IsBody : std::false_type {};
template <class T, FixedString Name>
struct IsBody<Body<T, Name>> : std::true_type {};

template <class P>
inline constexpr bool is_named_body = false;
template <class T, FixedString Name>
inline constexpr bool is_named_body<Body<T, Name>> = !Name.view().empty();

/// A request's body, as its Body parameters ask for it one after the other.
class ZIGMUND_EXPORT BodySource {
  public:
    BodySource(const Request& request, ValidationErrors& errors) noexcept
        : request_{request}, errors_{errors} {}

    template <class P>
    P get() {
        using T = typename P::zigmund_parameter;
        std::optional<T> value = make<T>();
        if (!take<P>(*value)) [[unlikely]] {
            value = make<T>();
            bind<P>(*value);
        }
        return P{*std::move(value)};
    }

    /// The answer to a body that is no text at all; empty: it is text, or nobody has asked.
    [[nodiscard]] const std::optional<Response>& refused() const noexcept { return refused_; }
    /// Whether what is wrong with it was said once for all: no parameter gets a value from it.
    [[nodiscard]] bool failed() const noexcept { return state_ == State::refused; }

  private:
    /// `other`: there is none, or one that is not JSON. `refused`: what is wrong with it was said.
    enum class State : std::uint8_t { unread, json, other, refused };

    template <class T>
    [[nodiscard]] std::optional<T> make() const {
        std::optional<T> value{std::in_place};
        adopt(*value, request_.allocator());
        return value;
    }

    template <class P>
    bool take(typename P::zigmund_parameter& value) {
        if (state_ == State::unread) begin();
        if (state_ != State::json) return false;
        JsonCursor in{text_, request_.allocator()};
        if constexpr (P::name.empty()) {
            return in.peek() != 'n' && scan(in, value) && in.at_end();
        } else {
            return scan_named(in, P::name, [&] { return in.peek() != 'n' && scan(in, value); }) &&
                   in.at_end();
        }
    }

    template <class P>
    [[gnu::cold, gnu::noinline]] void bind(typename P::zigmund_parameter& value) {
        const std::optional<JsonInput> input =
            find(P::name, IsOptional<typename P::zigmund_parameter>::value);
        if (!input) return;
        const Location body{nullptr, std::string_view{"body"}};
        const Location member{&body, P::name};
        DocumentBinder{request_.allocator(), errors_}.bind(*input, value, P::name.empty() ? body : member);
    }

    void begin() noexcept;
    /// The value of the member `name`, or of the whole body. Empty: there is none, which is said unless it is
    /// `optional`.
    [[nodiscard, gnu::cold]] std::optional<JsonInput> find(std::string_view name, bool optional);
    [[gnu::cold]] void parse();

    const Request& request_;
    ValidationErrors& errors_;
    State state_ = State::unread;
    std::string_view text_;  ///< of the body, without a byte order mark
    const boost::json::value* document_ = nullptr;
    std::optional<Response> refused_;
};

}  // namespace detail
}  // namespace zigmund::http::inline v0
