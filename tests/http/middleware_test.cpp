#include <zigmund/alloc/heap.hpp>
#include <zigmund/http.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "in_process.hpp"

namespace {

namespace alloc = zigmund::alloc;
namespace http = zigmund::http;
namespace inject = zigmund::inject;
using http::Next;
using http::Request;
using http::Response;
using http::Status;

std::vector<std::string> journal;
using Journal = std::vector<std::string>;

struct Middleware : testing::Test {
    Middleware() { journal.clear(); }
    http::App app{alloc::heap(), {}};
};

auto noting(std::string name) {
    return [name](Request& request, Next next) {
        journal.push_back(name + " in");
        const Response response = next(request);
        journal.push_back(name + " out " + std::to_string(static_cast<int>(response.status())));
        return response.with_header(request.allocator(), "x-by", request.allocator().dupe(name));
    };
}

Response refusing(Request&, Next) { return Response::text("no").with_status(Status::forbidden); }

http::Response handler() {
    journal.emplace_back("handler");
    return Response::text("ok");
}

TEST_F(Middleware, TheLastAddedIsTheOutermostAndThoseOfARouteAreInside) {
    app.use(noting("a"));
    app.use(noting("b"));
    app.get("/", http::with_middleware(handler, noting("c"), noting("d")));
    app.get("/plain", handler);
    const std::string head = test::get(app, "/").head;
    EXPECT_EQ(head.substr(head.find("x-by")), "x-by: d\nx-by: c\nx-by: a\nx-by: b\n");
    EXPECT_EQ(journal, (Journal{"b in", "a in", "c in", "d in", "handler", "d out 200", "c out 200",
                                "a out 200", "b out 200"}));
    journal.clear();
    EXPECT_EQ(test::get(app, "/plain").body, "ok");
    EXPECT_EQ(journal, (Journal{"b in", "a in", "handler", "a out 200", "b out 200"}));
}

TEST_F(Middleware, ThatAnswersItselfKeepsTheRequestFromItsHandler) {
    app.get("/route", http::with_middleware(handler, noting("c"), refusing, noting("d")));
    EXPECT_EQ(test::get(app, "/route").line, "HTTP/1.1 403 Forbidden");
    EXPECT_EQ(journal, (Journal{"c in", "c out 403"}));
    journal.clear();
    app.use(refusing);
    app.use(noting("a"));
    EXPECT_EQ(test::get(app, "/route").body, "no");
    EXPECT_EQ(test::get(app, "/nowhere").body, "no");
    EXPECT_EQ(journal, (Journal{"a in", "a out 403", "a in", "a out 403"}));
}

TEST_F(Middleware, OfTheAppSeesTheResponsesToRefusalsAndToWhatIsHandled) {
    app.use(noting("a"));
    app.get("/error", []() -> int { throw http::HttpError{Status::gone}; });
    app.get("/item/{id}", [](http::Path<int, "id"> id) { return *id; });
    (void)test::get(app, "/error");
    (void)test::get(app, "/nowhere");
    (void)test::get(app, "/item/x");
    (void)test::post(app, "/error", "{}");
    EXPECT_EQ(journal,
              (Journal{"a in", "a out 410", "a in", "a out 404", "a in", "a out 422", "a in", "a out 405"}));
}

inject::Scoped<int> session(alloc::Allocator) {
    try {
        co_yield 1;
        journal.emplace_back("commit");
    } catch (...) {
        journal.emplace_back("rollback");
        throw;
    }
}

TEST_F(Middleware, AnExceptionThatNobodyAnswersPassesThroughAndIsA500) {
    app.use([](Request& request, Next next) -> Response {
        try {
            return next(request);
        } catch (const std::runtime_error&) {
            journal.emplace_back("passed");
            throw;
        }
    });
    app.get("/", [](inject::Depends<session>) -> int { throw std::runtime_error{"x"}; });
    testing::internal::CaptureStderr();
    EXPECT_EQ(test::get(app, "/").body, "Internal Server Error");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "zigmund: GET /: unhandled exception: x\n");
    EXPECT_EQ(journal, (Journal{"rollback", "passed"}));
}

TEST_F(Middleware, ThatThrowsFailsARequestWhoseHandlerHadSucceeded) {
    app.use([](Request& request, Next next) -> Response {
        (void)next(request);
        throw std::runtime_error{"mine"};
    });
    app.get("/", [](inject::Depends<session>, http::BackgroundTasks& tasks) {
        tasks.add([] { journal.emplace_back("task"); });
    });
    testing::internal::CaptureStderr();
    EXPECT_EQ(test::get(app, "/").line, "HTTP/1.1 500 Internal Server Error");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "zigmund: GET /: unhandled exception: mine\n");
    EXPECT_EQ(journal, Journal{"rollback"});
}

TEST_F(Middleware, OfARouteIsAnsweredLikeItsHandlerWhenItThrows) {
    app.get("/", http::with_middleware(handler, [](Request&, Next) -> Response {
                throw http::HttpError{Status::unauthorized};
            }));
    EXPECT_EQ(test::get(app, "/").line, "HTTP/1.1 401 Unauthorized");
    EXPECT_TRUE(journal.empty());
}

TEST_F(Middleware, IsLeftBeforeBackgroundTasksAndTeardown) {
    app.use(noting("a"));
    app.get("/", [](inject::Depends<session>, http::BackgroundTasks& tasks) {
        tasks.add([] { journal.emplace_back("task"); });
    });
    EXPECT_EQ(test::get(app, "/").body, "null");
    EXPECT_EQ(journal, (Journal{"a in", "a out 200", "task", "commit"}));
}

}  // namespace
