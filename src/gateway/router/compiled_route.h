#pragma once
// One route, compiled: immutable, and shared by all routers that have it.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "gateway/router/conditions.h"
#include "gateway/router/ranking.h"
#include "gateway/router/route_match.h"

namespace sluice {

/// A matcher that cannot be compiled.
struct RouteProblem {
  enum class Field : std::uint8_t { path, header };

  std::size_t route = 0;  ///< its index in what the router was to be built of
  Field field = Field::path;
  std::size_t index = 0;  ///< of the path, or of the header
  std::string message;    ///< continues "regular expression: "
};

struct CompiledRoute {
  RouteMatch match;
  std::unique_ptr<const Conditions> conditions;       ///< null: none but host, path and method
  std::vector<std::shared_ptr<const Regex>> regexes;  ///< of match.paths, null for a plain one;
                                                      ///< empty where all are plain
  std::vector<Candidate> parts;  ///< in no order; empty where the route is not split
  MethodBits methods = 0;        ///< 0: any
  bool is_broken = false;        ///< there is a problem: it matches nothing

  const Regex* regex(std::size_t path) const noexcept {
    return regexes.empty() ? nullptr : regexes[path].get();
  }

  /// Of the route's part with that priority.
  const config::Uuid& part_id(std::uint64_t priority) const noexcept;
};

/// Regular expressions by their text: routes with the same one share it, in one configuration and
/// from one to the next.
using SharedRegexes = std::map<std::string_view, std::shared_ptr<const Regex>>;

/// `index` is for problems.
std::shared_ptr<const CompiledRoute> compile_route(RouteMatch match, std::size_t index,
                                                   SharedRegexes& regexes,
                                                   std::vector<RouteProblem>& problems);

}  // namespace sluice
