#include <zigmund/http/endpoint.hpp>

namespace zigmund::http::inline v0 {

void detail::run_dependencies(Request& request, Binding& binding) {
    request.job().share();
    for (const RouteDependency& dependency : request.dependencies())
        dependency.kind->run(dependency.stored, binding, request.job());
}

}  // namespace zigmund::http::inline v0
