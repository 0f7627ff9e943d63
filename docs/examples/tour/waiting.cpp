// Handlers that wait without holding up their worker, and handlers that block.
#include <chrono>
#include <thread>

#include "tour.hpp"

namespace tour {
namespace {

/// What a part of it waits for, the whole waits for; the worker serves others meanwhile.
http::Task<int> look_up(int key, alloc::Allocator) {
    co_await http::sleep_for(std::chrono::milliseconds{1});
    co_return key * 2;
}

http::Task<http::Response> get_later(http::Query<int, "key", http::Default<21>> key, alloc::Allocator arena) {
    const int value = co_await look_up(*key, arena);
    co_return http::Response::json(arena, {{"value", value}});
}

/// A library that blocks: on a thread of its own.
http::Response get_report(alloc::Allocator arena) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    return http::Response::json(arena, {{"report", "made"}});
}

}  // namespace

void add_waiting(http::App& app) {
    app.get("/later", get_later, {.tags = {"waiting"}});
    app.get("/report", http::blocking(get_report), {.tags = {"waiting"}});
}

}  // namespace tour
