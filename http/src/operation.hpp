// Operation: a route, as the documentation tells of it: what its handler and its options say, put together.
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/http/handler_info.hpp>

#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "route_tree.hpp"
#include "schema_writer.hpp"

namespace zigmund::http::inline v0 {

struct OperationParameter {
    detail::ParameterInfo::Place place;
    std::string_view name;
    const Schema* schema;
    std::span<const detail::SchemaOption> options;
    bool required;
    std::string_view value = {};  ///< the default, as JSON; empty: that of the options
};

struct Operation {
    /// Throws std::bad_alloc.
    Operation(const Route& described, alloc::Allocator arena);

    /// Whether there is anything in its requests that could be refused.
    [[nodiscard]] bool validates() const noexcept {
        return !parameters.empty() || !body.empty() || !form.empty();
    }

    const Route& route;
    std::string_view path;  ///< the template, without converters
    std::string_view name;  ///< as in the program; empty: not known
    std::string_view summary;
    std::string_view id;                              ///< is to be made one of a kind
    std::pmr::vector<OperationParameter> parameters;  ///< path, query, header, cookie, in this order
    std::pmr::vector<OperationParameter> body;
    std::pmr::vector<OperationParameter> form;
    std::pmr::vector<const detail::SecurityScheme*> security;
    const Schema* form_model = nullptr;  ///< all of the form; null: it is put together of `form`
    bool has_files = false;              ///< in the form
};

}  // namespace zigmund::http::inline v0
