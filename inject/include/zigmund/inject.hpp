// Everything in zigmund::inject.
#pragma once

#include <zigmund/inject/call.hpp>
#include <zigmund/inject/context.hpp>
#include <zigmund/inject/dependency_graph.hpp>
#include <zigmund/inject/depends.hpp>
#include <zigmund/inject/frame_memory.hpp>
#include <zigmund/inject/job.hpp>
#include <zigmund/inject/overrides.hpp>
#include <zigmund/inject/provider.hpp>
#include <zigmund/inject/resolver.hpp>
#include <zigmund/inject/scoped.hpp>
#include <zigmund/inject/signature.hpp>
#include <zigmund/inject/singletons.hpp>
#include <zigmund/inject/slot.hpp>
#include <zigmund/inject/teardowns.hpp>
