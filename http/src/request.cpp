#include <zigmund/http/request.hpp>

#include "ascii.hpp"
#include "percent.hpp"

namespace zigmund::http {

bool equal_names(std::string_view a, std::string_view b) noexcept { return ascii::equal_ignoring_case(a, b); }

std::optional<std::string_view> Request::header(std::string_view name) const noexcept {
    for (const Field& field : fields()) {
        if (equal_names(field.name, name)) return field.value;
    }
    return std::nullopt;
}

std::optional<std::string_view> Request::query(std::string_view name) const {
    std::string_view rest = query_string_;
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        const std::size_t equals = pair.find('=');
        if (percent_decode(pair.substr(0, equals), Plus::blank, arena_) != name) continue;
        if (equals == std::string_view::npos) return std::string_view{};
        return percent_decode(pair.substr(equals + 1), Plus::blank, arena_);
    }
    return std::nullopt;
}

std::optional<std::string_view> Request::path_parameter(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < parameter_names_.size(); ++i) {
        if (parameter_names_[i] == name) return parameter_values_[i];
    }
    return std::nullopt;
}

}  // namespace zigmund::http
