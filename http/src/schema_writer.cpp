#include "schema_writer.hpp"

#include <algorithm>
#include <string>

#include "ascii.hpp"

namespace zigmund::http::inline v0 {
namespace {

using detail::OptionKind;
using detail::SchemaConstant;
using detail::SchemaMember;
using detail::SchemaOption;
using Options = std::span<const SchemaOption>;

char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

bool is_component(const Schema& schema) noexcept {
    return schema.kind == Schema::Kind::object || schema.kind == Schema::Kind::enumeration;
}

/// What an optional holds, or the schema itself.
const Schema& without_optional(const Schema& schema) noexcept {
    const Schema* inner = &schema;
    while (inner->kind == Schema::Kind::optional) inner = inner->element;
    return *inner;
}

void member(JsonWriter& out, std::string_view name, const JsonValue& value) {
    out.name(name);
    out.value(value);
}

void option(JsonWriter& out, std::string_view keyword, Options options, OptionKind kind) {
    if (const SchemaConstant* value = find_option(options, kind)) member(out, keyword, *value);
}

void strings(JsonWriter& out, std::string_view keyword, std::span<const std::string_view> values) {
    member(out, keyword, values);
}

/// The bounds of the options, and where there is none, those of the type that every reader of JSON can
/// represent.
void write_integer(JsonWriter& out, const Schema& schema, Options options) {
    constexpr std::uint64_t exact = std::uint64_t{1} << 53;
    member(out, "type", "integer");
    if (schema.most > exact && schema.least != 0) member(out, "format", "int64");
    option(out, "multipleOf", options, OptionKind::multiple_of);
    option(out, "exclusiveMinimum", options, OptionKind::gt);
    option(out, "minimum", options, OptionKind::ge);
    if (find_option(options, OptionKind::gt) == nullptr && find_option(options, OptionKind::ge) == nullptr &&
        (schema.most <= exact || schema.least == 0))
        member(out, "minimum", schema.least);
    option(out, "exclusiveMaximum", options, OptionKind::lt);
    option(out, "maximum", options, OptionKind::le);
    if (find_option(options, OptionKind::lt) == nullptr && find_option(options, OptionKind::le) == nullptr &&
        schema.most <= exact)
        member(out, "maximum", schema.most);
}

void write_number(JsonWriter& out, Options options) {
    member(out, "type", "number");
    option(out, "multipleOf", options, OptionKind::multiple_of);
    option(out, "exclusiveMinimum", options, OptionKind::gt);
    option(out, "minimum", options, OptionKind::ge);
    option(out, "exclusiveMaximum", options, OptionKind::lt);
    option(out, "maximum", options, OptionKind::le);
}

void examples(JsonWriter& out, const Schema& schema, Options options) {
    if (find_option(options, OptionKind::example) == nullptr) return;
    const bool list = without_optional(schema).kind == Schema::Kind::array;
    out.name("examples");
    out.begin_array();
    for (const SchemaOption& each : options) {
        if (each.kind != OptionKind::example) continue;
        out.element();
        if (list) {
            out.begin_array();
            out.element();
        }
        out.value(each.value);
        if (list) out.end_array();
    }
    out.end_array();
}

/// What people call a type of which the compiler has said the name. `qualified`: with its namespaces.
std::string_view component_name(std::string_view type, bool qualified, alloc::Allocator arena) {
    std::string name{type};
    for (const std::string_view nameless : {"{anonymous}::", "(anonymous namespace)::"}) {
        for (std::size_t at; (at = name.find(nameless)) != std::string::npos;)
            name.erase(at, nameless.size());
    }
    std::string result;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        if (name.compare(i, 2, "::") == 0) {
            ++i;
            if (qualified) {
                result += "__";
            } else {
                const std::size_t begin = result.find_last_of("<,");
                result.erase(begin == std::string::npos ? 0 : begin + 1);
            }
        } else if (c != ' ') {
            result += c;
        }
    }
    for (char& c : result) {
        if (!ascii::is_alpha(c) && !ascii::is_digit(c) && c != '_') c = '_';
    }
    return arena.dupe(std::string_view{result});
}

std::string_view join(std::string_view a, std::string_view b, alloc::Allocator arena) {
    const std::span<char> text = arena.alloc<char>(a.size() + b.size());
    std::ranges::copy(b, std::ranges::copy(a, text.begin()).out);
    return {text.data(), text.size()};
}

}  // namespace

const SchemaConstant* find_option(Options options, OptionKind kind) noexcept {
    const auto at = std::ranges::find(options, kind, &SchemaOption::kind);
    return at == options.end() ? nullptr : &at->value;
}

std::string_view title_of(std::string_view name, alloc::Allocator arena) {
    const std::span<char> title = arena.alloc<char>(name.size());
    bool in_word = false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        const bool letter = ascii::is_alpha(c);
        title[i] = c == '_' ? ' ' : letter && !in_word ? upper(c) : ascii::lower(c);
        in_word = letter;
    }
    return {title.data(), title.size()};
}

void write_json(JsonWriter& out, std::string_view json) {
    out.raw(json);
    out.rewind(out.size());
}

SchemaWriter::Component* SchemaWriter::find(const Schema& schema) const noexcept {
    const auto at = std::ranges::find(components_, &schema, &Component::schema);
    return at == components_.end() ? nullptr : *at;
}

void SchemaWriter::collect(const Schema& schema, SchemaMode mode) {
    if (schema.element != nullptr) collect(*schema.element, mode);
    for (const detail::SchemaAlternative& alternative : schema.alternatives)
        collect(*alternative.schema, mode);
    if (!is_component(schema)) return;
    Component* known = find(schema);
    if (known == nullptr) {
        known = arena_.create<Component>(&schema);
        components_.push_back(known);
        if (schema.describe != nullptr) {
            auto& members = *arena_.create<detail::SchemaMembers>(arena_);
            schema.describe(members);
            known->members = members.members();
        }
    }
    if (std::exchange(known->used[static_cast<std::size_t>(mode)], true)) return;
    for (const SchemaMember& each : known->members) collect(*each.schema, mode);
}

/// Whether it is made of something that differs as input and as output.
bool SchemaWriter::differs(const Schema& schema) const noexcept {
    if (schema.element != nullptr && differs(*schema.element)) return true;
    for (const detail::SchemaAlternative& alternative : schema.alternatives) {
        if (differs(*alternative.schema)) return true;
    }
    const Component* const known = is_component(schema) ? find(schema) : nullptr;
    return known != nullptr && known->differs;
}

bool SchemaWriter::is_taken(std::string_view name) const noexcept {
    return std::ranges::find(entries_, name, &Entry::name) != entries_.end();
}

void SchemaWriter::name_components() {
    // Structs may refer to each other in circles: until nothing changes any more.
    for (bool changed = true; changed;) {
        changed = false;
        for (Component* each : components_) {
            if (each->differs) continue;
            each->differs = std::ranges::any_of(each->members, [this](const SchemaMember& of) {
                return of.has_value || differs(*of.schema);
            });
            changed |= each->differs;
        }
    }
    const auto short_name = [this](const Component* of) {
        return component_name(of->schema->name, false, arena_);
    };
    for (Component* each : components_) each->names[0] = short_name(each);
    for (Component* each : components_) {
        const std::string_view own = each->names[0];
        const bool alone = std::ranges::count_if(components_, [&](const Component* other) {
                               return short_name(other) == own;
                           }) == 1;
        if (!alone || is_taken(own)) each->names[0] = component_name(each->schema->name, true, arena_);
    }
    for (Component* each : components_) {
        const std::string_view wanted = each->names[0];
        const bool both = each->used[0] && each->used[1] && each->differs;
        std::string_view name = wanted;
        const auto with = [&](std::string_view ending) { return both ? join(name, ending, arena_) : name; };
        for (int number = 2; is_taken(with("-Input")) || is_taken(with("-Output")); ++number)
            name = join(wanted, "_" + std::to_string(number), arena_);
        each->names = {with("-Input"), with("-Output")};
        const auto mode = both || each->used[0] ? SchemaMode::input : SchemaMode::output;
        entries_.push_back({each->names[static_cast<std::size_t>(mode)], each, mode, {}});
        if (both) entries_.push_back({each->names[1], each, SchemaMode::output, {}});
    }
}

void SchemaWriter::write_reference(JsonWriter& out, const Schema& schema, SchemaMode mode) const {
    const std::string_view name = find(schema)->names[static_cast<std::size_t>(mode)];
    member(out, "$ref", join("#/components/schemas/", name, arena_));
}

void SchemaWriter::write_variant(JsonWriter& out, const Schema& schema, SchemaMode mode) const {
    out.name(schema.tag.empty() ? "anyOf" : "oneOf");
    out.begin_array();
    for (const detail::SchemaAlternative& each : schema.alternatives) {
        out.element();
        write(out, *each.schema, mode, {});
    }
    out.end_array();
    if (schema.tag.empty()) return;
    out.name("discriminator");
    out.begin_object();
    member(out, "propertyName", schema.tag);
    out.name("mapping");
    out.begin_object();
    for (const detail::SchemaAlternative& each : schema.alternatives) {
        for (const std::string_view tag : each.tags) {
            const std::string_view name = find(*each.schema)->names[static_cast<std::size_t>(mode)];
            member(out, tag, join("#/components/schemas/", name, arena_));
        }
    }
    out.end_object();
    out.end_object();
}

void SchemaWriter::keywords(JsonWriter& out, const Schema& schema, SchemaMode mode, Options options) const {
    using enum Schema::Kind;
    switch (schema.kind) {
        case any:
            return;
        case boolean:
            return member(out, "type", "boolean");
        case integer:
            return write_integer(out, schema, options);
        case number:
            return write_number(out, options);
        case text:
            member(out, "type", "string");
            option(out, "minLength", options, OptionKind::min_length);
            option(out, "maxLength", options, OptionKind::max_length);
            return option(out, "pattern", options, OptionKind::pattern);
        case uuid:
            member(out, "type", "string");
            return member(out, "format", "uuid");
        case timestamp:
            member(out, "type", "string");
            return member(out, "format", "date-time");
        case file:  // the newer spelling, and the one that Swagger UI makes a file's button of
            member(out, "type", "string");
            member(out, "format", "binary");
            return member(out, "contentMediaType", "application/octet-stream");
        case literal:
            member(out, "type", "string");
            if (schema.values.size() == 1) return member(out, "const", schema.values.front());
            return strings(out, "enum", schema.values);
        case array:
            member(out, "type", "array");
            out.name("items");
            write(out, *schema.element, mode, {});
            option(out, "minItems", options, OptionKind::min_length);
            return option(out, "maxItems", options, OptionKind::max_length);
        case map:
            member(out, "type", "object");
            out.name("additionalProperties");
            if (schema.element->kind == any) return out.value(true);
            return write(out, *schema.element, mode, {});
        case optional:
            out.name("anyOf");
            out.begin_array();
            out.element();
            out.begin_object();
            keywords(out, *schema.element, mode, options);
            out.end_object();
            out.element();
            out.begin_object();
            member(out, "type", "null");
            out.end_object();
            return out.end_array();
        case variant:
            return write_variant(out, schema, mode);
        case enumeration:
        case object:
            return write_reference(out, schema, mode);
    }
}

void SchemaWriter::write(JsonWriter& out, const Schema& schema, SchemaMode mode,
                         const SchemaNotes& notes) const {
    out.begin_object();
    keywords(out, schema, mode, notes.options);
    if (find_option(notes.options, OptionKind::title) != nullptr) {
        option(out, "title", notes.options, OptionKind::title);
    } else if (!notes.title.empty() && !is_component(without_optional(schema))) {
        member(out, "title", notes.title);
    }
    option(out, "description", notes.options, OptionKind::description);
    if (!notes.value.empty()) {
        out.name("default");
        write_json(out, notes.value);
    } else {
        option(out, "default", notes.options, OptionKind::default_value);
        const auto list = std::ranges::find(notes.options, OptionKind::default_list, &SchemaOption::kind);
        if (list != notes.options.end()) member(out, "default", list->values);
    }
    examples(out, schema, notes.options);
    option(out, "deprecated", notes.options, OptionKind::deprecated);
    out.end_object();
}

void SchemaWriter::write_component(JsonWriter& out, const Component& component, SchemaMode mode) const {
    const Schema& schema = *component.schema;
    const std::string_view title = component_name(schema.name, false, arena_);
    out.begin_object();
    if (schema.kind == Schema::Kind::enumeration) {
        member(out, "type", "string");
        strings(out, "enum", schema.values);
    } else {
        out.name("properties");
        out.begin_object();
        for (const SchemaMember& each : component.members) {
            out.name(each.name);
            write(out, *each.schema, mode,
                  {.options = each.options, .title = title_of(each.name, arena_), .value = each.value});
        }
        out.end_object();
        if (schema.closed) member(out, "additionalProperties", false);
        member(out, "type", "object");
        const auto is_required = [mode](const SchemaMember& of) {
            return mode == SchemaMode::output || !of.has_value;
        };
        if (std::ranges::any_of(component.members, is_required)) {
            out.name("required");
            out.begin_array();
            for (const SchemaMember& each : component.members) {
                if (!is_required(each)) continue;
                out.element();
                out.value(each.name);
            }
            out.end_array();
        }
    }
    member(out, "title", title);
    out.end_object();
}

void SchemaWriter::write_components(JsonWriter& out) {
    std::ranges::sort(entries_, {}, &Entry::name);
    out.begin_object();
    for (const Entry& entry : entries_) {
        out.name(entry.name);
        if (entry.component == nullptr) {
            write_json(out, entry.json);
        } else {
            write_component(out, *entry.component, entry.mode);
        }
    }
    out.end_object();
}

}  // namespace zigmund::http::inline v0
