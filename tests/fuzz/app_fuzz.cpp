// Bytes of a connection: every request gets an answer that is well-formed HTTP, with JSON in it where it says
// so, and none is a 500, because none of these handlers throws.
#include <zigmund/http/app.hpp>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/parse.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "error_response.hpp"
#include "fuzz.hpp"
#include "request_reader.hpp"
#include "wire_response.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace beast = boost::beast;
using State = http::RequestReader::State;
using zigmund::fuzz::check;

struct Item {
    std::string_view name;
    double price;
    bool in_stock = true;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock))

http::Response get_user(http::Path<std::uint32_t, "user_id"> user_id,
                        http::Query<std::optional<std::string_view>, "q"> q,
                        http::Query<int, "limit", http::Default<10>> limit, alloc::Allocator arena) {
    return http::Response::json(arena, {{"id", user_id}, {"q", *q}, {"limit", limit}});
}

http::Response create_item(http::Body<Item> item, alloc::Allocator arena) {
    return http::Response::json(arena, *item).with_status(http::Status::created);
}

http::Response search(http::Path<double, "from"> from, http::Path<std::string_view, "name"> name,
                      http::Query<bool, "deep"> deep, alloc::Allocator arena) {
    return http::Response::json(arena, {{"from", from}, {"name", name}, {"deep", deep}});
}

http::Response echo(http::Request& request) { return http::Response::text(request.body()); }

http::Response remove_user() { return http::Response{http::Status::no_content}; }

/// Whatever the client asks for as a header field, if a field may hold it.
http::Response redirect(http::Query<std::string_view, "to"> to, alloc::Allocator arena) {
    try {
        return http::Response{http::Status::temporary_redirect}.with_header(arena, "location", *to);
    } catch (const std::invalid_argument&) {
        return http::Response{http::Status::bad_request};
    }
}

/// The answer as a client reads it.
void check_wire(const http::WireResponse& wire, bool to_head, bool keep_alive) {
    const std::string bytes = std::string{wire.head}.append(wire.body);
    beast::http::response_parser<beast::http::string_body> parser;
    parser.skip(to_head);
    beast::error_code error;
    std::size_t used = 0;
    for (int round = 0; round < 4 && !parser.is_done(); ++round) {
        used += parser.put(boost::asio::const_buffer{bytes.data() + used, bytes.size() - used}, error);
        check(!error || error == beast::http::error::need_more, "the answer parses");
    }
    check(parser.is_done() && used == bytes.size(), "the answer ends where its head says");
    check(parser.get().keep_alive() == keep_alive, "the answer says whether the connection stays");
    check(parser.get().result_int() != 500, "no input is an error of the server");
    if (parser.get()["content-type"] == "application/json" && !to_head) {
        boost::json::parse(parser.get().body(), error);
        check(!error, "the answer's body is JSON");
    }
}

void serve(const http::App& app, alloc::Allocator memory, std::string_view bytes, std::size_t piece) {
    const auto block = std::make_unique<std::array<char, http::RequestReader::block_size>>();
    http::RequestReader reader{*block, 20'000};
    http::HttpDate date;
    date.update(784'111'777);
    while (true) {
        alloc::Arena arena{memory};
        http::Request request{arena.allocator()};
        State state = reader.next(request);
        while (state == State::need_more && !bytes.empty()) {
            const std::span<char> space = reader.prepare();
            const std::size_t size = std::min({bytes.size(), space.size(), piece});
            std::memcpy(space.data(), bytes.data(), size);
            bytes.remove_prefix(size);
            state = reader.commit(size);
        }
        const bool complete = state == State::complete;
        if (state != State::need_more) {
            const bool keep_alive = complete && request.keep_alive();
            const http::Response response =
                complete ? app.respond(request) : http::error_response(reader.error());
            const bool to_head = request.method() == http::Method::head;
            // HTTP/1.0 keeps a connection that says so; the parser judges by the answer's 1.1.
            check_wire(http::write_response(request, response, date, keep_alive), to_head, keep_alive);
        }
        reader.release();
        if (!complete || !request.keep_alive()) return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    zigmund::fuzz::Input input{data, size};
    zigmund::fuzz::CountedMemory memory;
    http::App app{memory.allocator(), {.title = "Fuzz", .version = "1"}};
    app.get("/users/{user_id}", get_user);
    app.get("/users/me", [] { return http::Response::text("me"); });
    app.post("/items", create_item);
    app.get("/search/{from}/in/{name}", search);
    app.post("/echo", echo);
    app.put("/echo", echo);
    app.delete_("/users/{user_id}", remove_user);
    app.get("/to", redirect);
    const std::size_t piece = std::size_t{1} + std::size_t{input.byte()} * 64;
    serve(app, memory.allocator(), input.text(), piece);
    return 0;
}
