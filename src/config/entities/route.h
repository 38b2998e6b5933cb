#pragma once
// A match on requests, and the service that gets them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/entities/common.h"
#include "config/entities/plugin.h"

namespace sluice::config {

enum class PathHandling : std::uint8_t { v0, v1 };

constexpr auto names_of(PathHandling) {
  return std::to_array<std::string_view>({"v0", "v1"});
}

/// One element of `sources` or `destinations`: at least one of both parts is given.
struct RouteEndpoint {
  std::optional<std::string> ip;  ///< an address or a network
  std::optional<std::uint16_t> port;

  static constexpr std::string_view type_name = "route_endpoint";
  static constexpr auto fields();
  static void check(RouteEndpoint& endpoint, const Given& given);
};

struct Route {
  Uuid id;
  std::optional<std::string> name;
  std::vector<Protocol> protocols = {Protocol::http, Protocol::https};
  std::vector<std::string> methods;
  std::vector<std::string> hosts;
  std::vector<std::string> paths;
  Named<std::vector<std::string>> headers;
  std::vector<std::string> snis;
  std::vector<RouteEndpoint> sources;
  std::vector<RouteEndpoint> destinations;
  std::optional<std::string> expression;  ///< instead of all matchers above
  std::uint64_t priority = 0;
  bool strip_path = true;
  bool preserve_host = false;
  std::uint32_t regex_priority = 0;
  PathHandling path_handling = PathHandling::v0;
  std::uint16_t https_redirect_status_code = 426;
  bool request_buffering = true;
  bool response_buffering = true;
  std::optional<milliseconds> request_timeout;  ///< null: the service's
  Reference service;
  std::vector<std::string> tags;
  std::vector<Plugin> plugins;  ///< empty after loading: LoadedFile::plugins has them

  std::optional<std::uint32_t> service_index;  ///< in LoadedFile::services; empty: plugins answer
  Place place;

  // Where stands what is checked when the routes are compiled; empty for routes without any of it.
  std::string path;                ///< in the file, such as services[2].routes[0]
  std::vector<Place> path_places;  ///< of each of `paths`
  Place headers_place;
  Place expression_place;
  Place sources_place;
  Place destinations_place;

  static constexpr std::string_view type_name = "route";
  static constexpr bool checks_flawed = true;
  static constexpr auto fields();
  static void check(Route& route, const Given& given);
};

}  // namespace sluice::config
