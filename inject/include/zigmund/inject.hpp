// Everything in zigmund::inject.
#pragma once

#include <zigmund/inject/call.hpp>
#include <zigmund/inject/context.hpp>
#include <zigmund/inject/provider.hpp>
#include <zigmund/inject/signature.hpp>
