// The program of memory_management.md.
#include <zigmund/alloc.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <cstdint>
#include <cstdio>
#include <expected>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;

// ---- handlers ----

http::Response get_user(http::Path<std::uint32_t, "user_id"> user_id, alloc::Allocator arena) {
    // This memory lives until the response has been sent, and is gone with the rest of the arena.
    return http::Response::json(arena, {{"id", user_id}, {"name", "Alice"}});
}

http::Response get_item(http::Request& request, http::Path<std::uint32_t, "item_id"> item_id,
                        http::Query<std::optional<std::string_view>, "q"> q, alloc::Allocator arena) {
    return http::Response::json(arena, {{"path", request.path()}, {"item", item_id}, {"q", q}});
}

http::Response get_hello() {
    return http::Response::text("Hello, World!");  // static text: nothing is allocated
}

http::Response greet(http::Path<std::string_view, "name"> name, alloc::Allocator arena) {
    std::pmr::string text{"Hello, ", arena};  // grows in the arena
    text += *name;
    text += '!';
    return http::Response::text(arena.dupe(text));
}

http::Response get_squares(http::Query<int, "to"> to, alloc::Allocator arena) {
    std::pmr::vector<int> squares{arena};
    for (int i = 1; i <= to; ++i) squares.push_back(i * i);
    return http::Response::json(arena, squares);
}

http::Response process_file(alloc::Allocator arena) {
    std::FILE* const file = std::fopen("/proc/version", "r");
    if (file == nullptr) throw http::HttpError{http::Status::not_found};
    auto close = alloc::defer([&] { std::fclose(file); });  // whichever way this function is left

    const std::span<char> contents = arena.alloc<char>(4096);
    const std::size_t size = std::fread(contents.data(), 1, contents.size(), file);
    return http::Response::text(std::string_view{contents.data(), size});
}

// ---- errdefer ----

struct Cache {
    std::expected<void, alloc::Error> load(bool works) noexcept {
        if (!works) return std::unexpected(alloc::Error::out_of_memory);
        return {};
    }
};

alloc::Result<Cache*> create_cache(alloc::Allocator a, bool works) {
    alloc::ErrScope scope;
    Cache* const cache = ZIGMUND_TRY(a.try_create<Cache>());
    auto undo = scope.errdefer([&] { a.destroy(cache); });  // only if an error is returned below
    ZIGMUND_TRY(cache->load(works));                        // if this fails, the cache is freed
    return scope.ok(cache);                                 // if we get here, the caller owns it
}

// ---- a batch ----

std::size_t count_words(std::span<const std::string_view> lines) {
    std::size_t words = 0;
    alloc::Arena arena;
    for (const std::string_view line : lines) {
        std::pmr::vector<std::string_view> found{arena.allocator()};
        for (std::size_t at = 0; at < line.size();) {
            const std::size_t end = std::min(line.find(' ', at), line.size());
            if (end != at) found.push_back(line.substr(at, end - at));
            at = end + 1;
        }
        words += found.size();
        found = {};
        arena.reset(alloc::Reset::retain_capacity);  // everything above is gone, the memory is kept
    }
    return words;
}

// ---- all together ----

struct Item {
    std::string_view name;
    double price;
    bool in_stock = true;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, in_stock))

http::Response create_item(http::Body<Item> item, alloc::Allocator arena) {
    // All that is allocated here comes from the request's arena. Nothing has to be freed.
    return http::Response::json(arena, {{"name", item->name},
                                        {"price", item->price},
                                        {"in_stock", item->in_stock},
                                        {"message", "Item created successfully"}});
}

int run(int argc) {
    // The application's memory: it lives as long as the program, and reports what was not given back.
    alloc::GeneralPurposeAllocator gpa{{.tier = alloc::Tier::traced, .name = "application"}};
    http::App app{gpa.allocator(), {.title = "Item Service", .version = "1.0.0"}};

    app.post("/items", create_item);
    app.get("/users/{user_id}", get_user);
    // ...
    app.get("/items/{item_id}", get_item);
    app.get("/hello", get_hello);
    app.get("/hello/{name}", greet);
    app.get("/squares", get_squares);
    app.get("/file", process_file);
    if (argc > 1) {
        return app.serve({.port = 8080});
    }

    {
        http::testing::TestClient client{app};
        const auto show = [&](const http::testing::TestResponse& response) {
            std::printf("%s\n", response.text().c_str());
        };
        show(client.get("/users/7"));
        show(client.get("/items/3?q=pen"));
        show(client.get("/hello"));
        show(client.get("/hello/world"));
        show(client.get("/squares?to=5"));
        show(client.post("/items", {.json = {{"name", "Pen"}, {"price", 2.5}}}));
        std::printf("file: %d\n", client.get("/file").status());
    }

    alloc::GeneralPurposeAllocator caches{{.tier = alloc::Tier::traced, .name = "caches"}};
    const auto failed = create_cache(caches.allocator(), false);
    std::printf("cache: %s, live bytes: %zu\n", failed ? "made" : "not made", caches.live_bytes());
    const auto made = create_cache(caches.allocator(), true);
    std::printf("cache: %s, live blocks: %zu\n", made ? "made" : "not made", caches.live_blocks());
    caches.allocator().destroy(*made);

    const std::vector<std::string_view> lines{"one two", "three", " four five "};
    std::printf("words: %zu\n", count_words(lines));

    // ---- a leak ----
    char report[256]{};
    std::FILE* const file = std::tmpfile();
    {
        alloc::GeneralPurposeAllocator leaky{
            {.tier = alloc::Tier::counted, .name = "application", .report_descriptor = ::fileno(file)}};
        (void)leaky.allocator().alloc<char>(24);
    }
    std::rewind(file);
    if (std::fgets(report, sizeof report, file) != nullptr) std::fputs(report, stdout);
    std::fclose(file);
    return 0;
}

int main(int argc, char**) { return run(argc); }
