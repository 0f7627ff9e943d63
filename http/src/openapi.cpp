#include "openapi.hpp"

#include <algorithm>
#include <memory_resource>
#include <string>
#include <vector>

#include "ascii.hpp"
#include "operation.hpp"
#include "route_tree.hpp"
#include "schema_writer.hpp"
#include "url.hpp"

namespace zigmund::http::inline v0 {
namespace {

using detail::OptionKind;
using detail::SecurityScheme;
using Place = detail::ParameterInfo::Place;

constexpr std::string_view http_validation_error =
    R"({"properties":{"detail":{"items":{"$ref":"#/components/schemas/ValidationError"},"type":"array",)"
    R"("title":"Detail"}},"type":"object","title":"HTTPValidationError"})";
constexpr std::string_view validation_error =
    R"({"properties":{"loc":{"items":{"anyOf":[{"type":"string"},{"type":"integer"}]},"type":"array",)"
    R"("title":"Location"},"msg":{"type":"string","title":"Message"},)"
    R"("type":{"type":"string","title":"Error Type"},"input":{"title":"Input"},)"
    R"("ctx":{"type":"object","title":"Context"}},"type":"object","required":["loc","msg","type"],)"
    R"("title":"ValidationError"})";
constexpr std::string_view refused =
    R"({"description":"Validation Error","content":{"application/json":{"schema":)"
    R"({"$ref":"#/components/schemas/HTTPValidationError"}}}})";

void member(JsonWriter& out, std::string_view name, const JsonValue& value) {
    out.name(name);
    out.value(value);
}

std::string_view print(alloc::Allocator arena, const std::string& text) {
    return arena.dupe(std::string_view{text});
}

std::string_view in(Place place) noexcept {
    switch (place) {
        case Place::path:
            return "path";
        case Place::query:
            return "query";
        case Place::header:
            return "header";
        default:
            return "cookie";
    }
}

bool has_content(Status status) noexcept {
    return status >= Status::ok && status != Status::no_content && status != Status::reset_content &&
           status != Status::not_modified;
}

const ResponseInfo* find(std::span<const ResponseInfo> responses, Status status) noexcept {
    const auto at = std::ranges::find(responses, status, &ResponseInfo::status);
    return at == responses.end() ? nullptr : &*at;
}

class DocumentWriter {
  public:
    DocumentWriter(const RouteTree& routes, alloc::Allocator arena)
        : arena_{arena}, operations_{arena}, schemas_{arena}, schemes_{arena}, out_{arena} {
        for (const Route* route = routes.first(); route != nullptr; route = route->next) {
            if (route->endpoint.info != nullptr && route->notes.shown)
                operations_.push_back(arena.create<Operation>(*route, arena));
        }
        name_operations();
        collect_schemas();
        for (const Operation* each : operations_) {
            for (const SecurityScheme* scheme : each->security) add_scheme(*scheme);
        }
    }

    OpenApi write(const AppInfo& info) {
        out_.begin_object();
        member(out_, "openapi", "3.1.0");
        out_.name("info");
        out_.begin_object();
        member(out_, "title", info.title);
        if (!info.description.empty()) member(out_, "description", info.description);
        member(out_, "version", info.version);
        out_.end_object();
        const std::size_t gap = out_.size();
        out_.name("paths");
        paths();
        if (!schemas_.empty() || !schemes_.empty()) {
            out_.name("components");
            out_.begin_object();
            if (!schemas_.empty()) {
                out_.name("schemas");
                schemas_.write_components(out_);
            }
            if (!schemes_.empty()) security_schemes();
            out_.end_object();
        }
        out_.end_object();
        const std::string_view text = out_.finish();
        return {text.substr(0, gap), text.substr(gap)};
    }

  private:
    /// Ids that the program gives stay as they are; of equal ones that were made, the later get a number.
    void name_operations() {
        const auto is_made = [](const Operation* of) { return of->route.notes.operation_id.empty(); };
        std::pmr::vector<std::string_view> ids{arena_};
        for (const Operation* each : operations_) {
            if (!is_made(each)) ids.push_back(each->id);
        }
        for (Operation* each : operations_) {
            if (!is_made(each)) continue;
            const std::string wanted{each->id};
            for (int number = 2; std::ranges::find(ids, each->id) != ids.end(); ++number)
                each->id = print(arena_, wanted + "_" + std::to_string(number));
            ids.push_back(each->id);
        }
    }

    struct NamedScheme {
        const SecurityScheme* scheme;
        std::string_view name;
    };

    [[nodiscard]] const NamedScheme* find_scheme(const SecurityScheme& scheme) const noexcept {
        const auto same = [&](const NamedScheme& other) { return *other.scheme == scheme; };
        const auto at = std::ranges::find_if(schemes_, same);
        return at == schemes_.end() ? nullptr : &*at;
    }

    /// Of different ones that have the same name, the later get a number.
    void add_scheme(const SecurityScheme& scheme) {
        if (find_scheme(scheme) != nullptr) return;
        std::string_view name = scheme.name;
        for (int number = 2; std::ranges::find(schemes_, name, &NamedScheme::name) != schemes_.end();
             ++number)
            name = print(arena_, std::string{scheme.name}.append("_").append(std::to_string(number)));
        schemes_.push_back({&scheme, name});
    }

    void security_schemes() {
        out_.name("securitySchemes");
        out_.begin_object();
        for (const NamedScheme& each : schemes_) {
            out_.name(each.name);
            out_.begin_object();
            security_scheme(*each.scheme);
            out_.end_object();
        }
        out_.end_object();
    }

    void security_scheme(const SecurityScheme& scheme) {
        const auto key = [&](std::string_view place) {
            member(out_, "type", "apiKey");
            member(out_, "in", place);
            member(out_, "name", scheme.text);
        };
        switch (scheme.kind) {
            case SecurityScheme::Kind::bearer:
            case SecurityScheme::Kind::basic:
                member(out_, "type", "http");
                member(out_, "scheme", scheme.kind == SecurityScheme::Kind::basic ? "basic" : "bearer");
                break;
            case SecurityScheme::Kind::header:
                key("header");
                break;
            case SecurityScheme::Kind::query:
                key("query");
                break;
            case SecurityScheme::Kind::cookie:
                key("cookie");
                break;
            case SecurityScheme::Kind::oauth2_password:
                member(out_, "type", "oauth2");
                member(out_, "flows",
                       {{"password",
                         {{"scopes", std::initializer_list<JsonMember>{}}, {"tokenUrl", scheme.text}}}});
                break;
        }
    }

    void collect_schemas() {
        bool validates = false;
        for (const Operation* each : operations_) {
            for (const auto* list : {&each->parameters, &each->body, &each->form}) {
                for (const OperationParameter& parameter : *list)
                    schemas_.collect(*parameter.schema, SchemaMode::input);
            }
            if (each->form_model != nullptr) schemas_.collect(*each->form_model, SchemaMode::input);
            if (const Schema* result = each->route.endpoint.info->result)
                schemas_.collect(*result, SchemaMode::output);
            for (const ResponseInfo& response : each->route.notes.responses) {
                if (response.schema != nullptr) schemas_.collect(*response.schema, SchemaMode::output);
            }
            validates |= says_refused(*each);
        }
        if (validates) {
            schemas_.add("HTTPValidationError", http_validation_error);
            schemas_.add("ValidationError", validation_error);
        }
        schemas_.name_components();
        for (const Operation* each : operations_) add_body_component(*each);
    }

    static bool says_refused(const Operation& operation) noexcept {
        return operation.validates() &&
               find(operation.route.notes.responses, Status::unprocessable_content) == nullptr;
    }

    static bool is_whole(const Operation& operation) noexcept {
        return operation.form_model != nullptr ||
               (operation.body.size() == 1 && operation.body.front().name.empty());
    }

    [[nodiscard]] std::string_view body_name(const Operation& operation) const {
        return print(arena_, std::string{"Body_"}.append(operation.id));
    }

    SchemaNotes notes(const OperationParameter& parameter) const {
        return {.options = parameter.options,
                .title = title_of(parameter.name, arena_),
                .value = parameter.value};
    }

    /// What several parts of a body are members of.
    void add_body_component(const Operation& operation) {
        const auto& members = operation.body.empty() ? operation.form : operation.body;
        if (members.empty() || is_whole(operation)) return;
        JsonWriter out{arena_};
        out.begin_object();
        out.name("properties");
        out.begin_object();
        for (const OperationParameter& each : members) {
            out.name(each.name);
            schemas_.write(out, *each.schema, SchemaMode::input, notes(each));
        }
        out.end_object();
        member(out, "type", "object");
        if (std::ranges::any_of(members, &OperationParameter::required)) {
            out.name("required");
            out.begin_array();
            for (const OperationParameter& each : members) {
                if (!each.required) continue;
                out.element();
                out.value(each.name);
            }
            out.end_array();
        }
        const std::string_view name = body_name(operation);
        member(out, "title", name);
        out.end_object();
        schemas_.add(name, out.finish());
    }

    /// Routes whose templates differ by their converters are one path; the first one's operation counts.
    void paths() {
        out_.begin_object();
        for (std::size_t i = 0; i < operations_.size(); ++i) {
            const std::string_view path = operations_[i]->path;
            const auto same = [path](const Operation* other) { return other->path == path; };
            if (std::ranges::any_of(std::span{operations_}.first(i), same)) continue;
            out_.name(path);
            out_.begin_object();
            std::uint32_t written = 0;
            for (const Operation* each : operations_) {
                const std::uint32_t bit = 1U << static_cast<unsigned>(each->route.method);
                if (each->path != path || (written & bit) != 0) continue;
                written |= bit;
                std::string method{to_string(each->route.method)};
                std::ranges::transform(method, method.begin(), ascii::lower);
                out_.name(method);
                operation(*each);
            }
            out_.end_object();
        }
        out_.end_object();
    }

    void operation(const Operation& operation) {
        const RouteNotes& notes = operation.route.notes;
        out_.begin_object();
        if (!operation.route.tags.empty()) member(out_, "tags", operation.route.tags);
        member(out_, "summary", operation.summary);
        if (!notes.description.empty()) member(out_, "description", notes.description);
        member(out_, "operationId", operation.id);
        if (!operation.parameters.empty()) {
            out_.name("parameters");
            out_.begin_array();
            for (const OperationParameter& each : operation.parameters) {
                out_.element();
                parameter(each);
            }
            out_.end_array();
        }
        request_body(operation);
        responses(operation);
        if (!operation.security.empty()) {
            out_.name("security");
            out_.begin_array();
            for (const SecurityScheme* each : operation.security) {
                out_.element();
                out_.begin_object();
                member(out_, find_scheme(*each)->name, std::span<const std::string_view>{});
                out_.end_object();
            }
            out_.end_array();
        }
        if (notes.deprecated) member(out_, "deprecated", true);
        out_.end_object();
    }

    void parameter(const OperationParameter& parameter) {
        out_.begin_object();
        member(out_, "name", parameter.name);
        member(out_, "in", in(parameter.place));
        member(out_, "required", parameter.required);
        if (const auto* text = find_option(parameter.options, OptionKind::description))
            member(out_, "description", *text);
        if (find_option(parameter.options, OptionKind::deprecated) != nullptr)
            member(out_, "deprecated", true);
        out_.name("schema");
        schemas_.write(out_, *parameter.schema, SchemaMode::input, notes(parameter));
        out_.end_object();
    }

    void request_body(const Operation& operation) {
        const bool form = operation.body.empty();
        const auto& members = form ? operation.form : operation.body;
        if (members.empty() && operation.form_model == nullptr) return;
        out_.name("requestBody");
        out_.begin_object();
        if (operation.form_model != nullptr || std::ranges::any_of(members, &OperationParameter::required))
            member(out_, "required", true);
        begin_content(!form                 ? "application/json"
                      : operation.has_files ? "multipart/form-data"
                                            : "application/x-www-form-urlencoded");
        if (operation.form_model != nullptr) {
            schemas_.write(out_, *operation.form_model, SchemaMode::input, {});
        } else if (is_whole(operation)) {
            schemas_.write(out_, *members.front().schema, SchemaMode::input, {.title = "Body"});
        } else {
            const std::string reference = "#/components/schemas/" + std::string{body_name(operation)};
            out_.begin_object();
            member(out_, "$ref", reference);
            out_.end_object();
        }
        end_content();
        out_.end_object();
    }

    static bool is_sequence(std::string_view type) noexcept {
        return type == "text/event-stream" || type == "application/jsonl";
    }
    /// `"content":{"application/json":{"schema":`
    void begin_content(std::string_view type) {
        out_.name("content");
        out_.begin_object();
        out_.name(type);
        out_.begin_object();
        // OpenAPI 3.2's word for what comes piece by piece; of 3.1 it is an extension that is let be.
        out_.name(is_sequence(type) ? "itemSchema" : "schema");
    }
    void end_content() {
        out_.end_object();
        out_.end_object();
    }

    void responses(const Operation& operation) {
        const RouteNotes& notes = operation.route.notes;
        out_.name("responses");
        out_.begin_object();
        success(operation, find(notes.responses, operation.route.status));
        for (const ResponseInfo& each : notes.responses) {
            if (each.status == operation.route.status) continue;
            begin_response(each.status, each.description.empty() ? reason(each.status) : each.description);
            if (each.schema != nullptr) {
                begin_content(each.content_type);
                schemas_.write(out_, *each.schema, SchemaMode::output,
                               {.title = response_title(operation, code(each.status) + "_")});
                end_content();
            }
            out_.end_object();
        }
        if (says_refused(operation)) {
            out_.name("422");
            write_json(out_, refused);
        }
        out_.end_object();
    }

    void success(const Operation& operation, const ResponseInfo* info) {
        const Status status = operation.route.status;
        const bool described = info != nullptr && !info->description.empty();
        begin_response(status, described ? info->description : "Successful Response");
        if (has_content(status)) {
            const Schema* schema = operation.route.endpoint.info->result;
            if (info != nullptr && info->schema != nullptr) schema = info->schema;
            begin_content(info == nullptr ? "application/json" : info->content_type);
            if (schema == nullptr) {
                out_.begin_object();
                out_.end_object();
            } else {
                schemas_.write(out_, *schema, SchemaMode::output, {.title = response_title(operation, "")});
            }
            end_content();
        }
        out_.end_object();
    }

    void begin_response(Status status, std::string_view description) {
        out_.name(code(status));
        out_.begin_object();
        member(out_, "description", description);
    }

    static std::string code(Status status) { return std::to_string(static_cast<int>(status)); }

    [[nodiscard]] std::string_view response_title(const Operation& operation, std::string_view of) const {
        return title_of(std::string{"Response_"}.append(of).append(operation.id), arena_);
    }

    alloc::Allocator arena_;
    std::pmr::vector<Operation*> operations_;
    SchemaWriter schemas_;
    std::pmr::vector<NamedScheme> schemes_;
    JsonWriter out_;
};

}  // namespace

OpenApi write_openapi(const AppInfo& info, const RouteTree& routes, alloc::Allocator arena) {
    return DocumentWriter{routes, arena}.write(info);
}

std::string_view write_servers(std::string_view root_path, alloc::Allocator arena) {
    if (root_path.empty()) return {};
    JsonWriter out{arena};
    out.raw(",\"servers\":[{\"url\":");
    out.value(encode_path(arena, root_path));
    out.raw("}]");
    return out.finish();
}

}  // namespace zigmund::http::inline v0
