#include <zigmund/http/request.hpp>
#include <zigmund/http/source.hpp>

#include "ascii.hpp"

namespace zigmund::http {

bool equal_names(std::string_view a, std::string_view b) noexcept { return ascii::equal_ignoring_case(a, b); }

std::optional<std::string_view> Request::header(std::string_view name) const noexcept {
    for (const Field& field : fields()) {
        if (equal_names(field.name, name)) return field.value;
    }
    return std::nullopt;
}

std::optional<std::string_view> Request::query(std::string_view name) const {
    return detail::find_value(*this, detail::Source::query, name);
}

std::optional<std::string_view> Request::path_parameter(std::string_view name) const noexcept {
    if (route_ == nullptr) return std::nullopt;
    for (std::size_t i = 0; i < route_->parameter_names.size(); ++i) {
        if (route_->parameter_names[i] == name) return parameter_values_[i];
    }
    return std::nullopt;
}

}  // namespace zigmund::http
