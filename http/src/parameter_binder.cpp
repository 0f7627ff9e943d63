#include <zigmund/http/parameter_binder.hpp>

namespace zigmund::http::detail {

void ParameterBinder::refuse(const Location& at, const ScalarError& error, std::string_view input) {
    errors_.add(at, {error.type, error.message, input, error.context_name, error.context_value});
}

void ParameterBinder::missing(const Location& at, const JsonValue& input) {
    errors_.add(at, {"missing", "Field required", input});
}

}  // namespace zigmund::http::detail
