// RouteInfo: a route of an application, as App::routes() tells of it.
#pragma once

#include <zigmund/http/method.hpp>

#include <string>
#include <vector>

namespace zigmund::http::inline v0 {

struct RouteInfo {
    /// The one that it was registered for. GET serves HEAD, too, which is no route of its own.
    Method method;
    std::string path;               ///< the template, with what it is mounted below: "/users/{user_id}"
    std::string name;               ///< for url_for(); empty: none
    std::vector<std::string> tags;  ///< those of its routers first
};

}  // namespace zigmund::http::inline v0
