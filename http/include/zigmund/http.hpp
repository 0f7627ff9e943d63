// Everything in zigmund::http.
#pragma once

#include <zigmund/http/app.hpp>
#include <zigmund/http/binding.hpp>
#include <zigmund/http/body.hpp>
#include <zigmund/http/constraint.hpp>
#include <zigmund/http/endpoint.hpp>
#include <zigmund/http/enum.hpp>
#include <zigmund/http/field.hpp>
#include <zigmund/http/fixed_string.hpp>
#include <zigmund/http/json_value.hpp>
#include <zigmund/http/json_writer.hpp>
#include <zigmund/http/method.hpp>
#include <zigmund/http/parameter.hpp>
#include <zigmund/http/parameter_binder.hpp>
#include <zigmund/http/pattern.hpp>
#include <zigmund/http/request.hpp>
#include <zigmund/http/response.hpp>
#include <zigmund/http/scalar.hpp>
#include <zigmund/http/serve_options.hpp>
#include <zigmund/http/server.hpp>
#include <zigmund/http/source.hpp>
#include <zigmund/http/status.hpp>
#include <zigmund/http/timestamp.hpp>
#include <zigmund/http/uuid.hpp>
#include <zigmund/http/validation_error.hpp>
