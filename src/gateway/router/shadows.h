#pragma once
// Routes that no request ever reaches, because others that come first admit all that they would.

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/router/router.h"

namespace sluice {

/// A candidate, or one of its paths, that can never be the answer.
struct Shadow {
  std::uint32_t candidate = 0;
  std::optional<std::uint32_t> path;  ///< index of the route's paths; empty: it has none
  std::uint32_t by = 0;               ///< the candidate that comes first
};

/// Only what is certain: every attribute of the first is implied by the second, or every condition
/// of its expression by one of another expression. What several routes together take, and
/// expressions that take all of a route without, are not looked into. In the order of evaluation.
std::vector<Shadow> find_shadows(const Router& router);

}  // namespace sluice
