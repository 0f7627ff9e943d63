// A body of any bytes binds to a struct, or is refused with an answer that is well-formed JSON; and the two
// ways in which it may be read agree.
#include <zigmund/http/app.hpp>

#include <boost/json/parse.hpp>

#include <map>
#include <memory_resource>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fuzz.hpp"
#include "json_reader.hpp"
#include "request_reader.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
using zigmund::fuzz::check;

struct Size {
    std::uint8_t width;
    double height = 1.5;
};
BOOST_DESCRIBE_STRUCT(Size, (), (width, height))

struct Cat {
    http::Literal<"cat"> kind;
    int lives;
    static constexpr auto extra_members = http::ExtraMembers::forbid;
};
BOOST_DESCRIBE_STRUCT(Cat, (), (kind, lives))

struct Dog {
    http::Literal<"dog", "hound"> kind;
    std::string_view name;
};
BOOST_DESCRIBE_STRUCT(Dog, (), (kind, name))

struct Item {
    std::string_view name;
    std::int64_t count;
    bool in_stock = true;
    std::optional<float> price;
    std::span<const Size> sizes;
    std::span<const std::string_view> tags;
    Size box;
    std::optional<Size> lid;
    std::optional<std::variant<Cat, Dog>> pet;
    http::Member<std::optional<double>, http::Gt<0>, http::Alias<"w">> weight;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, count, in_stock, price, sizes, tags, box, lid, pet, weight))

struct Shelf {
    std::pmr::map<std::string_view, std::pmr::vector<double>> rows;
    std::pmr::string label;
    std::optional<boost::json::value> rest;
};
BOOST_DESCRIBE_STRUCT(Shelf, (), (rows, label, rest))

std::string_view written(const http::JsonValue& value, alloc::Allocator arena) {
    try {
        http::JsonWriter writer{arena};
        writer.value(value);
        return writer.finish();
    } catch (const std::domain_error&) {
        return "a document with a number that no double holds";
    }
}

/// What the fast way takes, the thorough one takes too, and both make the same of it.
template <class T>
void check_both_ways(std::string_view text, const boost::json::value* document, alloc::Allocator arena) {
    std::optional<T> fast{std::in_place};
    http::detail::adopt(*fast, arena);
    http::JsonCursor in{text, arena};
    if (!http::detail::scan(in, *fast) || !in.at_end()) return;
    check(document != nullptr, "what the fast way takes is JSON");
    std::optional<T> slow{std::in_place};
    http::detail::adopt(*slow, arena);
    http::ValidationErrors errors{arena};
    http::detail::DocumentBinder{arena, errors}.bind(http::detail::JsonInput{*document}, *slow,
                                                     http::Location{nullptr, std::string_view{"body"}});
    check(errors.empty(), "what the fast way takes fits");
    check(written(*fast, arena) == written(*slow, arena), "both ways make the same of it");
}

http::Response echo(http::Body<Item> item, alloc::Allocator arena) {
    return http::Response::json(arena, *item);
}

/// Reads `body` as the body of a request, in the arena of which all of it lives.
http::Response post(const http::App& app, http::Request& request, http::RequestReader& reader,
                    std::string_view body) {
    const std::string bytes =
        "POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
    http::RequestReader::State state = reader.next(request);
    for (std::string_view rest = bytes; state == http::RequestReader::State::need_more;) {
        const std::span<char> space = reader.prepare();
        const std::size_t size = std::min(rest.size(), space.size());
        std::memcpy(space.data(), rest.data(), size);
        rest.remove_prefix(size);
        state = reader.commit(size);
    }
    check(state == http::RequestReader::State::complete, "the request is whole");
    return app.respond(request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = zigmund::fuzz::Input{data, size}.text();
    zigmund::fuzz::CountedMemory memory;
    http::App app{memory.allocator(), {}};
    app.post("/items", echo);
    alloc::Arena arena{memory.allocator()};

    // Read twice: by Boost.JSON's own parser, which must agree on what is JSON, but for our limits.
    const auto document = http::read_json(text, arena.allocator());
    boost::system::error_code error;
    boost::json::parse_options options;
    options.max_depth = 64;
    boost::json::parse(text, error, {}, options);
    check(!document || !error, "what is read is JSON");
    if (!document) {
        check(document.error().position <= text.size(), "the error's position is in the text");
        check(!document.error().message.empty(), "the error has a message");
    }
    (void)http::diagnose_json(text);  // of well-formed text as well: it ends

    const boost::json::value* const value = document ? *document : nullptr;
    check_both_ways<Item>(text, value, arena.allocator());
    check_both_ways<Shelf>(text, value, arena.allocator());
    check_both_ways<std::span<const std::optional<double>>>(text, value, arena.allocator());
    check_both_ways<boost::json::value>(text, value, arena.allocator());

    const auto block = std::make_unique<std::array<char, http::RequestReader::block_size>>();
    http::RequestReader reader{*block, std::size_t{1} << 20};
    http::Request request{arena.allocator()};
    const http::Response response = post(app, request, reader, text);
    const auto status = static_cast<int>(response.status());
    check(status == 200 || status == 400 || status == 422, "the body is taken or refused");
    boost::json::parse({response.body().data(), response.body().size()}, error, {}, options);
    check(!error, "the answer is JSON");
    if (status == 200) {
        // What was bound and written back binds again, to the same.
        alloc::Arena second_arena{memory.allocator()};
        const std::string first{response.body()};
        reader.release();
        http::Request again{second_arena.allocator()};
        const http::Response second = post(app, again, reader, first);
        check(second.body() == first, "what was bound binds again to the same");
        reader.release();
        return 0;
    }
    reader.release();
    return 0;
}
