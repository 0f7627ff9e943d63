// The program of lifespan.md.
#include <zigmund/alloc.hpp>
#include <zigmund/http.hpp>
#include <zigmund/http/testing/test_client.hpp>

#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <string_view>

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;

// ---- state ----

struct Settings {
    std::string_view database;
    int workers = 2;
};

struct Counter {
    std::atomic<int> visits = 0;  // all workers use the same one
};

http::Response visit(inject::State<Counter> counter, inject::State<Settings> settings,
                     alloc::Allocator arena) {
    return http::Response::json(arena, {{"visits", ++counter->visits}, {"database", settings->database}});
}

// ---- made when the application starts ----

struct Pool {
    std::string_view database;
};

inject::Scoped<Pool> open_pool(inject::State<Settings> settings, alloc::Allocator) {
    std::printf("  open %.*s\n", static_cast<int>(settings->database.size()), settings->database.data());
    Pool pool{settings->database};
    co_yield pool;  // the application runs here
    std::printf("  close the pool\n");
}

http::Response query(inject::Depends<open_pool, inject::AppScope> pool) {
    return http::Response::text(pool->database);
}

// ---- background tasks ----

void send_mail(std::string_view to) {
    std::printf("  mail to %.*s\n", static_cast<int>(to.size()), to.data());
}

http::Response sign_up(http::Query<std::string_view, "email"> email, http::BackgroundTasks& tasks) {
    tasks.add(send_mail, *email);  // later: the answer is sent first
    return http::Response::text("welcome");
}

http::Response sign_up_and_fail(http::Query<std::string_view, "email"> email, http::BackgroundTasks& tasks) {
    tasks.add(send_mail, *email);
    throw http::HttpError{http::Status::conflict, "You are here already"};
}

// ---- the order ----

inject::Scoped<int> get_session(alloc::Allocator) {
    std::printf("  session opened\n");
    co_yield 1;
    std::printf("  session closed\n");
}

http::Response in_order(inject::Depends<get_session>, http::BackgroundTasks& tasks) {
    tasks.add([] { std::printf("  task\n"); });
    std::printf("  handler\n");
    return http::Response::text("answer");
}

int main() {
    alloc::GeneralPurposeAllocator gpa{{.name = "application"}};
    http::App app{gpa.allocator(), {}};

    app.provide<Settings>(Settings{.database = "shop.db"});
    app.provide<Counter>();

    app.on_startup([](inject::Depends<open_pool, inject::AppScope>, inject::State<Settings> settings) {
        std::printf("  warm up for %d workers\n", settings->workers);
    });
    app.on_shutdown(
        [](inject::State<Counter> counter) { std::printf("  %d visits\n", counter->visits.load()); });

    app.get("/visit", visit);
    app.get("/query", query);
    app.post("/sign-up", sign_up);
    app.post("/sign-up-twice", sign_up_and_fail);
    app.get("/order", in_order);

    const auto show = [](const http::testing::TestResponse& response) {
        std::printf("%d %s\n", response.status(), response.text().c_str());
    };
    std::printf("start\n");
    {
        http::testing::TestClient client{app};
        show(client.get("/visit"));
        show(client.get("/visit"));
        show(client.get("/query"));
        std::printf("sign up\n");
        show(client.post("/sign-up?email=a@example.com"));
        std::printf("sign up twice\n");
        show(client.post("/sign-up-twice?email=a@example.com"));
        std::printf("in order\n");
        show(client.get("/order"));
        std::printf("stop\n");
    }

    // ---- what nobody provides ----
    http::App forgetful{gpa.allocator(), {}};
    forgetful.get("/visit", visit);
    try {
        forgetful.startup();
    } catch (const std::logic_error& error) {
        const std::string_view text = error.what();
        std::printf("%s\n", text.substr(text.rfind(" is asked for")).data());
    }
}
