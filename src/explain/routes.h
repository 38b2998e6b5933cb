#pragma once
// `sluice routes`: all routes in the order in which requests meet them, and those that none
// reaches.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "explain/explain.h"

namespace sluice::explain {

/// A path of a listed route, "" where it has none, that an earlier route takes.
struct ShadowedPath {
  std::string path;
  Named by;
  std::size_t by_rank = 0;  ///< from 1
};

/// A route, or the part of it that the router ranks by itself.
struct ListedRoute {
  std::size_t rank = 0;  ///< from 1
  Named route;
  std::string service;  ///< its name, or id; empty: none
  std::uint64_t priority = 0;
  std::vector<std::string> methods;
  std::vector<std::string> hosts;
  std::vector<std::string> paths;
  std::vector<std::string> others;  ///< `header x-v: 1`, `sni a.com`, `source 10.0.0.0/8`
  std::string expression;           ///< instead of all these
  std::vector<ShadowedPath> shadowed;
  bool never_matches = false;  ///< all of it is shadowed
};

std::vector<ListedRoute> list_routes(const config::LoadedFile& file, const Snapshot& snapshot);

/// In columns; `file` is what places refer to.
std::string routes_text(const std::vector<ListedRoute>& routes, std::string_view file);
std::string routes_json(const std::vector<ListedRoute>& routes, std::string_view file);

/// A warning for each path that no request reaches.
void warn_of_shadows(const config::LoadedFile& file, const Snapshot& snapshot,
                     config::Diagnostics& diagnostics);

}  // namespace sluice::explain
