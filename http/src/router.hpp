// Router: a method and a path to a route.
//
// A tree of segments: text before parameter, so that `/users/me` wins over `/users/{id}`; where a match has
// no handler for the method, the next best one is tried, and only then it is a 405. Built once, read by all
// workers.
//
// Threads: add() from one thread, then match() from any. Cost of match(): one comparison a segment among
// siblings by binary search; no allocation. Memory: the application's allocator.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/endpoint.hpp>
#include <zigmund/http/method.hpp>
#include <zigmund/http/request.hpp>

#include <array>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

namespace zigmund::http {

struct Route {
    Method method;
    std::string_view path;                              ///< the template, in the router's memory
    std::span<const std::string_view> parameter_names;  ///< views of `path`
    Endpoint endpoint;
};

/// A set of methods.
class Methods {
  public:
    void add(Method method) noexcept { bits_ |= 1U << static_cast<unsigned>(method); }
    [[nodiscard]] bool has(Method method) const noexcept {
        return (bits_ >> static_cast<unsigned>(method) & 1U) != 0;
    }
    [[nodiscard]] bool empty() const noexcept { return bits_ == 0; }

  private:
    unsigned bits_ = 0;
};

class Router {
  public:
    explicit Router(alloc::Allocator allocator) noexcept : allocator_{allocator}, root_{allocator} {}
    ~Router();
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    /// Adds a route and takes its endpoint; when it throws (RouteError, std::bad_alloc) the caller still has
    /// it.
    void add(Method method, std::string_view path, const Endpoint& endpoint);

    struct Match {
        const Route* route = nullptr;  ///< null: nothing for this path and method
        Methods allowed;               ///< without a route: the methods that the path has; none: unknown path
    };

    /// The route for the request's method and path, whose parameters are set in the request. HEAD is served
    /// by GET where it has no route of its own.
    [[nodiscard]] Match match(Request& request) const noexcept;

  private:
    struct Node {
        explicit Node(alloc::Allocator allocator) noexcept : children{allocator} {}

        std::string_view segment;
        std::pmr::vector<Node*> children;  // by segment
        Node* parameter = nullptr;
        std::array<const Route*, method_count> routes{};
    };

    struct Search {
        Method method;
        std::span<std::string_view> values;
        Methods allowed;
    };

    Node& child(Node& parent, std::string_view segment);
    static const Route* find(const Node& node, std::string_view rest, std::size_t depth,
                             Search& search) noexcept;
    void destroy(Node& node) noexcept;

    alloc::Allocator allocator_;
    Node root_;
};

}  // namespace zigmund::http
