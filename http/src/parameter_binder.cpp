#include <zigmund/http/parameter_binder.hpp>

namespace zigmund::http::inline v0::detail {
namespace {

/// What a browser sends for a field in which no file was chosen is none.
bool is_chosen(const FormPart& part) noexcept {
    return part.is_file && (part.size != 0 || !part.filename.empty());
}

}  // namespace

std::span<const Upload> ParameterBinder::find_files(std::string_view name, const Location& at) {
    const FormPart* const parts = form_parts(request_);
    std::size_t count = 0;
    for (const FormPart* part = parts; part != nullptr; part = part->next) {
        if (part->name != name) continue;
        if (is_chosen(*part)) ++count;
        if (part->is_file || refused_) continue;
        refused_ = true;
        errors_.add(at, {"value_error", "Value error, Expected UploadFile, received: <class 'str'>",
                         part->memory, "error", std::initializer_list<JsonMember>{}});
    }
    if (count == 0) return {};
    auto* const files =
        static_cast<Upload*>(request_.allocator().allocate(count * sizeof(Upload), alignof(Upload)));
    std::size_t next = 0;
    for (const FormPart* part = parts; part != nullptr; part = part->next) {
        if (part->name == name && is_chosen(*part)) std::construct_at(files + next++, *part);
    }
    return {files, count};
}

void ParameterBinder::refuse(const Location& at, const ScalarError& error, std::string_view input) {
    errors_.add(at, {error.type, error.message, input, error.context_name, error.context_value});
}

void ParameterBinder::missing(const Location& at, const JsonValue& input) {
    errors_.add(at, {"missing", "Field required", input});
}

void ParameterBinder::refuse_as_invalid(Source source, const Invalid& invalid,
                                        std::span<const KnownName> names) {
    const Location place{nullptr, place_name(source)};
    const Location member{&place, invalid.member};
    const std::optional<std::string_view> sent =
        invalid.member.empty() ? std::nullopt : find_value(request_, source, invalid.member);
    const JsonValue input = sent ? JsonValue{*sent} : echo_source(request_, source, names);
    errors_.add(invalid.member.empty() ? place : member,
                {"value_error", invalid_message(request_.allocator(), invalid), input, "error",
                 std::initializer_list<JsonMember>{}});
}

void ParameterBinder::missing_in_form(const Location& at, std::string_view name, const TypeError& error) {
    if (!error.type.empty()) {
        for (const FormPart* part = form_parts(request_); part != nullptr; part = part->next) {
            if (part->name != name || !is_chosen(*part)) continue;
            return errors_.add(at, {error.type, error.message, echo_file(*part, request_.allocator())});
        }
    }
    missing(at, nullptr);
}

}  // namespace zigmund::http::inline v0::detail
