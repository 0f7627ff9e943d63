// JsonWriter: JSON text, written once, straight into the memory that a response is sent from.
//
// The buffer grows in place while it is the last block of the arena, so that writing costs no copy. The form
// is the one that FastAPI's clients know: no blanks, UTF-8 as it is, `2.0` for a double that is whole.
//
// Threads: one. Cost: one pass over the value. Throws: std::bad_alloc from the allocator,
// std::domain_error "JSON has no NaN and no infinity". Never: builds a document, sorts members.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/export.hpp>
#include <zigmund/http/json_value.hpp>

#include <boost/mp11/algorithm.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace zigmund::http::inline v0 {

class ZIGMUND_EXPORT JsonWriter {
  public:
    /// Takes memory of `allocator` when the first byte is written.
    explicit JsonWriter(alloc::Allocator allocator) noexcept : allocator_{allocator} {}
    JsonWriter(const JsonWriter&) = delete;
    JsonWriter& operator=(const JsonWriter&) = delete;
    ~JsonWriter() {
        if (data_ != nullptr) allocator_.deallocate(data_, capacity_, 1);
    }

    /// Writes a value where one is due: at the beginning, and after name() and element().
    void value(const JsonValue& value);

    /// An object or an array, as a value; between the two stand members, name() and value(), or elements,
    /// element() and value(). Nobody checks that they match.
    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }
    /// The name of the member whose value comes next.
    void name(std::string_view name);
    /// The same, for a name that is written already: `"id":`.
    void quoted_name(std::string_view quoted) {
        separate();
        append(quoted);
    }
    /// The start of an array's next element.
    void element() { separate(); }

    /// Text as it is, in place of a value.
    void raw(std::string_view text) {
        append(text);
        first_ = true;
    }
    /// Writes over what stands at `at`, of which there is enough.
    void overwrite(std::size_t at, std::string_view text) noexcept {
        std::memcpy(data_ + at, text.data(), text.size());
    }
    /// What was written so far, until more is.
    [[nodiscard]] std::string_view text() const noexcept { return {data_, size_}; }

    /// Bytes written so far.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Takes back all that was written after the first `size` bytes; size() was that at a moment when a value
    /// was due, which it is again.
    void rewind(std::size_t size) noexcept {
        size_ = size;
        first_ = false;
    }

    /// Gives up on a boost::json::value once more than `size` bytes are written: full() then says that what
    /// was written is cut, and is to be taken back.
    void limit(std::size_t size) noexcept { limit_ = size; }
    /// Whether more was written than limit() allows.
    [[nodiscard]] bool full() const noexcept { return size_ > limit_; }

    /// What becomes of a byte that is no UTF-8: its code point in Latin-1, or else U+FFFD.
    void latin1(bool on) noexcept { latin1_ = on; }

    /// The text, which now belongs to the allocator's owner; its block is cut to its size where the allocator
    /// can. The writer is empty afterwards.
    [[nodiscard]] std::string_view finish() noexcept;

  private:
    void open(char bracket) {
        append(bracket);
        first_ = true;
    }
    void close(char bracket) {
        append(bracket);
        first_ = false;
    }
    void separate() {
        if (!first_) append(',');
        first_ = false;
    }
    void append(char c) {
        if (size_ == capacity_) [[unlikely]]
            grow(1);
        data_[size_++] = c;
    }
    void append(std::string_view text) {
        if (text.size() > capacity_ - size_) [[unlikely]]
            grow(text.size());
        if (!text.empty()) std::memcpy(data_ + size_, text.data(), text.size());
        size_ += text.size();
    }
    /// Room for `size` more bytes.
    char* reserve(std::size_t size) {
        if (size > capacity_ - size_) [[unlikely]]
            grow(size);
        return data_ + size_;
    }
    [[gnu::noinline]] void grow(std::size_t size);
    void string(std::string_view text);
    void number(double value);

    alloc::Allocator allocator_;
    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    std::size_t limit_ = SIZE_MAX;
    bool first_ = true;
    bool latin1_ = false;
};

namespace detail {

template <class T>
void write_described(JsonWriter& writer, const void* object) {
    const T& value = *static_cast<const T*>(object);
    writer.begin_object();
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        using D = decltype(member);
        if constexpr (is_plain_name<D>) {
            writer.quoted_name({quoted_name<D>.data(), quoted_name<D>.size()});
        } else {
            writer.name(json_name<D>);
        }
        writer.value(JsonValue{value.*D::pointer});
    });
    writer.end_object();
}

template <class Range>
void write_range(JsonWriter& writer, const void* range) {
    writer.begin_array();
    for (const auto& element : *static_cast<const Range*>(range)) {
        writer.element();
        writer.value(JsonValue{element});
    }
    writer.end_array();
}

template <class Map>
void write_map(JsonWriter& writer, const void* map) {
    writer.begin_object();
    for (const auto& [name, value] : *static_cast<const Map*>(map)) {
        writer.name(name);
        writer.value(JsonValue{value});
    }
    writer.end_object();
}

template <class Variant>
void write_variant(JsonWriter& writer, const void* variant) {
    std::visit([&](const auto& value) { writer.value(JsonValue{value}); },
               *static_cast<const Variant*>(variant));
}

}  // namespace detail
}  // namespace zigmund::http::inline v0
