#include <zigmund/http/json_writer.hpp>
#include <zigmund/http/schema.hpp>

#include <stdexcept>

namespace zigmund::http::inline v0::detail {

void SchemaMembers::add(const SchemaMember& member) { members_.push_back(member); }

void SchemaMembers::add(SchemaMember member, const JsonValue& value) {
    JsonWriter writer{arena_};
    try {
        writer.value(value);
        // That nothing is there is said by the type, which may be null.
        if (const std::string_view text = writer.finish(); text != "null") member.value = text;
    } catch (const std::domain_error&) {  // JSON has no NaN: the default stays unsaid
    }
    add(member);
}

}  // namespace zigmund::http::inline v0::detail
