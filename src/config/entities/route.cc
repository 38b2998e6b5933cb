// Rules between the fields of a route, and what of it is not served yet.

#include "config/entities/route.h"

#include <algorithm>

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
  } else if (!is_plain_path(path)) {
    given.error("paths", index,
                fmt::format("must start with \"/\" and hold no \"//\", got {}", in_quotes(path)));
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
  if (!has_path && !has_header && !route.expression) return;
  route.expression_place = given.place("expression");
  route.path = given.path().text();
  route.headers_place = given.place("headers");
  for (std::size_t i = 0; i < route.paths.size(); ++i)
    route.path_places.push_back(given.place("paths", i));
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

void check_route_protocols(const Route& route, const Given& given) {
  if (route.protocols.empty()) {
    given.error("protocols", "must name at least one protocol, got an empty list");
    return;
  }
  bool serves_http = false;
  for (std::size_t i = 0; i < route.protocols.size(); ++i) {
    const Protocol protocol = route.protocols[i];
    serves_http |= protocol == Protocol::http;
    if (protocol != Protocol::http && protocol != Protocol::https)
      given.unsupported("protocols", i,
                        fmt::format("protocol \"{}\" is not supported yet", name_of(protocol)));
  }
  if (!serves_http && given.has("protocols"))
    given.unsupported("protocols", "a route without protocol \"http\" is not supported yet");
}

}  // namespace

void Route::check(Route& route, const Given& given) {
  check_route_protocols(route, given);
  check_route_paths(route, given);
  check_route_headers(route, given);
  keep_places(route, given);
  if (route.expression) {
    for (const std::string_view matcher :
         {"methods", "hosts", "paths", "headers", "snis", "sources", "destinations"})
      if (given.has(matcher))
        given.error(matcher, "must not be given together with \"expression\"");
  } else if (given.has("priority")) {
    given.error("priority", "is only for routes with \"expression\"; use regex_priority");
  }
  const bool has_matcher = !route.snis.empty() || given.has("sources") ||
                           given.has("destinations") || given.has("expression") ||
                           !route.methods.empty() || !route.hosts.empty() || !route.paths.empty() ||
                           !route.headers.empty();
  if (!has_matcher) given.error("at least one of methods, hosts, headers and paths is required");
  if (route.path_handling == PathHandling::v1)
    given.unsupported("path_handling", "path_handling \"v1\" is not supported yet");
}

}  // namespace sluice::config
