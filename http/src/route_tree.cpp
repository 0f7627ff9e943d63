#include "route_tree.hpp"

#include <zigmund/http/app.hpp>
#include <zigmund/http/uuid.hpp>

#include <algorithm>
#include <string>

#include "ascii.hpp"

namespace zigmund::http::inline v0 {
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

/// The name and the converter in `{name:converter}`; without a name: it is no parameter.
struct Parameter {
    std::string_view name;
    std::string_view converter;
};

Parameter parse_parameter(std::string_view segment) noexcept {
    if (segment.size() < 3 || segment.front() != '{' || segment.back() != '}') return {};
    const std::string_view inner = segment.substr(1, segment.size() - 2);
    const std::size_t colon = std::min(inner.find(':'), inner.size());
    const std::string_view name = inner.substr(0, colon);
    if (!is_name(name)) return {};
    return {name, colon == inner.size() ? "str" : inner.substr(colon + 1)};
}

struct Converter {
    std::string_view name;
    SegmentKind kind;
};
constexpr std::array<Converter, 5> converters{{{"str", SegmentKind::any},
                                               {"int", SegmentKind::integer},
                                               {"float", SegmentKind::number},
                                               {"uuid", SegmentKind::uuid},
                                               {"path", SegmentKind::rest}}};

std::size_t index_of(SegmentKind kind) noexcept { return static_cast<std::size_t>(kind) - 1; }

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
        const auto [name, converter] = parse_parameter(segment);
        if (name.empty()) refuse(method, path, ": a parameter is a whole segment, '{name}' or '{name:int}'");
        if (std::ranges::find(converters, converter, &Converter::name) == converters.end())
            refuse(
                method, path,
                std::string{": "}.append(segment).append(": the converters are str, int, float, uuid, path"));
        if (converter == "path" && more)
            refuse(method, path,
                   std::string{": "}.append(segment).append(
                       " takes the rest of the path, so nothing stands behind it"));
        const auto used = std::span{names}.first(count);
        if (std::ranges::find(used, name) != used.end())
            refuse(method, path,
                   std::string{": the parameter {"}.append(name).append("} stands there twice"));
        if (count == names.size()) refuse(method, path, ": a path has at most 16 parameters");
        names[count++] = name;
    }
    return count;
}

}  // namespace

Segment parse_segment(std::string_view segment) noexcept {
    const auto [name, converter] = parse_parameter(segment);
    if (name.empty()) return {SegmentKind::text, segment};
    const auto* const found = std::ranges::find(converters, converter, &Converter::name);
    return {found == converters.end() ? SegmentKind::any : found->kind, name};
}

bool accepts(SegmentKind kind, std::string_view segment) noexcept {
    const auto are_digits = [](std::string_view text) {
        return !text.empty() && std::ranges::all_of(text, ascii::is_digit);
    };
    switch (kind) {
        case SegmentKind::integer:
            return are_digits(segment);
        case SegmentKind::number: {
            const std::size_t point = segment.find('.');
            return are_digits(segment.substr(0, point)) &&
                   (point == std::string_view::npos || are_digits(segment.substr(point + 1)));
        }
        case SegmentKind::uuid:
            return !segment.empty() && ascii::hex_value(segment.front()) >= 0 &&
                   Uuid::parse(segment).has_value();
        case SegmentKind::any:
            return !segment.empty();
        default:
            return true;
    }
}

RouteTree::~RouteTree() {
    destroy(root_);
    for (const Mount& mount : mounts_) allocator_.free(mount.prefix);
}

void RouteTree::destroy(const Route& route) noexcept {
    if (route.endpoint.destroy != nullptr) route.endpoint.destroy(allocator_, route.endpoint.handler);
    for (const detail::RouteDependency& dependency : route.dependencies)
        if (dependency.stored != nullptr) dependency.kind->destroy(allocator_, dependency.stored);
    for (const std::string_view tag : route.tags) allocator_.free(tag);
    allocator_.free(route.steps);
    allocator_.free(route.dependencies);
    allocator_.free(route.tags);
    allocator_.free(route.name);
    allocator_.free(route.parameter_names);
    allocator_.free(route.path);
    allocator_.destroy(const_cast<Route*>(&route));
}

void RouteTree::destroy(Node& node) noexcept {
    for (const Route* route : node.routes) {
        if (route != nullptr) destroy(*route);
    }
    for (Node* child : node.children) {
        destroy(*child);
        allocator_.free(child->segment);
        allocator_.destroy(child);
    }
    for (Node* parameter : node.parameters) {
        if (parameter == nullptr) continue;
        destroy(*parameter);
        allocator_.destroy(parameter);
    }
}

RouteTree::Node& RouteTree::child(Node& parent, std::string_view segment) {
    if (const SegmentKind kind = parse_segment(segment).kind; kind != SegmentKind::text) {
        Node*& parameter = parent.parameters[index_of(kind)];
        if (parameter == nullptr) parameter = allocator_.create<Node>(allocator_);
        return *parameter;
    }
    const auto at = std::ranges::lower_bound(parent.children, segment, ByLength{}, &Node::segment);
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

/// A copy in the tree's memory, which lives as long as the tree even if the route is refused.
RouteNotes RouteTree::keep(const RouteNotes& notes) {
    const alloc::Allocator arena = notes_;
    const auto dupe = [arena](std::string_view text) {
        return text.empty() ? std::string_view{} : arena.dupe(text);
    };
    RouteNotes kept = notes;
    kept.summary = dupe(notes.summary);
    kept.description = dupe(notes.description);
    kept.operation_id = dupe(notes.operation_id);
    kept.responses = {};
    if (notes.responses.empty()) return kept;
    const std::span<ResponseInfo> responses = arena.alloc<ResponseInfo>(notes.responses.size());
    for (std::size_t i = 0; i < responses.size(); ++i) {
        responses[i] = notes.responses[i];
        responses[i].description = dupe(notes.responses[i].description);
        responses[i].content_type = dupe(notes.responses[i].content_type);
    }
    kept.responses = responses;
    return kept;
}

void RouteTree::add(const NewRoute& route, const Endpoint& endpoint, inject::Singletons& singletons) {
    const auto [method, path, name, tags, dependencies, middleware, status, notes] = route;
    std::array<std::string_view, Request::max_path_parameters> names;
    const std::span<const std::string_view> own = std::span{names}.first(parse_template(method, path, names));
    const auto check = [&](std::string_view who, std::span<const std::string_view> wanted_names) {
        for (const std::string_view wanted : wanted_names) {
            if (std::ranges::find(own, wanted) == own.end())
                refuse(method, path,
                       std::string{": "}
                           .append(who)
                           .append(" asks for Path<T, \"")
                           .append(wanted)
                           .append("\">, which the template does not have"));
        }
    };
    check("a handler", endpoint.path_names);
    for (const Dependency dependency : dependencies) check("a dependency", dependency.kind->path_names);
    const auto described = [](const Route& other) {
        return std::string{to_string(other.method)}.append(" ").append(other.path);
    };
    if (const Route* same = find_name(name))
        refuse(method, path,
               std::string{": the name \""}.append(name).append("\" is that of ").append(described(*same)));
    for (const Route* same = notes.operation_id.empty() ? nullptr : first_; same != nullptr;
         same = same->next) {
        if (same->notes.operation_id == notes.operation_id)
            refuse(method, path,
                   std::string{": the operation id \""}
                       .append(notes.operation_id)
                       .append("\" is that of ")
                       .append(described(*same)));
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
    if (slot != nullptr) refuse(method, path, " conflicts with " + described(*slot) + ", registered earlier");

    named_.reserve(named_.size() + 1);
    Route* const stored = allocator_.create<Route>();
    try {
        fill(*stored, route, own, Next{endpoint.invoke, endpoint.handler}, singletons);
    } catch (...) {
        destroy(*stored);
        throw;
    }
    stored->endpoint = endpoint;
    slot = stored;
    (last_ == nullptr ? first_ : last_->next) = stored;
    last_ = stored;
    if (!stored->name.empty())
        named_.insert(std::ranges::lower_bound(named_, stored->name, {}, &Route::name), stored);
}

/// Every block belongs to the route as soon as it is there.
void RouteTree::fill(Route& route, const NewRoute& from, std::span<const std::string_view> parameters,
                     Next handler, inject::Singletons& singletons) {
    route.method = from.method;
    route.path = allocator_.dupe(from.path);
    const std::span<std::string_view> names = allocator_.alloc<std::string_view>(parameters.size());
    route.parameter_names = names;
    for (std::size_t i = 0; i < names.size(); ++i)
        names[i] = route.path.substr(static_cast<std::size_t>(parameters[i].data() - from.path.data()),
                                     parameters[i].size());
    route.status = from.status;
    route.notes = keep(from.notes);
    if (!from.name.empty()) route.name = allocator_.dupe(from.name);

    const std::span<std::string_view> tags = allocator_.alloc<std::string_view>(from.tags.size());
    std::ranges::fill(tags, std::string_view{});
    route.tags = tags;
    for (std::size_t i = 0; i < tags.size(); ++i) tags[i] = allocator_.dupe(from.tags[i]);

    const std::span<detail::RouteDependency> dependencies =
        allocator_.alloc<detail::RouteDependency>(from.dependencies.size());
    std::ranges::transform(from.dependencies, dependencies.begin(), [](Dependency dependency) {
        return detail::RouteDependency{dependency.kind, nullptr};
    });
    route.dependencies = dependencies;
    for (detail::RouteDependency& dependency : dependencies)
        dependency.stored = dependency.kind->store(singletons);

    const std::span<detail::MiddlewareStep> steps =
        allocator_.alloc<detail::MiddlewareStep>(from.middleware.size());
    route.steps = steps;
    route.entry = handler;
    for (std::size_t i = steps.size(); i-- != 0;) {
        steps[i] = {from.middleware[i], route.entry};
        route.entry = Next{&detail::MiddlewareStep::take, &steps[i]};
    }
}

const Route* RouteTree::find_name(std::string_view name) const noexcept {
    const auto at = std::ranges::lower_bound(named_, name, {}, &Route::name);
    return at != named_.end() && (*at)->name == name ? *at : nullptr;
}

/// The node's route for the method; null, and the methods that it has: none.
const Route* RouteTree::choose(const Node& node, Search& search) noexcept {
    const Route* const* const routes = node.routes.data();
    const Route* found =
        search.method == Method::other ? nullptr : routes[static_cast<std::size_t>(search.method)];
    if (found == nullptr && search.method == Method::head && !search.strict_head)
        found = routes[static_cast<std::size_t>(Method::get)];
    if (found != nullptr) return found;
    for (std::size_t i = 0; i < method_count; ++i) {
        if (routes[i] != nullptr) search.allowed.add(static_cast<Method>(i));
    }
    return nullptr;
}

const Route* RouteTree::find(const Node& node, std::string_view path, std::size_t depth,
                             Search& search) noexcept {
    std::string_view rest = path;
    std::string_view segment;
    const bool more = cut(rest, segment);
    const auto visit = [&](const Node& next, std::size_t next_depth) {
        return more ? find(next, rest, next_depth, search) : choose(next, search);
    };

    const auto at = std::ranges::lower_bound(node.children, segment, ByLength{}, &Node::segment);
    if (at != node.children.end() && (*at)->segment == segment) {
        if (const Route* route = visit(**at, depth)) return route;
    }
    for (const SegmentKind kind :
         {SegmentKind::uuid, SegmentKind::integer, SegmentKind::number, SegmentKind::any}) {
        const Node* const parameter = node.parameters[index_of(kind)];
        if (parameter == nullptr || !accepts(kind, segment)) continue;
        search.values[depth] = segment;
        if (const Route* route = visit(*parameter, depth + 1)) return route;
    }
    if (const Node* const wildcard = node.parameters[index_of(SegmentKind::rest)]) {
        search.values[depth] = path;
        return choose(*wildcard, search);
    }
    return nullptr;
}

RouteTree::Match RouteTree::match(Request& request) const noexcept {
    Match match;
    if (!request.path_.starts_with('/')) return match;
    Search search{request.method_, request.parameter_values_, {}, strict_head_};
    match.route = find(root_, request.path_.substr(1), 0, search);
    if (match.route != nullptr) {
        request.route_ = match.route;
    } else {
        match.allowed = search.allowed;
        if (match.allowed.has(Method::get) && !strict_head_) match.allowed.add(Method::head);
    }
    return match;
}

bool RouteTree::has_path(std::string_view path) const noexcept {
    if (!path.starts_with('/')) return false;
    std::array<std::string_view, Request::max_path_parameters> values;
    Search search{Method::other, values, {}, strict_head_};
    (void)find(root_, path.substr(1), 0, search);
    return !search.allowed.empty();
}

void RouteTree::mount(std::string_view prefix, App& app) {
    const auto refuse_mount = [&](std::string_view why) {
        throw RouteError(std::string{"zigmund: mount "}.append(prefix).append(why));
    };
    if (!prefix.starts_with('/') || prefix.ends_with('/') ||
        prefix.find_first_of("{}") != std::string_view::npos)
        refuse_mount(": a prefix is text, starts with '/' and does not end with it");
    if (std::ranges::find(mounts_, prefix, &Mount::prefix) != mounts_.end())
        refuse_mount(": an application is mounted there already");
    mounts_.reserve(mounts_.size() + 1);
    const std::string_view text = allocator_.dupe(prefix);
    const auto shorter = [text](const Mount& mount) { return mount.prefix.size() < text.size(); };
    mounts_.insert(std::ranges::find_if(mounts_, shorter), Mount{text, &app});
}

const App* RouteTree::mounted_at(std::string_view path) const noexcept {
    const auto at = std::ranges::find(mounts_, path, &Mount::prefix);
    return at == mounts_.end() ? nullptr : at->app;
}

Methods RouteTree::methods() const noexcept {
    Methods all;
    for (const Route* route = first_; route != nullptr; route = route->next) all.add(route->method);
    if (all.has(Method::get) && !strict_head_) all.add(Method::head);
    return all;
}

const App* RouteTree::enter_mount(Request& request) const noexcept {
    for (const Mount& mount : mounts_) {
        if (!request.path_.starts_with(mount.prefix)) continue;
        const std::string_view rest = request.path_.substr(mount.prefix.size());
        if (!rest.empty() && rest.front() != '/') continue;
        // The prefixes of several applications, one mounted in the other, stand side by side in the path.
        const char* const start = request.mounted_.empty() ? request.path_.data() : request.mounted_.data();
        request.mounted_ = {start, request.mounted_.size() + mount.prefix.size()};
        request.path_ = rest.empty() ? std::string_view{"/"} : rest;
        return mount.app;
    }
    return nullptr;
}

}  // namespace zigmund::http::inline v0
