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

void check_route_paths(const Route& route, const Given& given) {
  for (std::size_t i = 0; i < route.paths.size(); ++i) {
    const std::string& path = route.paths[i];
    if (path.starts_with("~"))
      given.unsupported("paths", i,
                        fmt::format("a regular expression as path is not supported yet, got {}",
                                    in_quotes(path)));
    else if (!is_plain_path(path))
      given.error("paths", i,
                  fmt::format("must start with \"/\" and hold no \"//\", got {}", in_quotes(path)));
    else if (has_dot_segment(path) || path.find_first_of("?#") != std::string::npos)
      given.error("paths", i,
                  fmt::format("must be a normalized path without query, got {}", in_quotes(path)));
  }
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
    for (const std::string& value : values)
      if (value.starts_with("~*"))
        given.unsupported("headers",
                          fmt::format("a regular expression as value of {} is not supported yet",
                                      in_quotes(name)));
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
  const bool has_matcher = given.has("snis") || given.has("sources") || given.has("destinations") ||
                           given.has("expression") || !route.methods.empty() ||
                           !route.hosts.empty() || !route.paths.empty() || !route.headers.empty();
  if (!has_matcher) given.error("at least one of methods, hosts, headers and paths is required");
  if (route.path_handling == PathHandling::v1)
    given.unsupported("path_handling", "path_handling \"v1\" is not supported yet");
}

}  // namespace sluice::config
