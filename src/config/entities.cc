// Rules between the fields of an entity, and what of it is not served yet.

#include "config/entities.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/entity_fields.h"
#include "config/gateway_settings.h"

namespace sluice::config {
namespace {

template <class Enum>
std::string_view name_of(Enum value) {
  static constexpr auto names = names_of(Enum{});
  return names[static_cast<std::size_t>(value)];
}

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

/// `url` in its parts: the scheme's port where none is written.
void take_url(Service& service, const std::string& url, const Given& given) {
  for (const std::string_view other : {"protocol", "host", "port", "path"})
    if (given.has(other)) given.error(other, "must not be given together with \"url\"");
  std::string_view rest = url;
  const std::size_t scheme_end = rest.find("://");
  const std::string_view scheme = rest.substr(0, std::min(scheme_end, rest.size()));
  static constexpr auto schemes = names_of(Protocol{});
  const auto found = std::ranges::find(schemes, scheme);
  if (scheme_end == std::string_view::npos || found == schemes.end()) {
    given.error("url", fmt::format("must be a URL such as http://example.com:8080/base, got {}",
                                   in_quotes(url)));
    return;
  }
  service.protocol = static_cast<Protocol>(found - schemes.begin());
  rest.remove_prefix(scheme_end + 3);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  const std::string_view path = rest.substr(slash);
  auto split = split_host_port(authority);
  if (!split || !is_target(authority)) {
    given.error("url",
                fmt::format("must have a host name or IP address, with a port or not, got {}",
                            in_quotes(authority)));
    return;
  }
  if (!path.empty() &&
      (!is_plain_path(path) || path.find_first_of("?#") != std::string_view::npos)) {
    given.error("url", fmt::format("must have a path without \"//\", query and fragment, got {}",
                                   in_quotes(path)));
    return;
  }
  const bool is_secure = service.protocol == Protocol::https || service.protocol == Protocol::grpcs;
  service.host = std::move(split->host);
  service.port = split->port.value_or(is_secure ? 443 : 80);
  if (!path.empty()) service.path = std::string(path);
}

std::string without_brackets(const std::string& host) {
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

void Service::check(Service& service, const Given& given) {
  if (service.url)
    take_url(service, *service.url, given);
  else if (!given.has("host"))
    given.error("field \"host\" or \"url\" is required");
  service.host = without_brackets(service.host);
  if (service.protocol != Protocol::http)
    given.unsupported(
        given.has("url") ? "url" : "protocol",
        fmt::format("protocol \"{}\" is not supported yet", name_of(service.protocol)));
}

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

void Target::check(Target& target, const Given&) {
  if (auto split = split_host_port(target.target)) {
    target.host = std::move(split->host);
    target.port = split->port.value_or(8000);
    const bool is_v6 = target.host.find(':') != std::string::npos;
    target.target =
        fmt::format("{}{}{}:{}", is_v6 ? "[" : "", target.host, is_v6 ? "]" : "", target.port);
  }
}

void Upstream::check(Upstream& upstream, const Given& given) {
  if (upstream.algorithm != Algorithm::round_robin)
    given.unsupported("algorithm", fmt::format("algorithm \"{}\" is not supported yet",
                                               name_of(upstream.algorithm)));
  for (const std::string_view field : {"hash_on", "hash_fallback"}) {
    const HashInput input = field == "hash_on" ? upstream.hash_on : upstream.hash_fallback;
    if (input != HashInput::none)
      given.unsupported(field,
                        fmt::format("{} \"{}\" is not supported yet", field, name_of(input)));
  }
  if (upstream.use_srv_name) given.unsupported("use_srv_name", "use_srv_name is not supported yet");
  if (given.has("healthchecks"))
    given.unsupported("healthchecks", "health checks are not supported yet");
}

void Consumer::check(Consumer& consumer, const Given& given) {
  if (!consumer.username && !consumer.custom_id)
    given.error("field \"username\" or \"custom_id\" is required");
}

void Gateway::check(Gateway& gateway, const Given& given) {
  if (gateway.listeners.empty())
    given.error("listeners", "must name at least one address, got an empty list");
  for (std::size_t i = 0; i < gateway.listeners.size(); ++i) {
    const std::string& address = gateway.listeners[i].address;
    for (std::size_t j = 0; j < i; ++j)
      if (gateway.listeners[j].address == address)
        given.error("listeners", i,
                    fmt::format("must not repeat the address {}", in_quotes(address)));
    if (gateway.status && gateway.status->address == address)
      given.error("listeners", i,
                  fmt::format("must not be the address of \"status\", got {}", in_quotes(address)));
  }
  if (gateway.dns.order.empty())
    given.error("dns", "must have at least one record type in \"order\", got an empty list");
}

}  // namespace sluice::config
