#include <zigmund/http/app.hpp>
#include <zigmund/http/http_error.hpp>
#include <zigmund/http/pending.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/source.hpp>

#include <stdexcept>
#include <utility>

#include "ascii.hpp"
#include "framing.hpp"
#include "text.hpp"
#include "url.hpp"

namespace zigmund::http::inline v0 {

bool equal_names(std::string_view a, std::string_view b) noexcept { return ascii::equal_ignoring_case(a, b); }

std::optional<std::string_view> Request::header(std::string_view name) const noexcept {
    for (const Field& field : fields()) {
        if (equal_names(field.name, name)) return field.value;
    }
    return std::nullopt;
}

const Client& Request::client() const noexcept {
    static const Client nobody{};
    return client_ == nullptr ? nobody : *client_;
}

bool Request::server_is_stopping() const noexcept {
    return context_ != nullptr && context_->stopping != nullptr && context_->stopping->load();
}

std::string_view Request::host() const noexcept {
    const std::optional<Target> target = split_target(target_, method_ == Method::options);
    if (target && !target->authority.empty()) return target->authority;
    return header("host").value_or("");
}

std::string_view Request::root_path() const {
    const std::string_view root = outermost_ == nullptr ? std::string_view{} : outermost_->info_.root_path;
    return join({root, mounted_}, arena_);
}

std::string_view Request::url_for(std::string_view name,
                                  std::initializer_list<UrlParameter> parameters) const {
    if (app_ == nullptr)
        throw std::logic_error("zigmund: url_for: the request has not come to an application yet");
    const std::string_view path = make_url(*app_->routes_, arena_, name, parameters);
    const std::string_view authority = host();
    const std::string_view root = encode_path(arena_, root_path());
    return authority.empty() ? join({root, path}, arena_)
                             : join({scheme(), "://", authority, root, path}, arena_);
}

void Request::throw_late() { throw HttpError{Status::gateway_timeout}; }

void Request::end_sending(std::size_t arena) noexcept {
    sent_.arena = arena;
    while (sent_hooks_ != nullptr) {
        detail::SentHook& hook = *std::exchange(sent_hooks_, sent_hooks_->following);
        hook.run(hook, *this, sent_);
    }
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

}  // namespace zigmund::http::inline v0
