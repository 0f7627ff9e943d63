#include "json_reader.hpp"

#include <boost/container/pmr/memory_resource.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <span>

namespace zigmund::http::inline v0 {
namespace {

namespace json = boost::json;

/// Boost.JSON takes Boost.Container's memory resources, not the standard's.
class ArenaStorage final : public boost::container::pmr::memory_resource {
  public:
    explicit ArenaStorage(alloc::Allocator arena) noexcept : arena_{arena} {}

  private:
    void* do_allocate(std::size_t size, std::size_t align) override { return arena_.allocate(size, align); }
    void do_deallocate(void* p, std::size_t size, std::size_t align) override {
        arena_.deallocate(p, size, align);
    }
    bool do_is_equal(const boost::container::pmr::memory_resource& other) const noexcept override {
        return this == &other;
    }

    alloc::Allocator arena_;
};

}  // namespace
}  // namespace zigmund::http::inline v0

// The document goes with the arena: nobody walks it to free its parts.
template <>
struct boost::json::is_deallocate_trivial<zigmund::http::ArenaStorage> : std::true_type {};

namespace zigmund::http::inline v0 {
namespace {

/// Receives the parser's events and stacks up the document.
struct Handler {
    static constexpr std::size_t max_object_size = max_json_members;
    static constexpr std::size_t max_array_size = json::array::max_size();
    static constexpr std::size_t max_key_size = json::string::max_size();
    static constexpr std::size_t max_string_size = json::string::max_size();

    using Error = json::error_code;
    using Text = json::string_view;

    json::value_stack stack;

    Handler(const json::storage_ptr& storage, std::span<unsigned char> first_stack)
        : stack{storage, first_stack.data(), first_stack.size()} {
        stack.reset(storage);
    }

    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }
    bool on_object_begin(Error&) { return true; }
    bool on_object_end(std::size_t size, Error&) { return stack.push_object(size), true; }
    bool on_array_begin(Error&) { return true; }
    bool on_array_end(std::size_t size, Error&) { return stack.push_array(size), true; }
    bool on_key_part(Text text, std::size_t, Error&) { return stack.push_chars(text), true; }
    bool on_key(Text text, std::size_t, Error&) { return stack.push_key(text), true; }
    bool on_string_part(Text text, std::size_t, Error&) { return stack.push_chars(text), true; }
    bool on_string(Text text, std::size_t, Error&) { return stack.push_string(text), true; }
    bool on_number_part(Text, Error&) { return true; }
    bool on_int64(std::int64_t value, Text, Error&) { return stack.push_int64(value), true; }
    bool on_uint64(std::uint64_t value, Text, Error&) { return stack.push_uint64(value), true; }
    bool on_double(double value, Text text, Error&) {
        // The text is given whole, so the number is too. A value beyond double's range keeps what the parser
        // made of it (infinity, or zero).
        double exact = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exact);
        stack.push_double(error == std::errc{} && end == text.data() + text.size() ? exact : value);
        return true;
    }
    bool on_bool(bool value, Error&) { return stack.push_bool(value), true; }
    bool on_null(Error&) { return stack.push_null(), true; }
    bool on_comment_part(Text, Error&) { return true; }
    bool on_comment(Text, Error&) { return true; }
};

}  // namespace

bool read_json_into(std::string_view text, alloc::Allocator arena, boost::json::value& result) {
    auto* const storage = arena.create<ArenaStorage>(arena);
    std::array<unsigned char, 2048> first_stack;
    json::parse_options options;
    options.max_depth = max_json_depth;
    json::basic_parser<Handler> parser{options, json::storage_ptr{storage}, std::span{first_stack}};

    json::error_code error;
    const std::size_t size = parser.write_some(false, text.data(), text.size(), error);
    if (error || size != text.size() || !parser.done()) return false;
    ::new (static_cast<void*>(&result)) json::value(parser.handler().stack.release());
    return true;
}

void make_json_text(std::string_view text, alloc::Allocator arena, boost::json::value& result) {
    ::new (static_cast<void*>(&result))
        json::value(json::string_view{text.data(), text.size()}, arena.create<ArenaStorage>(arena));
}

void copy_json(const boost::json::value& document, alloc::Allocator arena, boost::json::value& result) {
    ::new (static_cast<void*>(&result)) json::value(document, arena.create<ArenaStorage>(arena));
}

std::expected<const boost::json::value*, JsonSyntaxError> read_json(std::string_view text,
                                                                    alloc::Allocator arena) {
    auto* const document =
        static_cast<json::value*>(arena.allocate(sizeof(json::value), alignof(json::value)));
    if (!read_json_into(text, arena, *document)) return std::unexpected(diagnose_json(text));
    return document;
}

}  // namespace zigmund::http::inline v0
