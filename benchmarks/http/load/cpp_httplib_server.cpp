// A peer: cpp-httplib, with a thread for each of load.py's connections, which is what it needs to keep them
// alive.
//
//     cpp_httplib_server PORT
#include <boost/json.hpp>

#include <httplib.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

namespace json = boost::json;

namespace {

void answer_json(httplib::Response& response, const json::value& value) {
    response.set_content(json::serialize(value), "application/json");
}

void get_user(const httplib::Request& request, httplib::Response& response) {
    const std::string text = request.matches[1];
    unsigned id = 0;
    std::from_chars(text.data(), text.data() + text.size(), id);
    answer_json(response, {{"id", id}, {"name", "Alice"}});
}

void create_item(const httplib::Request& request, httplib::Response& response) {
    const json::value item = json::parse(request.body);
    const json::object& members = item.as_object();
    const json::value* const in_stock = members.if_contains("in_stock");
    answer_json(response, {{"name", members.at("name")},
                           {"price", members.at("price").to_number<double>()},
                           {"in_stock", in_stock == nullptr || in_stock->as_bool()},
                           {"message", "Item created successfully"}});
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: cpp_httplib_server PORT\n", stderr);
        return 2;
    }
    httplib::Server server;
    server.new_task_queue = [] { return new httplib::ThreadPool(600); };
    server.set_keep_alive_max_count(std::numeric_limits<std::size_t>::max());
    server.set_tcp_nodelay(true);
    server.Get("/text", [](const httplib::Request&, httplib::Response& response) {
        response.set_content("Hello, World!", "text/plain; charset=utf-8");
    });
    server.Get(R"(/users/(\d+))", get_user);
    server.Post("/items", create_item);
    return server.listen("127.0.0.1", std::atoi(argv[1])) ? 0 : 1;
}
