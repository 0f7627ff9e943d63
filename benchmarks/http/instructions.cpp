// The way of a request without its socket, for callgrind to count: each case_ function does its operation a
// thousand times. Run by ../count_instructions.sh.
#include <zigmund/alloc/arena.hpp>
#include <zigmund/http.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "exchange.hpp"
#include "request_reader.hpp"
#include "wire_response.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;

constexpr int times = 1000;

struct Item {
    std::string_view name;
    double price;
    bool in_stock = true;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock))

/// The same members, as Boost.JSON's value_to wants them: none is left out.
constexpr std::string_view small = R"({"name":"Pen","price":2.5,"in_stock":true})";

struct NoHandler {
    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;
    using Error = boost::json::error_code;
    using Text = boost::json::string_view;

    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }
    bool on_object_begin(Error&) { return true; }
    bool on_object_end(std::size_t, Error&) { return true; }
    bool on_array_begin(Error&) { return true; }
    bool on_array_end(std::size_t, Error&) { return true; }
    bool on_key_part(Text, std::size_t, Error&) { return true; }
    bool on_key(Text, std::size_t, Error&) { return true; }
    bool on_string_part(Text, std::size_t, Error&) { return true; }
    bool on_string(Text, std::size_t, Error&) { return true; }
    bool on_number_part(Text, Error&) { return true; }
    bool on_int64(std::int64_t, Text, Error&) { return true; }
    bool on_uint64(std::uint64_t, Text, Error&) { return true; }
    bool on_double(double, Text, Error&) { return true; }
    bool on_bool(bool, Error&) { return true; }
    bool on_null(Error&) { return true; }
    bool on_comment_part(Text, Error&) { return true; }
    bool on_comment(Text, Error&) { return true; }
};

http::Response take_item(http::Body<Item> item) { return http::Response::text(item->name); }
http::Response create_item(http::Body<Item> item, alloc::Allocator arena) {
    return http::Response::json(arena, *item);
}

template <class T>
T* hide(T* p) {
    asm volatile("" : "+r"(p) : : "memory");
    return p;
}
void use(const void* p) { asm volatile("" : : "r"(p) : "memory"); }

/// A connection's part in a request, without the connection.
class Way {
  public:
    explicit Way(const http::App& app) : app_{app} {}

    void post(std::string_view path, std::string_view type, std::string_view body) {
        char length[20];
        const auto digits = std::to_chars(length, length + 20, body.size()).ptr - length;
        char* out = bytes_.data();
        for (const std::string_view part :
             {std::string_view{"POST "}, path,
              std::string_view{" HTTP/1.1\r\nHost: localhost\r\nContent-Type: "}, type,
              std::string_view{"\r\nContent-Length: "},
              std::string_view{length, static_cast<std::size_t>(digits)}, std::string_view{"\r\n\r\n"},
              body}) {
            std::memcpy(out, part.data(), part.size());
            out += part.size();
        }
        request_ = {bytes_.data(), static_cast<std::size_t>(out - bytes_.data())};
    }

    void run() {
        http::Request& request = exchange_.begin();
        http::RequestReader& reader = exchange_.reader();
        (void)reader.next(request);
        std::memcpy(reader.prepare().data(), request_.data(), request_.size());
        if (reader.commit(request_.size()) != http::RequestReader::State::complete) std::abort();
        const http::Response response = app_.respond(request);
        if (response.status() != http::Status::ok) std::abort();
        const http::WireResponse wire = http::write_response(request, response, date_, true);
        use(&wire);
        exchange_.end(65536);
    }

  private:
    const http::App& app_;
    std::array<char, 4096> bytes_{};
    std::string_view request_;
    http::HttpDate date_;
    http::Exchange exchange_{alloc::heap(), std::size_t{1} << 20};
};

}  // namespace

// C names, so that callgrind's patterns find them.
extern "C" {

#define CASE(name, parameter) [[gnu::noinline]] void case_##name(parameter)

CASE(post_without_a_body_parameter, Way& way) {
    for (int i = 0; i < times; ++i) way.run();
}
CASE(post_item_read, Way& way) {
    for (int i = 0; i < times; ++i) way.run();
}
CASE(post_item_read_and_written, Way& way) {
    for (int i = 0; i < times; ++i) way.run();
}
/// What any handler of Boost.JSON's events would cost at the least.
CASE(boost_json_parser_without_a_handler, std::string_view text) {
    for (int i = 0; i < times; ++i) {
        boost::json::basic_parser<NoHandler> parser{boost::json::parse_options{}};
        boost::json::error_code error;
        parser.write_some(false, text.data(), text.size(), error);
        use(&parser);
    }
}
CASE(item_scanned, std::string_view text) {
    alloc::Arena arena;
    for (int i = 0; i < times; ++i) {
        Item item{};
        http::JsonCursor in{text, arena.allocator()};
        if (!http::detail::scan(in, item) || !in.at_end()) std::abort();
        use(&item);
    }
}
CASE(item_written, const Item& item) {
    alloc::Arena arena;
    for (int i = 0; i < times; ++i) {
        http::JsonWriter writer{arena.allocator()};
        writer.value(item);
        use(writer.finish().data());
        arena.reset(alloc::Reset::retain_capacity);
    }
}
CASE(item_written_as_a_list, const Item& item) {
    alloc::Arena arena;
    for (int i = 0; i < times; ++i) {
        http::JsonWriter writer{arena.allocator()};
        writer.value({{"name", item.name}, {"price", item.price}, {"in_stock", item.in_stock}});
        use(writer.finish().data());
        arena.reset(alloc::Reset::retain_capacity);
    }
}
/// Text that needs no escapes, a double and a word, copied one after the other.
CASE(item_written_by_hand, const Item& item) {
    std::array<char, 256> buffer;
    for (int i = 0; i < times; ++i) {
        char* out = buffer.data();
        const auto append = [&out](std::string_view text) {
            std::memcpy(out, text.data(), text.size());
            out += text.size();
        };
        append("{\"name\":\"");
        append(item.name);
        append("\",\"price\":");
        out = std::to_chars(out, out + 32, item.price).ptr;
        append(",\"in_stock\":");
        append(item.in_stock ? "true}" : "false}");
        use(buffer.data());
    }
}
CASE(boost_json_value_from_and_serialize, const Item& item) {
    std::array<unsigned char, 4096> memory;
    std::array<char, 256> text;
    for (int i = 0; i < times; ++i) {
        boost::json::static_resource resource{memory.data(), memory.size()};
        const boost::json::value document = boost::json::value_from(item, &resource);
        boost::json::serializer serializer;
        serializer.reset(&document);
        use(serializer.read(text.data(), text.size()).data());
    }
}
CASE(boost_json_parse_and_value_to, std::string_view text) {
    std::array<unsigned char, 4096> memory;
    for (int i = 0; i < times; ++i) {
        boost::json::static_resource resource{memory.data(), memory.size()};
        const boost::json::value document = boost::json::parse({text.data(), text.size()}, &resource);
        const auto item = boost::json::value_to<Item>(document);
        use(&item);
    }
}
}

int main() {
    http::App app{alloc::heap(), {}};
    app.post("/none", [] { return http::Response::text(""); });
    app.post("/read", take_item);
    app.post("/items", create_item);
    const auto none = std::make_unique<Way>(app);
    const auto read = std::make_unique<Way>(app);
    const auto both = std::make_unique<Way>(app);
    none->post("/none", "application/json", small);
    read->post("/read", "application/json", small);
    both->post("/items", "application/json", small);
    for (Way* way : {none.get(), read.get(), both.get()}) way->run();

    case_post_without_a_body_parameter(*hide(none.get()));
    case_post_item_read(*hide(read.get()));
    case_post_item_read_and_written(*hide(both.get()));
    case_boost_json_parse_and_value_to(*hide(&small));
    case_boost_json_parser_without_a_handler(*hide(&small));
    case_item_scanned(*hide(&small));
    const Item item{"Pen", 2.5, true};
    case_item_written(*hide(&item));
    case_item_written_as_a_list(*hide(&item));
    case_item_written_by_hand(*hide(&item));
    case_boost_json_value_from_and_serialize(*hide(&item));
}
