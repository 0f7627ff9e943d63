// ParameterBinder: named text of a request, as the values of Path, Query, Header, Cookie and Form.
//
// Threads: one. Cost: see source.hpp. Never: allocates for a request without errors, escapes and lists.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/constraint.hpp>
#include <zigmund/http/file.hpp>
#include <zigmund/http/json_model.hpp>
#include <zigmund/http/member.hpp>
#include <zigmund/http/parameter.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/validation_error.hpp>

#include <boost/mp11/algorithm.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace zigmund::http::inline v0::detail {

/// The name on the wire of a model's member; an Alias stays as it is.
template <class D>
inline constexpr HyphenName<std::string_view{D::name}.size()> hyphen_member{D::name};
template <Source Where, class D>
inline constexpr std::string_view member_name =
    Where == Source::header && json_name<D> == std::string_view{D::name} ? hyphen_member<D>.view()
                                                                         : json_name<D>;

/// What a model's member holds, and the options that it has: a Member's are behind its type.
template <class M>
struct ModelMember {
    using type = M;
    using options = Options<>;
    static M& value(M& member) noexcept { return member; }
};
template <class T, class... Cs>
struct ModelMember<Member<T, Cs...>> {
    using type = T;
    using options = Options<Cs...>;
    static T& value(Member<T, Cs...>& member) noexcept { return member.value(); }
};

/// Whether a struct of parameters has a file among its members.
template <class T>
inline constexpr bool has_uploads = false;
template <ParameterModel T>
inline constexpr bool has_uploads<T> = []<template <class...> class L, class... D>(L<D...>) {
    return (UploadValue<typename ModelMember<MemberType<T, D::pointer>>::type> || ...);
}(Members<T>{});

template <Source Where, class T>
inline constexpr auto member_names = []<template <class...> class L, class... D>(L<D...>) {
    return std::array<KnownName, sizeof...(D)>{
        KnownName{member_name<Where, D>,
                  ParameterList<WithoutOptional<typename ModelMember<MemberType<T, D::pointer>>::type>>}...};
}(Members<T>{});

/// What is said of something that is not even text, in place of a T; empty: nothing of its own.
struct TypeError {
    std::string_view type;
    std::string_view message;
};
template <class T>
inline constexpr TypeError type_error{};
template <>
inline constexpr TypeError type_error<std::string_view>{"string_type", "Input should be a valid string"};
template <>
inline constexpr TypeError type_error<bool>{"bool_type", "Input should be a valid boolean"};
template <std::integral T>
inline constexpr TypeError type_error<T>{"int_type", "Input should be a valid integer"};
template <std::floating_point T>
inline constexpr TypeError type_error<T>{"float_type", "Input should be a valid number"};

class ZIGMUND_EXPORT ParameterBinder {
  public:
    ParameterBinder(const Request& request, ValidationErrors& errors) noexcept
        : request_{request}, errors_{errors} {}

    /// The parameter; what is wrong with it is added to the errors, and its value is then of no use. Throws
    /// std::bad_alloc.
    template <SourceBound P>
    P get() {
        using T = typename P::zigmund_parameter;
        if constexpr (ParameterModel<T>) {
            return P{model<P::source, T>()};
        } else {
            const Location place{nullptr, place_name(P::source)};
            T value = make<T>();
            if (read(typename P::options{}, P::source, P::name, value, Location{&place, P::name})) [[likely]]
                return P{std::move(value)};
            if constexpr (P::options::has_default) {
                return P{static_cast<T>(P::options::default_value)};
            } else if constexpr (!IsOptional<T>::value) {
                if constexpr (P::source == Source::form) {
                    missing_in_form(Location{&place, P::name}, P::name, type_error<T>);
                } else {
                    missing(Location{&place, P::name}, nullptr);
                }
            }
            return P{std::move(value)};
        }
    }

    /// A File of the form, which was prepared. Throws std::bad_alloc.
    template <class P>
    P file() {
        using T = typename P::zigmund_parameter;
        const Location place{nullptr, place_name(Source::form)};
        const Location at{&place, P::name};
        T value{};
        if (read_files(typename P::options{}, P::name, value, at)) return P{value};
        if constexpr (!IsOptional<T>::value) {
            if (!refused_) missing(at, nullptr);
        }
        return P{value};
    }

  private:
    /// Reads files of a form; false: there are none.
    template <class T, class... Cs>
    bool read_files(Options<Cs...> /*options*/, std::string_view name, T& result, const Location& at) {
        const std::span<const Upload> files = find_files(name, at);
        if (files.empty()) return false;
        if constexpr (std::same_as<T, std::span<const Upload>>) {
            result = files;
            check_constraints<Cs...>(files, errors_, at, nullptr);
        } else {
            result = files.back();
        }
        return true;
    }
    /// All files of that name, in the arena; a value that is no file is an error.
    [[nodiscard]] std::span<const Upload> find_files(std::string_view name, const Location& at);

    template <class T>
    static constexpr bool in_arena =
        ParameterList<T> && std::constructible_from<T, std::pmr::polymorphic_allocator<>>;

    template <class T>
    [[nodiscard]] T make() const {
        if constexpr (in_arena<T>) {
            return T(std::pmr::polymorphic_allocator<>{request_.allocator()});
        } else {
            return T{};
        }
    }

    /// Reads a value into `result`; false: it is missing.
    template <class T, class... Cs>
    bool read(Options<Cs...> options, Source source, std::string_view name, T& result, const Location& at) {
        if constexpr (IsOptional<T>::value) {
            auto value = make<typename T::value_type>();
            if (!read(options, source, name, value, at)) return false;
            result.emplace(std::move(value));
            return true;
        } else if constexpr (ParameterList<T>) {
            const std::span<const std::string_view> values = find_values(request_, source, name);
            if (!values.empty()) read_list<T, Cs...>(values, result, at);
            return !values.empty();
        } else {
            const std::optional<std::string_view> text = find_value(request_, source, name);
            if (text) read_scalar<Cs...>(*text, result, at);
            return text.has_value();
        }
    }

    template <class... Cs, Scalar T>
    bool read_scalar(std::string_view text, T& result, const Location& at) {
        ScalarError error;
        if (parse_constrained<Cs...>(text, result, error, request_.allocator())) [[likely]]
            return true;
        refuse(at, error, text);
        return false;
    }

    template <class T, class... Cs>
    void read_list(std::span<const std::string_view> texts, T& result, const Location& at) {
        using U = typename ElementOf<T>::type;
        bool good = true;
        if constexpr (std::same_as<T, std::pmr::vector<U>>) {
            result.reserve(texts.size());
            for (std::size_t i = 0; i < texts.size(); ++i) {
                U value{};
                good &= read_scalar(texts[i], value, Location{&at, i});
                result.push_back(value);
            }
        } else if constexpr (std::same_as<U, std::string_view>) {
            result = texts;
        } else {
            const alloc::Allocator arena = request_.allocator();
            U* const elements = static_cast<U*>(arena.allocate(texts.size() * sizeof(U), alignof(U)));
            for (std::size_t i = 0; i < texts.size(); ++i) {
                U* const element = ::new (static_cast<void*>(elements + i)) U{};
                good &= read_scalar(texts[i], *element, Location{&at, i});
            }
            result = {elements, texts.size()};
        }
        if constexpr ((IsLength<Cs> || ...)) {
            // The echo refers to the range, so that lives as long as the error.
            if (good)
                check_constraints<Cs...>(result, errors_, at,
                                         *request_.allocator().create<decltype(texts)>(texts));
        }
    }

    template <Source Where, class T>
    T model() {
        T result{};
        const std::size_t errors_before = errors_.size();
        const Location place{nullptr, place_name(Where)};
        boost::mp11::mp_for_each<Members<T>>([&](auto member) {
            using D = decltype(member);
            using Access = ModelMember<MemberType<T, D::pointer>>;
            using M = typename Access::type;
            static_assert(
                Scalar<WithoutOptional<M>> || ParameterList<WithoutOptional<M>> ||
                    (Where == Source::form && UploadValue<M>),
                "zigmund: a member of a struct of parameters is a scalar, a std::span<const U> or "
                "std::pmr::vector<U> of scalars, or a std::optional of one, or a Member of these; of a Form "
                "also an Upload, a std::optional<Upload> or a std::span<const Upload>");
            constexpr std::string_view name = member_name<Where, D>;
            const Location at{&place, name};
            M& value = Access::value(result.*D::pointer);
            if constexpr (UploadValue<M>) {
                refused_ = false;
                if (!read_files(typename Access::options{}, name, value, at) && !refused_ &&
                    !has_value<T, D::pointer>(result))
                    missing(at, echo_source(request_, Where, member_names<Where, T>));
            } else if constexpr (in_arena<M>) {
                M made = make<M>();
                if (!read(typename Access::options{}, Where, name, made, at) &&
                    !has_value<T, D::pointer>(result))
                    missing(at, echo_source(request_, Where, member_names<Where, T>));
                std::destroy_at(&value);
                std::construct_at(&value, std::move(made));
            } else if (!read(typename Access::options{}, Where, name, value, at)) {
                if (!has_value<T, D::pointer>(result))
                    missing(at, echo_source(request_, Where, member_names<Where, T>));
            }
        });
        if constexpr (forbids_extra_members<T>())
            forbid_others(request_, Where, member_names<Where, T>, errors_);
        if constexpr (HasValidator<T>) {
            // What it sees is good member by member.
            if (errors_.size() != errors_before) return result;
            if (const std::optional<Invalid> invalid = validate(std::as_const(result)))
                refuse_as_invalid(Where, *invalid, member_names<Where, T>);
        }
        return result;
    }

    [[gnu::cold]] void refuse(const Location& at, const ScalarError& error, std::string_view input);
    [[gnu::cold]] void missing(const Location& at, const JsonValue& input);
    [[gnu::cold]] void refuse_as_invalid(Source source, const Invalid& invalid,
                                         std::span<const KnownName> names);
    /// The same, but if there is a file of that name it is an error of the type.
    [[gnu::cold]] void missing_in_form(const Location& at, std::string_view name, const TypeError& error);

    const Request& request_;
    ValidationErrors& errors_;
    bool refused_ = false;  ///< a value stood where a file was to be
};

}  // namespace zigmund::http::inline v0::detail
