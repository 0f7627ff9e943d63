#include <zigmund/alloc/err_scope.hpp>

#include <cstdio>

namespace zigmund::alloc::inline v0::detail {

constinit thread_local unsigned errors_raised = 0;

void report_errdefer_without_error(std::source_location where) noexcept {
    std::fprintf(stderr,
                 "zigmund: errdefer at %s:%u ran, but no error was raised in its scope: if the function "
                 "succeeded, return scope.ok(value); if it failed, return scope.fail(error)\n",
                 where.file_name(), where.line());
}

}  // namespace zigmund::alloc::inline v0::detail
