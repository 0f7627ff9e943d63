// scan(): JSON text straight into a value whose type says what must stand there.
//
// One pass, no document. Members come in any order; those that come in the order of the struct are found by
// one comparison each. It answers only whether all is well: where the text is not what the type wants, and
// where a rare thing makes it hard to tell (a member twice, a fraction that is whole), it gives up, and who
// reads a body looks at the document instead (json_document.hpp), which is slower and knows all the rules and
// the words for what is wrong. What scan() takes, the document gives too, with the same value.
//
// Threads: one. Cost: linear in the text. Throws: std::bad_alloc.
#pragma once

#include <zigmund/http/json_cursor.hpp>
#include <zigmund/http/json_model.hpp>

#include <array>
#include <bitset>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace zigmund::http::inline v0::detail {

template <class T>
bool scan(JsonCursor& in, T& value);

/// A scalar that satisfies the constraints among `Cs`.
template <class... Cs, class T>
bool scan_scalar(JsonCursor& in, T& value) {
    [[maybe_unused]] ScalarError unused;
    if (in.peek() == '"') {
        std::string_view text;
        if (!in.string(text)) return false;
        if constexpr (std::same_as<T, std::string_view>) {
            value = text;
            return satisfies<Cs...>(text, unused);
        } else {
            return parse_constrained<Cs...>(text, value, unused, in.arena());
        }
    }
    if constexpr (std::same_as<T, bool>) {
        return in.boolean(value);
    } else if constexpr (std::integral<T>) {
        Integer integer;
        if (!in.integer(integer) || integer.magnitude > (integer.negative ? lowest<T> : highest<T>))
            return false;
        value = static_cast<T>(integer.negative ? std::uint64_t{0} - integer.magnitude : integer.magnitude);
        return satisfies<Cs...>(integer, unused);
    } else if constexpr (std::floating_point<T>) {
        double number = 0;
        if (!in.number(number)) return false;
        value = static_cast<T>(number);
        return std::isfinite(value) && satisfies<Cs...>(number, unused);
    } else {
        return false;
    }
}

template <class T>
struct ScanMember;
/// The value of a Member.
template <class T, class... Cs>
struct ScanMember<Member<T, Cs...>> {
    template <class V>
    static bool scan_constrained(JsonCursor& in, V& value) {
        [[maybe_unused]] ScalarError unused;
        if constexpr (Scalar<V>) {
            return scan_scalar<Cs...>(in, value);
        } else if constexpr (IsOptional<V>::value) {
            if (in.peek() == 'n') {
                value.reset();
                return in.null();
            }
            auto& content = value.emplace();
            adopt(content, in.arena());
            return scan_constrained(in, content);
        } else if constexpr (ArenaText<V>) {
            return scan(in, value) && satisfies<Cs...>(std::string_view{value}, unused);
        } else if constexpr (List<V>) {
            return scan(in, value) && (fits_length<Cs>(value.size()) && ...);
        } else {
            return scan(in, value);
        }
    }

  private:
    template <class C>
    static bool fits_length([[maybe_unused]] std::size_t size) noexcept {
        if constexpr (IsMinLength<C>) return size >= C::min_length;
        if constexpr (IsMaxLength<C>) return size <= C::max_length;
        return true;
    }
};

/// Elements in one block of the arena, which grows in place while it is the last one.
template <class U>
class ArenaArray {
  public:
    explicit ArenaArray(alloc::Allocator arena) noexcept : arena_{arena} {}

    U& add() {
        if (size_ == capacity_) grow();
        return *::new (static_cast<void*>(data_ + size_++)) U{};
    }
    std::span<const U> finish() noexcept {
        if (data_ != nullptr)
            (void)arena_.resize(data_, capacity_ * sizeof(U), alignof(U), size_ * sizeof(U));
        return {data_, size_};
    }

  private:
    [[gnu::noinline]] void grow() {
        const std::size_t capacity = capacity_ == 0 ? 8 : 2 * capacity_;
        if (data_ == nullptr ||
            !arena_.resize(data_, capacity_ * sizeof(U), alignof(U), capacity * sizeof(U))) {
            U* const data = static_cast<U*>(arena_.allocate(capacity * sizeof(U), alignof(U)));
            std::uninitialized_move_n(data_, size_, data);
            arena_.deallocate(data_, capacity_ * sizeof(U), alignof(U));
            data_ = data;
        }
        capacity_ = capacity;
    }

    alloc::Allocator arena_;
    U* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

template <class F>
bool scan_elements(JsonCursor& in, F&& element) {
    if (!in.enter('[')) return false;
    if (in.leave_empty(']')) return true;
    bool more = true;
    while (more) {
        if (!element() || !in.next(']', more)) return false;
    }
    return true;
}

template <class T>
auto make_key(std::string_view name, const T& map) {
    if constexpr (ArenaText<typename T::key_type>) {
        return typename T::key_type(name, map.get_allocator());
    } else {
        return name;
    }
}

template <class T>
bool scan_map(JsonCursor& in, T& map) {
    if (!in.enter('{')) return false;
    if (in.leave_empty('}')) return true;
    bool more = true;
    while (more) {
        std::string_view name;
        if (map.size() == max_json_members || !in.name(name)) return false;
        const auto [at, added] = map.try_emplace(make_key(name, map));
        if (!added) return false;
        adopt(at->second, in.arena());
        if (!scan(in, at->second) || !in.next('}', more)) return false;
    }
    return true;
}

template <class T, class D>
bool scan_member(JsonCursor& in, T& object) {
    return scan(in, object.*D::pointer);
}

/// The members of an object, of which `take` reads the value of the one called `wanted`. False: it is not
/// there, or twice.
template <class F>
bool scan_named(JsonCursor& in, std::string_view wanted, F&& take) {
    if (!in.enter('{') || in.leave_empty('}')) return false;
    bool more = true;
    bool found = false;
    for (std::size_t members = 0; more; ++members) {
        std::string_view name;
        if (members == max_json_members || !in.name(name)) return false;
        if (name == wanted) {
            if (found || !take()) return false;
            found = true;
        } else if (!in.skip()) {
            return false;
        }
        if (!in.next('}', more)) return false;
    }
    return found;
}

/// What is known of a struct at compile time.
template <class T, class List = Members<T>>
struct MemberTable;
template <class T, template <class...> class L, class... D>
struct MemberTable<T, L<D...>> {
    static constexpr std::size_t count = sizeof...(D);
    static constexpr std::array<std::string_view, count> names{json_name<D>...};
    static constexpr std::array<bool (*)(JsonCursor&, T&), count> readers{&scan_member<T, D>...};

    static std::size_t find(std::string_view name) noexcept {
        std::size_t i = 0;
        while (i != count && names[i] != name) ++i;
        return i;
    }

    /// Those that stand in the struct's order, as far as they do.
    static bool scan_in_order(JsonCursor& in, T& object, std::bitset<count>& seen, bool& more) {
        std::size_t i = 0;
        return ([&] {
            const std::size_t index = i++;
            constexpr const auto& quoted = quoted_name<D>;
            if (!is_plain_name<D> || !more || !in.take_name({quoted.data(), quoted.size() - 1})) return true;
            seen.set(index);
            return scan_member<T, D>(in, object) && in.next('}', more);
        }() && ...);
    }

    static bool rest_has_values(const T& object, const std::bitset<count>& seen) noexcept {
        std::size_t i = 0;
        return ((seen[i++] || has_value<T, D::pointer>(object)) && ...);
    }
};

template <class T>
bool scan_described(JsonCursor& in, T& object) {
    using Table = MemberTable<T>;
    if (!in.enter('{')) return false;
    std::bitset<Table::count> seen;
    bool more = !in.leave_empty('}');
    if (!Table::scan_in_order(in, object, seen, more)) return false;
    for (std::size_t others = Table::count; more; ++others) {
        std::string_view name;
        if (others >= max_json_members || !in.name(name)) return false;
        const std::size_t index = Table::find(name);
        if (index == Table::count) {
            if (forbids_extra_members<T>() || !in.skip()) return false;
        } else {
            if (seen[index] || !Table::readers[index](in, object)) return false;
            seen.set(index);
        }
        if (!in.next('}', more)) return false;
    }
    if (!seen.all() && !Table::rest_has_values(object, seen)) return false;
    if constexpr (HasValidator<T>) return !std::optional<Invalid>{validate(std::as_const(object))};
    return true;
}

/// The tag of the object that comes next, which is not read.
template <class Variant>
bool find_tag(JsonCursor in, std::string_view& text) {
    if (!in.enter('{') || in.leave_empty('}')) return false;
    bool more = true;
    while (more) {
        std::string_view name;
        if (!in.name(name)) return false;
        if (name == Alternatives<Variant>::tag) return in.peek() == '"' && in.string(text);
        if (!in.skip() || !in.next('}', more)) return false;
    }
    return false;
}

template <class... Ts>
bool scan_variant(JsonCursor& in, std::variant<Ts...>& value) {
    using Variant = std::variant<Ts...>;
    std::string_view tag;
    if (!find_tag<Variant>(in, tag)) return false;
    std::size_t index = Alternatives<Variant>::find(tag);
    const auto as = [&]<class T>(std::type_identity<T>) {
        T& object = value.template emplace<T>();
        adopt(object, in.arena());
        return scan(in, object);
    };
    bool good = false;
    (void)((index-- == 0 && ((good = as(std::type_identity<Ts>{})), true)) || ...);
    return good;
}

/// Reads the next value into `value`, which was just made and adopted. False: see above.
template <class T>
bool scan(JsonCursor& in, T& value) {
    static_assert(check_readable<T>());
    if constexpr (Scalar<T>) {
        return scan_scalar<>(in, value);
    } else if constexpr (IsMember<T>::value) {
        return ScanMember<T>::scan_constrained(in, value.value());
    } else if constexpr (IsOptional<T>::value) {
        if (in.peek() == 'n') {
            value.reset();
            return in.null();
        }
        auto& content = value.emplace();
        adopt(content, in.arena());
        return scan(in, content);
    } else if constexpr (IsConstSpan<T>::value) {
        using U = std::remove_const_t<typename T::element_type>;
        static_assert(std::is_trivially_destructible_v<U>,
                      "zigmund: Body: the elements of a std::span are never destroyed: use "
                      "std::pmr::vector<U> for a U that holds containers");
        ArenaArray<U> array{in.arena()};
        if (!scan_elements(in, [&] { return scan(in, array.add()); })) return false;
        value = array.finish();
        return true;
    } else if constexpr (IsLiteral<T>::value) {
        std::string_view text;
        return in.peek() == '"' && in.string(text) && value.assign(text);
    } else if constexpr (ArenaText<T>) {
        std::string_view text;
        if (!in.string(text)) return false;
        value.assign(text);
        return true;
    } else if constexpr (ArenaMap<T>) {
        value.clear();
        return scan_map(in, value);
    } else if constexpr (ArenaSequence<T>) {
        value.clear();
        return scan_elements(in, [&] {
            auto& element = value.emplace_back();
            adopt(element, in.arena());
            return scan(in, element);
        });
    } else if constexpr (IsVariant<T>::value) {
        return scan_variant(in, value);
    } else if constexpr (is_document<T>) {
        return in.document(value);
    } else {
        return scan_described(in, value);
    }
}

}  // namespace zigmund::http::inline v0::detail
