#include "router.hpp"

#include <zigmund/http/app.hpp>

#include <algorithm>
#include <string>

#include "ascii.hpp"

namespace zigmund::http {
namespace {

[[noreturn]] void refuse(Method method, std::string_view path, std::string_view why) {
    throw RouteError(std::string{"zigmund: "}.append(to_string(method)).append(" ").append(path).append(why));
}

/// Cuts the first segment off `rest`, which has no leading slash. Returns whether another one follows.
bool cut(std::string_view& rest, std::string_view& segment) noexcept {
    const std::size_t slash = rest.find('/');
    segment = rest.substr(0, slash);
    if (slash == std::string_view::npos) return false;
    rest.remove_prefix(slash + 1);
    return true;
}

bool is_name(std::string_view text) noexcept {
    return !text.empty() && !ascii::is_digit(text.front()) && std::ranges::all_of(text, [](char c) {
        return ascii::is_alpha(c) || ascii::is_digit(c) || c == '_';
    });
}

/// The names of the template's parameters; says what is wrong with it.
std::size_t parse_template(Method method, std::string_view path,
                           std::array<std::string_view, Request::max_path_parameters>& names) {
    if (!path.starts_with('/')) refuse(method, path, ": a path template starts with '/'");
    std::size_t count = 0;
    std::string_view rest = path.substr(1);
    std::string_view segment;
    bool more = true;
    while (more) {
        more = cut(rest, segment);
        if (segment.find_first_of("{}") == std::string_view::npos) continue;
        if (segment.size() < 3 || segment.front() != '{' || segment.back() != '}' ||
            !is_name(segment.substr(1, segment.size() - 2)))
            refuse(method, path, ": a parameter is a whole segment, '{name}'");
        const std::string_view name = segment.substr(1, segment.size() - 2);
        if (std::ranges::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count), name) !=
            names.begin() + static_cast<std::ptrdiff_t>(count))
            refuse(method, path,
                   std::string{": the parameter {"}.append(name).append("} stands there twice"));
        if (count == names.size()) refuse(method, path, ": a path has at most 16 parameters");
        names[count++] = name;
    }
    return count;
}

}  // namespace

Router::~Router() { destroy(root_); }

void Router::destroy(Node& node) noexcept {
    for (const Route* route : node.routes) {
        if (route == nullptr) continue;
        route->endpoint.destroy(allocator_, route->endpoint.handler);
        allocator_.free(route->parameter_names);
        allocator_.free(route->path);
        allocator_.destroy(const_cast<Route*>(route));
    }
    for (Node* child : node.children) {
        destroy(*child);
        allocator_.free(child->segment);
        allocator_.destroy(child);
    }
    if (node.parameter != nullptr) {
        destroy(*node.parameter);
        allocator_.destroy(node.parameter);
    }
}

Router::Node& Router::child(Node& parent, std::string_view segment) {
    if (segment.starts_with('{')) {
        if (parent.parameter == nullptr) parent.parameter = allocator_.create<Node>(allocator_);
        return *parent.parameter;
    }
    const auto at = std::ranges::lower_bound(parent.children, segment, {}, &Node::segment);
    if (at != parent.children.end() && (*at)->segment == segment) return **at;

    const std::size_t index = static_cast<std::size_t>(at - parent.children.begin());
    parent.children.reserve(parent.children.size() + 1);  // so that what follows the allocations cannot throw
    const std::string_view text = allocator_.dupe(segment);
    const auto node = allocator_.try_create<Node>(allocator_);
    if (!node) {
        allocator_.free(text);
        alloc::detail::throw_bad_alloc();
    }
    (*node)->segment = text;
    return **parent.children.insert(parent.children.begin() + static_cast<std::ptrdiff_t>(index), *node);
}

void Router::add(Method method, std::string_view path, const Endpoint& endpoint) {
    std::array<std::string_view, Request::max_path_parameters> names;
    const std::size_t count = parse_template(method, path, names);
    for (const std::string_view wanted : endpoint.path_names) {
        if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count), wanted) ==
            names.begin() + static_cast<std::ptrdiff_t>(count))
            refuse(method, path,
                   std::string{": a handler asks for Path<T, \""}.append(wanted).append(
                       "\">, which the template does not have"));
    }

    Node* node = &root_;
    std::string_view rest = path.substr(1);
    std::string_view segment;
    bool more = true;
    while (more) {
        more = cut(rest, segment);
        node = &child(*node, segment);
    }
    const Route*& slot = node->routes[static_cast<std::size_t>(method)];
    if (slot != nullptr) {
        refuse(method, path,
               std::string{" conflicts with "}
                   .append(to_string(method))
                   .append(" ")
                   .append(slot->path)
                   .append(", registered earlier"));
    }

    // The three blocks belong to the route from here on; a failure takes back those that were made.
    const std::string_view text = allocator_.dupe(path);
    std::span<std::string_view> own_names;
    Route* route = nullptr;
    try {
        own_names = allocator_.alloc<std::string_view>(count);
        for (std::size_t i = 0; i < count; ++i)
            own_names[i] =
                text.substr(static_cast<std::size_t>(names[i].data() - path.data()), names[i].size());
        route = allocator_.create<Route>(method, text, own_names, endpoint);
    } catch (...) {
        allocator_.free(own_names);
        allocator_.free(text);
        throw;
    }
    slot = route;
}

const Route* Router::find(const Node& node, std::string_view rest, std::size_t depth,
                          Search& search) noexcept {
    std::string_view segment;
    const bool more = cut(rest, segment);

    const auto visit = [&](const Node& next, std::size_t next_depth) -> const Route* {
        if (more) return find(next, rest, next_depth, search);
        const Route* const* routes = next.routes.data();
        const Route* found =
            search.method == Method::other ? nullptr : routes[static_cast<std::size_t>(search.method)];
        if (found == nullptr && search.method == Method::head)
            found = routes[static_cast<std::size_t>(Method::get)];
        if (found != nullptr) return found;
        for (std::size_t i = 0; i < method_count; ++i) {
            if (routes[i] != nullptr) search.allowed.add(static_cast<Method>(i));
        }
        return nullptr;
    };

    const auto at = std::ranges::lower_bound(node.children, segment, {}, &Node::segment);
    if (at != node.children.end() && (*at)->segment == segment) {
        if (const Route* route = visit(**at, depth)) return route;
    }
    if (node.parameter != nullptr && !segment.empty()) {
        search.values[depth] = segment;
        if (const Route* route = visit(*node.parameter, depth + 1)) return route;
    }
    return nullptr;
}

Router::Match Router::match(Request& request) const noexcept {
    Match match;
    if (!request.path_.starts_with('/')) return match;
    Search search{request.method_, request.parameter_values_, {}};
    match.route = find(root_, request.path_.substr(1), 0, search);
    if (match.route != nullptr) {
        request.parameter_names_ = match.route->parameter_names;
    } else {
        match.allowed = search.allowed;
        if (match.allowed.has(Method::get)) match.allowed.add(Method::head);
    }
    return match;
}

}  // namespace zigmund::http
