// DocumentBinder: a JSON document, bound to a struct with a word for everything that does not fit.
//
// It is asked where scan() has given up: the document is in memory as a whole, so that all errors are found,
// in the order of the struct, each with what the client sent. Of members of the same name, the last counts.
//
// Threads: one. Cost: a look-up a member. Throws: std::bad_alloc.
#pragma once

#include <zigmund/alloc/export.hpp>
#include <zigmund/http/json_model.hpp>
#include <zigmund/http/json_scan.hpp>
#include <zigmund/http/validation_error.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>

namespace zigmund::http::inline v0::detail {

/// A value of the parsed body: boost::json::value, seen from where that is no complete type.
class ZIGMUND_EXPORT JsonInput {
  public:
    explicit JsonInput(const boost::json::value& value) noexcept : value_{&value} {}

    [[nodiscard]] const boost::json::value& get() const noexcept { return *value_; }
    [[nodiscard]] bool is_null() const noexcept;
    /// The text of a string; empty: it is none.
    [[nodiscard]] std::optional<std::string_view> text() const noexcept;

    /// The number of members of an object; empty: it is none.
    [[nodiscard]] std::optional<std::size_t> object_size() const noexcept;
    [[nodiscard]] std::string_view name(std::size_t index) const noexcept;
    [[nodiscard]] JsonInput member(std::size_t index) const noexcept;
    /// The member of that name, of an object; of several, the last. Empty: there is none.
    [[nodiscard]] std::optional<JsonInput> member(std::string_view name) const noexcept;

    /// The number of elements of an array; empty: it is none.
    [[nodiscard]] std::optional<std::size_t> array_size() const noexcept;
    [[nodiscard]] JsonInput element(std::size_t index) const noexcept;

    /// Each reads by pydantic's lax rules; false: `error` says why not.
    [[nodiscard]] bool read(bool& result, ScalarError& error) const noexcept;
    [[nodiscard]] bool read(double& result, ScalarError& error) const noexcept;
    [[nodiscard]] bool read(Integer& result, ScalarError& error) const noexcept;
    [[nodiscard]] bool read(std::string_view& result, ScalarError& error) const noexcept;

    /// A copy in the arena; `result` is constructed anew.
    void copy_to(boost::json::value& result, alloc::Allocator arena) const;

  private:
    const boost::json::value* value_;
};

class ZIGMUND_EXPORT DocumentBinder {
  public:
    DocumentBinder(alloc::Allocator arena, ValidationErrors& errors) noexcept
        : arena_{arena}, errors_{errors} {}

    /// Sets `result`, which was just made and adopted, and adds an error for each thing that does not fit.
    template <class T>
    [[gnu::cold]] void bind(JsonInput input, T& result, const Location& location) const {
        static_assert(check_readable<T>());
        if constexpr (Scalar<T>) {
            bind_scalar<>(input, result, location);
        } else if constexpr (IsMember<T>::value) {
            bind_member(input, result, location);
        } else if constexpr (IsOptional<T>::value) {
            if (input.is_null()) {
                result.reset();
            } else {
                auto& content = result.emplace();
                adopt(content, arena_);
                bind(input, content, location);
            }
        } else if constexpr (IsConstSpan<T>::value) {
            bind_span(input, result, location);
        } else if constexpr (IsLiteral<T>::value) {
            const std::optional<std::string_view> text = input.text();
            if (!text || !result.assign(*text)) refuse_literal(location, T::values, input);
        } else if constexpr (ArenaText<T>) {
            std::string_view text;
            bind_scalar<>(input, text, location);
            result.assign(text);
        } else if constexpr (ArenaMap<T>) {
            bind_map(input, result, location);
        } else if constexpr (ArenaSequence<T>) {
            const std::size_t size = array_size(input, location);
            result.clear();
            for (std::size_t i = 0; i < size; ++i) {
                auto& element = result.emplace_back();
                adopt(element, arena_);
                bind(input.element(i), element, Location{&location, i});
            }
        } else if constexpr (IsVariant<T>::value) {
            bind_variant(input, result, location);
        } else if constexpr (is_document<T>) {
            input.copy_to(result, arena_);
        } else {
            bind_members(input, result, location);
        }
    }

  private:
    /// What an error echoes: text as text, so that it can be cut to a length.
    [[nodiscard]] static JsonValue echo(JsonInput input) noexcept;
    void refuse(const Location& location, const ScalarError& error, JsonInput input) const;
    void refuse_literal(const Location& location, std::span<const std::string_view> values,
                        JsonInput input) const;
    void refuse_tag(const Location& location, std::string_view name, std::optional<JsonInput> tag,
                    std::span<const std::string_view> values, JsonInput input) const;
    void refuse_as_invalid(const Location& location, const Invalid& invalid, JsonInput input) const;
    void missing(const Location& location, JsonInput enclosing) const;
    void forbid_extra(const Location& location, std::span<const std::string_view> names,
                      JsonInput input) const;
    /// Each adds an error where it is none: then it is as if empty.
    [[nodiscard]] std::size_t array_size(JsonInput input, const Location& location) const;
    [[nodiscard]] bool is_object(JsonInput input, const Location& location) const;

    /// What is no text, as a scalar that JSON writes as text.
    template <class E>
        requires std::is_enum_v<E>
    static bool read_other(JsonInput, E&, ScalarError& error) noexcept {
        error = {"enum", Enumerators<E>::message, "expected", Enumerators<E>::expected};
        return false;
    }
    static bool read_other(JsonInput input, Uuid& result, ScalarError& error) noexcept;
    /// A number is seconds since 1970.
    static bool read_other(JsonInput input, Timestamp& result, ScalarError& error) noexcept;

    /// `Cs` are the constraints that it has to satisfy.
    template <class... Cs, class T>
    void bind_scalar(JsonInput input, T& result, const Location& location) const {
        ScalarError error;
        bool good = false;
        if constexpr (std::same_as<T, bool> || std::same_as<T, std::string_view>) {
            good = input.read(result, error) && satisfies<Cs...>(result, error);
        } else if constexpr (!Number<T>) {
            const std::optional<std::string_view> text = input.text();
            good = text && parse_scalar(*text, result, error, arena_);
            if (!text) good = read_other(input, result, error);
        } else {
            std::conditional_t<std::floating_point<T>, double, Integer> wide{};
            good = input.read(wide, error) && satisfies<Cs...>(wide, error) && narrow(wide, result, error);
        }
        if (!good) refuse(location, error, input);
    }

    template <class T, class... Cs>
    void bind_member(JsonInput input, Member<T, Cs...>& result, const Location& location) const {
        bind_constrained<Cs...>(input, result.value(), location);
    }

    template <class... Cs, class T>
    void bind_constrained(JsonInput input, T& result, const Location& location) const {
        if constexpr (Scalar<T>) {
            bind_scalar<Cs...>(input, result, location);
        } else if constexpr (IsOptional<T>::value) {
            if (input.is_null()) return result.reset();
            auto& content = result.emplace();
            adopt(content, arena_);
            bind_constrained<Cs...>(input, content, location);
        } else {
            const std::size_t errors_before = errors_.size();
            bind(input, result, location);
            if (errors_.size() != errors_before) return;
            if constexpr (ArenaText<T>) {
                check_constraints<Cs...>(std::string_view{result}, errors_, location, echo(input));
            } else {
                check_constraints<Cs...>(result, errors_, location, echo(input));
            }
        }
    }

    template <class U>
    void bind_span(JsonInput input, std::span<const U>& result, const Location& location) const {
        const std::size_t size = array_size(input, location);
        U* const elements = static_cast<U*>(arena_.allocate(size * sizeof(U), alignof(U)));
        for (std::size_t i = 0; i < size; ++i) {
            U* element = ::new (static_cast<void*>(elements + i)) U{};
            bind(input.element(i), *element, Location{&location, i});
        }
        result = {elements, size};
    }

    template <class T>
    void bind_map(JsonInput input, T& result, const Location& location) const {
        result.clear();
        const std::optional<std::size_t> size = input.object_size();
        if (!size) return refuse(location, {"dict_type", "Input should be a valid dictionary"}, input);
        for (std::size_t i = 0; i < *size; ++i) {
            const std::string_view name = input.name(i);
            auto& value = result.try_emplace(make_key(name, result)).first->second;
            adopt(value, arena_);
            bind(input.member(i), value, Location{&location, name});
        }
    }

    template <class... Ts>
    void bind_variant(JsonInput input, std::variant<Ts...>& result, const Location& location) const {
        using Kinds = Alternatives<std::variant<Ts...>>;
        if (!is_object(input, location)) return;
        const std::optional<JsonInput> tag = input.member(Kinds::tag);
        const std::optional<std::string_view> text = tag ? tag->text() : std::nullopt;
        std::size_t index = text ? Kinds::find(*text) : Kinds::count;
        if (index == Kinds::count) return refuse_tag(location, Kinds::tag, tag, Kinds::tags, input);
        const Location at{&location, *text};
        const auto as = [&]<class T>(std::type_identity<T>) {
            T& object = result.template emplace<T>();
            adopt(object, arena_);
            bind(input, object, at);
        };
        (void)((index-- == 0 && (as(std::type_identity<Ts>{}), true)) || ...);
    }

    template <class T>
    void bind_members(JsonInput input, T& result, const Location& location) const {
        if (!is_object(input, location)) return;
        const std::size_t errors_before = errors_.size();
        boost::mp11::mp_for_each<Members<T>>([&](auto member) {
            using D = decltype(member);
            const Location at{&location, json_name<D>};
            if (const auto value = input.member(at.name)) {
                bind(*value, result.*D::pointer, at);
            } else if (!has_value<T, D::pointer>(result)) {
                missing(at, input);
            }
        });
        if constexpr (forbids_extra_members<T>()) forbid_extra(location, MemberTable<T>::names, input);
        if constexpr (HasValidator<T>) {
            // What it sees is good member by member.
            if (errors_.size() != errors_before) return;
            if (const std::optional<Invalid> invalid = validate(std::as_const(result)))
                refuse_as_invalid(location, *invalid, input);
        }
    }

    alloc::Allocator arena_;
    ValidationErrors& errors_;
};

}  // namespace zigmund::http::inline v0::detail
