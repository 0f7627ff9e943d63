#include "operation.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "ascii.hpp"

namespace zigmund::http::inline v0 {
namespace {

using detail::ParameterInfo;
using Place = ParameterInfo::Place;

/// Calls `visit` with each segment of a template.
template <class F>
void for_each_segment(std::string_view path, F&& visit) {
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t size = std::min(path.find('/'), path.size());
        visit(path.substr(0, size));
        path.remove_prefix(size);
    }
}

/// "/files/{path:path}" as "/files/{path}".
std::string without_converters(std::string_view path) {
    std::string result;
    for_each_segment(path, [&result](std::string_view segment) {
        const Segment parsed = parse_segment(segment);
        result += '/';
        if (parsed.kind == SegmentKind::text) {
            result += segment;
        } else {
            result.append("{").append(parsed.text).append("}");
        }
    });
    return result;
}

bool is_word(char c) noexcept { return ascii::is_alpha(c) || ascii::is_digit(c) || c == '_'; }

std::string lower(std::string_view text) {
    std::string result{text};
    std::ranges::transform(result, result.begin(), ascii::lower);
    return result;
}

std::string words(std::string text) {
    std::ranges::replace_if(text, [](char c) { return !is_word(c); }, '_');
    return text;
}

/// A name for a handler that has none: "get_users_user_id".
std::string made_name(std::string_view method, std::string_view path) {
    std::string name = lower(method);
    bool in_word = false;
    for (const char c : path) {
        if (is_word(c) && !in_word) name += '_';
        in_word = is_word(c);
        if (in_word) name += c;
    }
    return name;
}

const Schema& schema_of(SegmentKind kind) noexcept {
    switch (kind) {
        case SegmentKind::integer:
            return *schema<std::uint64_t>;
        case SegmentKind::number:
            return *schema<double>;
        case SegmentKind::uuid:
            return *schema<Uuid>;
        default:
            return *schema<std::string_view>;
    }
}

bool holds_file(const Schema* schema) noexcept {
    while (schema != nullptr && schema->kind != Schema::Kind::file) schema = schema->element;
    return schema != nullptr;
}

/// Whether a parameter is a file, or a struct that has one.
bool takes_file(const ParameterInfo& info, alloc::Allocator arena) {
    if (info.place != Place::form || !info.name.empty()) return holds_file(info.schema);
    detail::SchemaMembers members{arena};
    info.schema->describe(members);
    return std::ranges::any_of(members.members(), holds_file, &detail::SchemaMember::schema);
}

/// Adds a parameter; of two of one name, one that is required counts, else the first.
void add(std::pmr::vector<OperationParameter>& list, const OperationParameter& parameter) {
    const auto same = std::ranges::find_if(list, [&](const OperationParameter& other) {
        return other.place == parameter.place && other.name == parameter.name;
    });
    if (same == list.end()) {
        list.push_back(parameter);
    } else if (parameter.required && !same->required) {
        *same = parameter;
    }
}

/// Adds the members of a struct of parameters.
void add_model(std::pmr::vector<OperationParameter>& list, const ParameterInfo& model,
               alloc::Allocator arena) {
    auto& members = *arena.create<detail::SchemaMembers>(arena);
    model.schema->describe(members);
    for (const detail::SchemaMember& member : members.members()) {
        std::string name{member.name};
        if (model.place == Place::header && !member.aliased) std::ranges::replace(name, '_', '-');
        add(list, {model.place, arena.dupe(std::string_view{name}), member.schema, member.options,
                   !member.has_value, member.value});
    }
}

}  // namespace

Operation::Operation(const Route& described, alloc::Allocator arena)
    : route{described}, parameters{arena}, body{arena}, form{arena}, security{arena} {
    const std::string_view method = to_string(route.method);
    path = arena.dupe(std::string_view{without_converters(route.path)});
    name = route.name.empty() ? route.endpoint.info->name : route.name;
    const std::string_view shown =
        name.empty() ? arena.dupe(std::string_view{made_name(method, path)}) : name;
    summary = route.notes.summary.empty() ? title_of(shown, arena) : route.notes.summary;
    id = route.notes.operation_id;
    if (id.empty()) {
        std::string made = name.empty() ? words(lower(method) + std::string{path})
                                        : words(std::string{name}.append(path)) + "_" + lower(method);
        id = arena.dupe(std::string_view{made});
    }

    std::size_t form_models = 0;
    const auto take = [&](const ParameterInfo& info) {
        const OperationParameter parameter{info.place, info.name, info.schema, info.options, info.required};
        const auto same = [&](const detail::SecurityScheme* other) { return *other == *info.security; };
        if (info.security != nullptr && std::ranges::none_of(security, same))
            security.push_back(info.security);
        if (info.place == Place::none) return;
        if (info.place == Place::body) return add(body, parameter);
        auto& list = info.place == Place::form ? form : parameters;
        if (!info.name.empty()) return add(list, parameter);
        add_model(list, info, arena);
        if (info.place != Place::form || form_model == info.schema) return;
        form_model = info.schema;
        ++form_models;
    };
    std::size_t form_fields = 0;
    const auto take_all = [&](std::span<const ParameterInfo> infos) {
        for (const ParameterInfo& info : infos) {
            has_files |= takes_file(info, arena);
            form_fields += info.place == Place::form && !info.name.empty() ? std::size_t{1} : std::size_t{0};
            take(info);
        }
    };
    take_all(route.endpoint.info->own);
    for (const detail::RouteDependency& dependency : route.dependencies) take_all(dependency.kind->info->all);
    take_all(route.endpoint.info->all);
    if (form_models != 1 || form_fields != 0) form_model = nullptr;

    for_each_segment(route.path, [&](std::string_view text) {
        const Segment segment = parse_segment(text);
        if (segment.kind == SegmentKind::text) return;
        const auto same = [&](const OperationParameter& other) {
            return other.place == Place::path && other.name == segment.text;
        };
        if (std::ranges::none_of(parameters, same))
            parameters.push_back({Place::path, segment.text, &schema_of(segment.kind), {}, true});
    });
    std::pmr::vector<OperationParameter> sorted{arena};
    for (const Place place : {Place::path, Place::query, Place::header, Place::cookie}) {
        std::ranges::copy_if(parameters, std::back_inserter(sorted),
                             [place](const OperationParameter& each) { return each.place == place; });
    }
    parameters = std::move(sorted);
}

}  // namespace zigmund::http::inline v0
