// RouteTree: a method and a path to a route.
//
// A tree of segments. In one place of a path, text goes before {id:uuid}, that before {id:int}, {x:float},
// {name}, and {path:path}, which takes the rest: `/users/me` wins over `/users/{id}`. Where a match has no
// handler for the method, the next best one is tried, and only then it is a 405. Built once, read by all
// workers.
//
// Threads: add() from one thread, then match() from any. Cost of match(): one comparison a segment among
// siblings by binary search; no allocation. Memory: the application's allocator.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/arena.hpp>
#include <zigmund/http/endpoint.hpp>
#include <zigmund/http/method.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/route_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

namespace zigmund::http::inline v0 {

class App;

/// What the documentation says of a route beside what its handler's types say.
struct RouteNotes {
    std::string_view summary = {};
    std::string_view description = {};
    std::string_view operation_id = {};
    std::span<const ResponseInfo> responses = {};
    bool deprecated = false;
    bool shown = true;
};

/// All of it is in the tree's memory.
struct Route : detail::RouteFacts {
    Method method = Method::other;
    std::string_view name;  ///< empty: none
    std::span<const std::string_view> tags;
    std::span<const detail::MiddlewareStep> steps;  ///< the middleware of its routers, the outermost first
    Endpoint endpoint{};
    Next entry;  ///< the first step, or the endpoint
    RouteNotes notes;
    const Route* next = nullptr;  ///< the one that was registered next
};

/// What is said of a route: views that live for the call of add().
struct NewRoute {
    Method method;
    std::string_view path;
    std::string_view name;
    std::span<const std::string_view> tags;
    std::span<const Dependency> dependencies;
    std::span<const detail::KeptMiddleware* const> middleware;
    Status status = Status::ok;
    RouteNotes notes = {};
};

/// A set of methods.
class Methods {
  public:
    void add(Method method) noexcept { bits_ |= 1U << static_cast<unsigned>(method); }
    void add(Methods others) noexcept { bits_ |= others.bits_; }
    [[nodiscard]] bool has(Method method) const noexcept {
        return (bits_ >> static_cast<unsigned>(method) & 1U) != 0;
    }
    [[nodiscard]] bool empty() const noexcept { return bits_ == 0; }

  private:
    unsigned bits_ = 0;
};

/// What a segment of a template takes, the better match first.
enum class SegmentKind : std::uint8_t { text, uuid, integer, number, any, rest };

struct Segment {
    SegmentKind kind = SegmentKind::text;
    std::string_view text;  ///< the text, or the parameter's name
};

/// A segment of a template, without slashes. Of a text in braces that is no parameter, the kind is text.
[[nodiscard]] Segment parse_segment(std::string_view segment) noexcept;

/// Whether a segment of a path is one of that kind, which is not text.
[[nodiscard]] bool accepts(SegmentKind kind, std::string_view segment) noexcept;

class RouteTree {
  public:
    /// `strict_head`: HEAD is not served by GET.
    RouteTree(alloc::Allocator allocator, bool strict_head) noexcept
        : allocator_{allocator},
          root_{allocator},
          named_{allocator},
          mounts_{allocator},
          notes_{allocator},
          strict_head_{strict_head} {}
    ~RouteTree();
    RouteTree(const RouteTree&) = delete;
    RouteTree& operator=(const RouteTree&) = delete;

    /// Adds a route and takes its endpoint; when it throws (RouteError, std::bad_alloc) the caller still has
    /// it. What its dependencies use of the application's is noted in `singletons`.
    void add(const NewRoute& route, const Endpoint& endpoint, inject::Singletons& singletons);

    struct Match {
        const Route* route = nullptr;  ///< null: nothing for this path and method
        Methods allowed;               ///< without a route: the methods that the path has; none: unknown path
    };

    /// The route for the request's method and path, whose parameters are set in the request. HEAD is served
    /// by GET where it has no route of its own.
    [[nodiscard]] Match match(Request& request) const noexcept;

    /// Whether a route has this path, whatever its method.
    [[nodiscard]] bool has_path(std::string_view path) const noexcept;

    /// The route of that name; null: there is none. O(log n).
    [[nodiscard]] const Route* find_name(std::string_view name) const noexcept;

    /// The route that was registered first; the others follow it. Null: there is none.
    [[nodiscard]] const Route* first() const noexcept { return first_; }

    struct Mount {
        std::string_view prefix;
        App* app;
    };

    /// Puts `app` below a prefix, where no route is. Throws RouteError, std::bad_alloc.
    void mount(std::string_view prefix, App& app);

    /// The App that is mounted where the request's path leads, and takes the prefix off that path; null:
    /// none.
    [[nodiscard]] const App* enter_mount(Request& request) const noexcept;

    /// The App whose prefix is the path, without a slash behind it; null: none.
    [[nodiscard]] const App* mounted_at(std::string_view path) const noexcept;

    /// What all routes have, as match() says it of one path.
    [[nodiscard]] Methods methods() const noexcept;

    [[nodiscard]] std::span<const Mount> mounts() const noexcept { return mounts_; }

  private:
    struct Node {
        explicit Node(alloc::Allocator allocator) noexcept : children{allocator} {}

        std::string_view segment;
        std::pmr::vector<Node*> children;   // by segment, the shorter first
        std::array<Node*, 5> parameters{};  // by kind, from uuid on
        std::array<const Route*, method_count> routes{};
    };

    struct Search {
        Method method;
        std::span<std::string_view> values;
        Methods allowed;
        bool strict_head;
    };

    /// Texts differ in their length more often than not, and lengths are compared at once.
    struct ByLength {
        bool operator()(std::string_view a, std::string_view b) const noexcept {
            return a.size() != b.size() ? a.size() < b.size() : a < b;
        }
    };

    Node& child(Node& parent, std::string_view segment);
    static const Route* find(const Node& node, std::string_view path, std::size_t depth,
                             Search& search) noexcept;
    static const Route* choose(const Node& node, Search& search) noexcept;
    [[nodiscard]] RouteNotes keep(const RouteNotes& notes);
    void fill(Route& route, const NewRoute& from, std::span<const std::string_view> parameters, Next handler,
              inject::Singletons& singletons);
    void destroy(Node& node) noexcept;
    void destroy(const Route& route) noexcept;

    alloc::Allocator allocator_;
    Node root_;
    std::pmr::vector<const Route*> named_;  // by name
    std::pmr::vector<Mount> mounts_;        // the longest prefix first
    alloc::Arena notes_;                    // the texts of RouteNotes
    const Route* first_ = nullptr;
    Route* last_ = nullptr;
    bool strict_head_;
};

}  // namespace zigmund::http::inline v0
