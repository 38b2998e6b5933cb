#pragma once
// The matchers of one route, as configured: what a router is built of, lists and explains.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/uuid.h"
#include "runtime/address.h"

namespace sluice {

struct Route;
class Expression;

/// One element of `sources` or `destinations`: at least one of both parts is given.
struct EndpointMatch {
  std::optional<Network> network;
  std::uint16_t port = 0;  ///< 0: any
};

struct RouteMatch {
  std::shared_ptr<const Route> route;
  config::Uuid id;  ///< breaks ties: the higher one wins
  std::vector<std::string> methods;
  std::vector<std::string> hosts;  ///< a.com, *.a.com, a.*, each with an optional :port
  std::vector<std::string> paths;  ///< plain prefixes, normalised, and regular expressions: ~/a/\d+
  std::vector<std::pair<std::string, std::vector<std::string>>> headers;  ///< values: a, ~*a+
  std::vector<std::string> snis;
  std::vector<EndpointMatch> sources;
  std::vector<EndpointMatch> destinations;
  std::uint32_t regex_priority = 0;
  /// Instead of all matchers above; needs `priority`.
  std::shared_ptr<const Expression> expression;
  std::uint64_t priority = 0;  ///< of an expression: at most 2^46 - 1
  bool http = true;            ///< `protocols` has http or grpc
  bool https = true;           ///< `protocols` has https or grpcs
  /// The only one that it matches under. Empty: any, and who comes by the wrong one is told so
  /// (kong.md §2.5).
  std::string_view scheme;
};

constexpr bool is_regex_path(std::string_view path) noexcept {
  return path.starts_with('~');
}

}  // namespace sluice
