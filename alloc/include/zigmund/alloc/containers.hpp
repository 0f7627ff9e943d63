// The standard containers under our roof: alloc::vector, alloc::string and their like are the std::pmr ones.
//
//     alloc::string name{"Alice", allocator};
//     alloc::map<alloc::string, int> ages{allocator};      // keys allocate there as well
//
// They are aliases, so every function that takes the std::pmr type takes them. Three things to know of them:
//   - Without an allocator they use the default resource, the global heap: `alloc::string s;`. Under a
//     ForbidDefaultResource (forbid_default_resource.hpp) that is an error.
//   - A copy uses the default resource too. Say where it goes: `alloc::string copy{original, allocator};`
//   - An assignment keeps the target's allocator: a move between two allocators is a copy.
// Vector (vector.hpp) has none of the three, and grows in place.
//
// Threads, cost: as the standard's. The names are std's, so <zigmund/alloc.hpp> leaves them out: two
// `using namespace` directives would make them ambiguous.
#pragma once

#include <deque>
#include <forward_list>
#include <list>
#include <map>
#include <memory_resource>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace zigmund::alloc::inline v0 {

using std::pmr::string;

using std::pmr::deque;
using std::pmr::forward_list;
using std::pmr::list;
using std::pmr::vector;

using std::pmr::map;
using std::pmr::multimap;
using std::pmr::multiset;
using std::pmr::set;

using std::pmr::unordered_map;
using std::pmr::unordered_multimap;
using std::pmr::unordered_multiset;
using std::pmr::unordered_set;

}  // namespace zigmund::alloc::inline v0
