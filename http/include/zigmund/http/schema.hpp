// Schema: what a C++ type looks like as JSON, as the documentation says it.
//
//     app.get("/items/{id}", get_item, {.responses = {{http::Status::not_found, "Nobody has it",
//                                                      http::schema<Problem>}}});
//
// A Schema is a table that the compiler makes of a type, and the same types that a body binds to have one. A
// struct's is its name and a function that lists its members. App::openapi() writes them out.
//
// Threads: constants. Cost: a few words for each type; describing a struct makes one of its objects, once, to
// see which values its members begin with. Never: used while a request is answered.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/constraint.hpp>
#include <zigmund/http/json_model.hpp>
#include <zigmund/http/member.hpp>
#include <zigmund/http/upload.hpp>
#include <zigmund/inject/singletons.hpp>

#include <boost/mp11/algorithm.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace zigmund::http::inline v0 {

struct Schema;

namespace detail {

class SchemaMembers;

struct SchemaAlternative {
    const Schema* schema;
    std::span<const std::string_view> tags;
};

}  // namespace detail

struct Schema {
    /// What a value is.
    enum class Kind : std::uint8_t {
        any,          ///< whatever JSON has
        boolean,      ///< true or false
        integer,      ///< between `least` and `most`
        number,       ///< any number
        text,         ///< any text
        uuid,         ///< text: Uuid
        timestamp,    ///< text: Timestamp
        file,         ///< the content of an upload
        literal,      ///< text that is one of `values`
        enumeration,  ///< text that is one of `values`, by a name of its own
        array,        ///< of `element`
        map,          ///< an object whose members are `element`, by any name
        optional,     ///< `element`, or null
        variant,      ///< one of `alternatives`, by their `tag`
        object,       ///< an object with the members that `describe` tells of
    };

    /// It says which of the members below mean something.
    Kind kind = Kind::any;
    /// Of an object: what it does not name is refused.
    bool closed = false;
    /// Of an enumeration or an object: what the compiler calls the type.
    std::string_view name = {};
    /// Of an integer: the limits of its type.
    std::int64_t least = 0;
    std::uint64_t most = 0;
    /// Of a literal or an enumeration.
    std::span<const std::string_view> values = {};
    /// Of an array, a map or an optional: what it holds.
    const Schema* element = nullptr;
    /// Of a variant, and the name of the member that tells them apart.
    std::span<const detail::SchemaAlternative> alternatives = {};
    std::string_view tag = {};
    /// Of an object.
    void (*describe)(detail::SchemaMembers& members) = nullptr;
};

namespace detail {

/// What an option says, where its type is not known.
using SchemaConstant = std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view>;

enum class OptionKind : std::uint8_t {
    multiple_of,
    le,
    lt,
    ge,
    gt,
    min_length,
    max_length,
    pattern,
    default_value,
    default_list,
    title,
    description,
    example,
    deprecated,
    none,
};

struct SchemaOption {
    OptionKind kind = OptionKind::none;
    SchemaConstant value = false;
    std::span<const SchemaConstant> values = {};  ///< of a list
};

template <class V>
consteval SchemaConstant to_constant(const V& value) {
    if constexpr (std::same_as<V, bool>) {
        return value;
    } else if constexpr (std::is_enum_v<V>) {
        return Enumerators<V>::name(value);
    } else if constexpr (std::floating_point<V>) {
        return static_cast<double>(value);
    } else if constexpr (std::signed_integral<V>) {
        return std::int64_t{value};
    } else if constexpr (std::unsigned_integral<V>) {
        return std::uint64_t{value};
    } else {
        return std::string_view{value};
    }
}

template <class C>
inline constexpr std::array<SchemaConstant, 0> list_constants{};
template <Constant... Values>
inline constexpr std::array<SchemaConstant, sizeof...(Values)> list_constants<DefaultList<Values...>>{
    to_constant(unwrap(Values.value))...};

template <class C>
consteval SchemaOption to_option() {
    using enum OptionKind;
    if constexpr (IsBound<C>) {
        static_assert(static_cast<int>(BoundKind::gt) == static_cast<int>(gt));
        return {static_cast<OptionKind>(C::kind), to_constant(C::value)};
    } else if constexpr (IsMinLength<C>) {
        return {min_length, to_constant(C::min_length)};
    } else if constexpr (IsMaxLength<C>) {
        return {max_length, to_constant(C::max_length)};
    } else if constexpr (IsPattern<C>) {
        return {pattern, std::string_view{C::text}};
    } else if constexpr (is_default<C>) {
        return {default_value, to_constant(C::value)};
    } else if constexpr (is_default_list<C>) {
        return {default_list, false, list_constants<C>};
    } else if constexpr (IsTitle<C>) {
        return {title, C::title};
    } else if constexpr (IsDescription<C>) {
        return {description, C::description};
    } else if constexpr (IsExample<C>) {
        return {example, to_constant(C::example)};
    } else if constexpr (std::same_as<C, Deprecated>) {
        return {deprecated, true};
    } else {
        return {};
    }
}

template <class Options>
inline constexpr std::array<SchemaOption, 0> option_table{};
template <class... Cs>
inline constexpr std::array<SchemaOption, sizeof...(Cs)> option_table<Options<Cs...>>{to_option<Cs>()...};

struct SchemaMember {
    std::string_view name;  ///< as in JSON
    const Schema* schema;
    std::span<const SchemaOption> options = {};
    /// The name is an Alias.
    bool aliased = false;
    /// It may be left out of what is read.
    bool has_value = false;
    /// The value that it has then, as JSON; empty: none that JSON could say, or null.
    std::string_view value = {};
};

/// The members of a struct, as its Schema lists them.
class ZIGMUND_EXPORT SchemaMembers {
  public:
    /// `arena`: for the list, and for the values.
    explicit SchemaMembers(alloc::Allocator arena) noexcept : arena_{arena}, members_{arena} {}

    /// Throws std::bad_alloc.
    void add(const SchemaMember& member);
    void add(SchemaMember member, const JsonValue& value);
    [[nodiscard]] std::span<const SchemaMember> members() const noexcept { return members_; }

  private:
    alloc::Allocator arena_;
    std::pmr::vector<SchemaMember> members_;
};

// ---- the tables
// ---------------------------------------------------------------------------------------------

template <class T>
consteval Schema make_schema();

template <class T>
inline constexpr Schema schema_of = make_schema<T>();

template <class E>
inline constexpr auto enumerator_names = [] {
    std::array<std::string_view, Enumerators<E>::count> names{};
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = Enumerators<E>::entries[i].name;
    return names;
}();

/// The name of what tells the alternatives of a variant apart; empty: nothing does, so it is only written.
template <class... Ts>
consteval std::string_view common_tag() {
    if constexpr ((Described<Ts> && ...)) {
        return tag_name<Ts...>();
    } else {
        return {};
    }
}

template <class Variant>
struct AlternativeTable;
template <class... Ts>
struct AlternativeTable<std::variant<Ts...>> {
    static constexpr std::string_view tag = common_tag<Ts...>();

    template <class T>
    static consteval std::span<const std::string_view> tags() {
        if constexpr (tag.empty()) {
            return {};
        } else {
            return Alternatives<std::variant<Ts...>>::template TagOf<T>::values;
        }
    }
    static constexpr std::array<SchemaAlternative, sizeof...(Ts)> value{
        SchemaAlternative{&schema_of<Ts>, tags<Ts>()}...};
};

/// What is behind a Member, or a parameter.
template <class T>
struct PlainType : std::type_identity<T> {};
template <Parameter T>
struct PlainType<T> : PlainType<typename T::zigmund_parameter> {};

template <class M>
struct OptionsOf : std::type_identity<Options<>> {};
template <Parameter P>
    requires requires { typename P::options; }
struct OptionsOf<P> : std::type_identity<typename P::options> {};

/// Whether an object of a type that may not be readable shows which of its members have a value.
template <class T>
concept ShowsValues = std::default_initializable<T> && (Visible<T> || requires { new const T; });

template <class T>
void describe_members(SchemaMembers& out) {
    const auto describe = []<class D>(std::type_identity<D>) {
        using M = MemberType<T, D::pointer>;
        return SchemaMember{.name = json_name<D>,
                            .schema = &schema_of<typename PlainType<M>::type>,
                            .options = option_table<typename OptionsOf<M>::type>,
                            .aliased = json_name<D> != std::string_view{D::name}};
    };
    if constexpr (ShowsValues<T>) {
        const T object{};
        boost::mp11::mp_for_each<Members<T>>([&](auto member) {
            using D = decltype(member);
            SchemaMember described = describe(std::type_identity<D>{});
            described.has_value = has_value<T, D::pointer>(object);
            if constexpr (UploadValue<typename PlainType<MemberType<T, D::pointer>>::type>) {
                out.add(described);  // which has no JSON
            } else if (described.has_value) {
                out.add(described, JsonValue{object.*D::pointer});
            } else {
                out.add(described);
            }
        });
    } else {
        boost::mp11::mp_for_each<Members<T>>(
            [&](auto member) { out.add(describe(std::type_identity<decltype(member)>{})); });
    }
}

template <class T>
consteval Schema make_schema() {
    using enum Schema::Kind;
    if constexpr (std::same_as<T, bool>) {
        return {.kind = boolean};
    } else if constexpr (std::integral<T> && !Character<T>) {
        return {.kind = integer, .least = std::int64_t{std::numeric_limits<T>::min()}, .most = highest<T>};
    } else if constexpr (std::floating_point<T>) {
        return {.kind = number};
    } else if constexpr (IsOptional<T>::value) {
        return {.kind = optional, .element = &schema_of<typename PlainType<typename T::value_type>::type>};
    } else if constexpr (DescribedEnum<T>) {
        return {.kind = enumeration, .name = inject::detail::type_name<T>(), .values = enumerator_names<T>};
    } else if constexpr (std::same_as<T, Uuid>) {
        return {.kind = uuid};
    } else if constexpr (std::same_as<T, Timestamp>) {
        return {.kind = timestamp};
    } else if constexpr (std::same_as<T, Upload>) {
        return {.kind = file};
    } else if constexpr (IsLiteral<T>::value) {
        return {.kind = literal, .values = T::values};
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        return {.kind = text};
    } else if constexpr (IsVariant<T>::value) {
        return {.kind = variant, .alternatives = AlternativeTable<T>::value, .tag = AlternativeTable<T>::tag};
    } else if constexpr (is_document<T>) {
        return {};
    } else if constexpr (TextMap<T>) {
        return {.kind = map, .element = &schema_of<typename PlainType<typename T::mapped_type>::type>};
    } else if constexpr (Described<T>) {
        return {.kind = object,
                .closed = forbids_extra_members<T>(),
                .name = inject::detail::type_name<T>(),
                .describe = &describe_members<T>};
    } else if constexpr (std::ranges::input_range<T>) {
        using Element = std::remove_cvref_t<std::ranges::range_reference_t<T>>;
        return {.kind = array, .element = &schema_of<typename PlainType<Element>::type>};
    } else {
        return {};
    }
}

}  // namespace detail

/// The schema of what a T is written as and read from: a scalar, a range, a map, an optional, a variant, a
/// struct that BOOST_DESCRIBE_STRUCT describes.
template <class T>
inline constexpr const Schema* schema = &detail::schema_of<typename detail::PlainType<T>::type>;

}  // namespace zigmund::http::inline v0
