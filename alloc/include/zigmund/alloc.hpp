// Everything in zigmund::alloc but print (its formatting library is a choice: <zigmund/alloc/print.hpp>) and
// the names for the pmr containers (they are those of std: <zigmund/alloc/containers.hpp>).
#pragma once

#include <zigmund/alloc/allocator.hpp>
#include <zigmund/alloc/arena.hpp>
#include <zigmund/alloc/arena_options.hpp>
#include <zigmund/alloc/arena_pool.hpp>
#include <zigmund/alloc/atomic_fixed_buffer.hpp>
#include <zigmund/alloc/block_pool.hpp>
#include <zigmund/alloc/counting.hpp>
#include <zigmund/alloc/defer.hpp>
#include <zigmund/alloc/err_scope.hpp>
#include <zigmund/alloc/errdefer.hpp>
#include <zigmund/alloc/error.hpp>
#include <zigmund/alloc/failing.hpp>
#include <zigmund/alloc/fixed_buffer.hpp>
#include <zigmund/alloc/forbid_default_resource.hpp>
#include <zigmund/alloc/general_purpose_allocator.hpp>
#include <zigmund/alloc/heap.hpp>
#include <zigmund/alloc/limit.hpp>
#include <zigmund/alloc/locked.hpp>
#include <zigmund/alloc/logging.hpp>
#include <zigmund/alloc/malloc.hpp>
#include <zigmund/alloc/null_allocator.hpp>
#include <zigmund/alloc/owner.hpp>
#include <zigmund/alloc/pages.hpp>
#include <zigmund/alloc/pmr_adapter.hpp>
#include <zigmund/alloc/pool.hpp>
#include <zigmund/alloc/relocatable.hpp>
#include <zigmund/alloc/resource.hpp>
#include <zigmund/alloc/savepoint.hpp>
#include <zigmund/alloc/stack_fallback.hpp>
#include <zigmund/alloc/symbolizer.hpp>
#include <zigmund/alloc/trace.hpp>
#include <zigmund/alloc/transaction.hpp>
#include <zigmund/alloc/try.hpp>
#include <zigmund/alloc/vector.hpp>
