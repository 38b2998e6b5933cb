// Rules between the fields of a route, and what of it is not served yet.

#include "config/entities/route.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "config/entities/route_fields.h"

namespace sluice::config {
namespace {

/// A path as RFC 3986 section 6.2.2.3 leaves it: without `.` and `..` segments.
bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

void check_route_path(const std::string& path, std::size_t index, const Given& given) {
  if (path.starts_with("~")) {
    // Whether it is a regular expression is seen when the routes are compiled.
    if (!path.starts_with("~/"))
      given.error("paths", index,
                  fmt::format("must be a regular expression that begins with \"~/\", got {}",
                              in_quotes(path)));
  } else if (!path.starts_with('/') || path.contains("//")) {
    given.error("paths", index,
                fmt::format("must start with \"/\" and hold no \"//\", got {}", in_quotes(path)));
  } else if (const std::string normal = normal_path(path); normal != path) {
    // It would never match: requests are compared in normal form.
    given.error("paths", index,
                fmt::format("must be a normalized path, such as {}, got {}", in_quotes(normal),
                            in_quotes(path)));
  } else if (has_dot_segment(path) || path.find_first_of("?#") != std::string::npos) {
    given.error("paths", index,
                fmt::format("must be a normalized path without query, got {}", in_quotes(path)));
  }
}

void check_route_paths(Route& route, const Given& given) {
  for (std::size_t i = 0; i < route.paths.size(); ++i)
    check_route_path(route.paths[i], i, given);
}

/// What is compiled later is only then found to be wrong.
void keep_places(Route& route, const Given& given) {
  const bool has_path =
      std::ranges::any_of(route.paths, [](const auto& path) { return path.starts_with('~'); });
  const bool has_header = std::ranges::any_of(route.headers, [](const auto& header) {
    return std::ranges::any_of(header.second,
                               [](const auto& value) { return value.starts_with("~*"); });
  });
  if (!has_path && !has_header && !route.expression && route.sources.empty() &&
      route.destinations.empty())
    return;
  route.expression_place = given.place("expression");
  route.sources_place = given.place("sources");
  route.destinations_place = given.place("destinations");
  route.path = given.path().text();
  route.headers_place = given.place("headers");
  for (std::size_t i = 0; i < route.paths.size(); ++i)
    route.path_places.push_back(given.place("paths", i));
}

/// The first of each counts; regular expressions and their places stay together.
void drop_repeated_paths(Route& route) {
  if (route.paths.size() < 2) return;
  std::unordered_set<std::string_view> seen;
  std::vector<std::string> paths;
  std::vector<Place> places;
  for (std::size_t i = 0; i < route.paths.size(); ++i) {
    if (!seen.insert(route.paths[i]).second) continue;
    paths.push_back(route.paths[i]);
    if (!route.path_places.empty()) places.push_back(route.path_places[i]);
  }
  if (paths.size() == route.paths.size()) return;
  route.paths = std::move(paths);
  route.path_places = std::move(places);
}

void check_route_headers(Route& route, const Given& given) {
  for (const auto& [name, values] : route.headers) {
    if (!is_header_name(name))
      given.error("headers",
                  fmt::format("must have names of header fields, got {}", in_quotes(name)));
    else if (std::ranges::equal(name, std::string_view("host"),
                                [](char a, char b) { return (a | 0x20) == b; }))
      given.error("headers", "must not hold \"host\", use \"hosts\"");
    if (values.empty())
      given.error("headers",
                  fmt::format("must have a value for {}, got an empty list", in_quotes(name)));
  }
}

/// Protocols that one route may hold together.
enum class Family : std::uint8_t { http, websocket, stream, passthrough, grpc };

Family family_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp:
    case Protocol::tls:
    case Protocol::udp:
      return Family::stream;
    case Protocol::tls_passthrough:
      return Family::passthrough;
    case Protocol::grpc:
    case Protocol::grpcs:
      return Family::grpc;
    case Protocol::ws:
    case Protocol::wss:
      return Family::websocket;
    default:
      return Family::http;
  }
}

bool is_served(Protocol protocol) {
  return protocol == Protocol::http || protocol == Protocol::https || protocol == Protocol::grpc ||
         protocol == Protocol::grpcs;
}

void check_route_protocols(const Route& route, const Given& given) {
  if (route.protocols.empty()) {
    given.error("protocols", "must name at least one protocol, got an empty list");
    return;
  }
  for (std::size_t i = 0; i < route.protocols.size(); ++i) {
    const Protocol protocol = route.protocols[i];
    if (family_of(protocol) != family_of(route.protocols[0]))
      given.error("protocols", i,
                  fmt::format("must not hold \"{}\" together with \"{}\"", name_of(protocol),
                              name_of(route.protocols[0])));
    else if (!is_served(protocol))
      given.unsupported("protocols", i,
                        fmt::format("protocol \"{}\" is not supported yet", name_of(protocol)));
  }
}

/// What Kong's schema asks of each family of protocols.
void check_route_matchers(const Route& route, const Given& given) {
  if (route.protocols.empty()) return;
  const auto has = [&](Protocol protocol) {
    return std::ranges::find(route.protocols, protocol) != route.protocols.end();
  };
  const bool has_tls = has(Protocol::https) || has(Protocol::grpcs) || has(Protocol::tls) ||
                       has(Protocol::tls_passthrough) || has(Protocol::wss);
  if (!route.snis.empty() && !has_tls)
    given.error("snis", "must not be given without a protocol that has TLS, such as https");
  const auto forbid = [&](std::string_view matcher) {
    if (given.has(matcher))
      given.error(matcher, fmt::format("must not be given for a route with protocol \"{}\"",
                                       name_of(route.protocols[0])));
  };
  const bool has_endpoint = !route.sources.empty() || !route.destinations.empty();
  const bool has_http =
      !route.hosts.empty() || !route.paths.empty() || !route.headers.empty() || route.expression;
  const bool has_sni = has_tls && !route.snis.empty();
  switch (family_of(route.protocols[0])) {
    case Family::http:
    case Family::websocket:
      if (!has_http && !has_sni && !has_endpoint && route.methods.empty())
        given.error("at least one of methods, hosts, headers and paths is required");
      break;
    case Family::grpc:
      for (const std::string_view matcher : {"methods", "sources", "destinations"})
        forbid(matcher);
      if (!has_http && !has_sni)
        given.error("at least one of hosts, headers and paths is required");
      if (given.has("strip_path") && route.strip_path)
        given.error("strip_path", "must be false for a route with protocol \"grpc\" or \"grpcs\"");
      break;
    case Family::stream:
      for (const std::string_view matcher : {"methods", "hosts", "paths", "headers"})
        forbid(matcher);
      if (!has_endpoint && !has_sni && !route.expression)
        given.error("at least one of sources, destinations and snis is required");
      break;
    case Family::passthrough:
      for (const std::string_view matcher : {"methods", "hosts", "paths", "headers"})
        forbid(matcher);
      if (!has_sni && !route.expression) given.error("snis is required");
      break;
  }
}

}  // namespace

void RouteEndpoint::check(RouteEndpoint& endpoint, const Given& given) {
  if (!endpoint.ip && !endpoint.port) given.error("at least one of ip and port is required");
  if (endpoint.ip == "unix:")
    given.error("ip", "must be an IP address or a network, got \"unix:\"");
}

void Route::check(Route& route, const Given& given) {
  if (given.knows("protocols")) check_route_protocols(route, given);
  if (given.knows("paths")) check_route_paths(route, given);
  if (given.knows("headers")) check_route_headers(route, given);
  if (given.has("expression")) {
    for (const std::string_view matcher :
         {"methods", "hosts", "paths", "headers", "snis", "sources", "destinations"})
      if (given.has(matcher))
        given.error(matcher, "must not be given together with \"expression\"");
  } else if (given.has("priority") && !given.is_flawed()) {
    given.error("priority", "is only for routes with \"expression\"; use regex_priority");
  }
  if (route.path_handling == PathHandling::v1 && given.knows("path_handling"))
    given.warning("path_handling",
                  "has no effect, as under Kong's traditional_compatible: paths are joined as v0");
  keep_places(route, given);
  drop_repeated_paths(route);
  if (!given.is_flawed()) check_route_matchers(route, given);
}

}  // namespace sluice::config
