// The way of a request without its socket, for callgrind to count: each case_ function does its operation a
// thousand times. Run by ../count_instructions.sh.
#include <zigmund/alloc/arena.hpp>
#include <zigmund/http.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>

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
        (void)reader_.next(request);
        std::memcpy(reader_.prepare().data(), request_.data(), request_.size());
        if (reader_.commit(request_.size()) != http::RequestReader::State::complete) std::abort();
        const http::Response response = app_.respond(request);
        if (response.status() != http::Status::ok) std::abort();
        const http::WireResponse wire = http::write_response(request, response, date_, true);
        use(&wire);
        reader_.release();
        exchange_.end(65536);
    }

  private:
    const http::App& app_;
    std::array<char, 4096> bytes_{};
    std::string_view request_;
    http::HttpDate date_;
    http::Exchange exchange_{alloc::heap()};
    std::array<char, http::RequestReader::block_size> block_{};
    http::RequestReader reader_{block_, std::size_t{1} << 20};
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
}
