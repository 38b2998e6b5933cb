// Rules between the fields of a service, and what of it is not served yet.

#include "config/entities/service.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/entities/service_fields.h"
#include "config/redact.h"

namespace sluice::config {
namespace {

std::string without_brackets(const std::string& host) {
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

/// The fields that a URL names may be given beside it where they say the same: in Kong the URL
/// wins, which nobody means who gives both.
void check_same(const Service& own, const Service& by_url, const Given& given) {
  const auto check = [&](std::string_view field, bool is_same, std::string_view named) {
    if (given.has(field) && given.knows(field) && !is_same)
      given.error(field, fmt::format("must not differ from \"url\", which says {}", named));
  };
  // A path of "/" adds nothing.
  const std::string path = by_url.path.value_or("/");
  check("protocol", own.protocol == by_url.protocol, in_quotes(name_of(by_url.protocol)));
  check("host", without_brackets(own.host) == by_url.host, in_quotes(by_url.host));
  check("port", own.port == by_url.port, std::to_string(by_url.port));
  check("path", own.path.value_or("/") == path, in_quotes(path));
}

/// `url` in its parts: the scheme's port where none is written.
void take_url(Service& service, const std::string& url, const Given& given) {
  const Service own = service;
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
  if (!userinfo_in(url).empty()) {
    given.error("url", fmt::format("must have neither user nor password, got {}", in_quotes(url)));
    return;
  }
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
    given.error(
        "url",
        fmt::format("must have a path without \"//\", query, fragment and what no URL has, got {}",
                    in_quotes(path)));
    return;
  }
  const bool is_secure = service.protocol == Protocol::https || service.protocol == Protocol::grpcs;
  service.host = std::move(split->host);
  service.port = split->port.value_or(is_secure ? 443 : 80);
  service.path = path.empty() ? std::nullopt : std::optional(std::string(path));
  check_same(own, service, given);
}

}  // namespace

void Service::check(Service& service, const Given& given) {
  if (service.url && given.knows("url"))
    take_url(service, *service.url, given);
  else if (!given.has("url") && !given.has("host") && !given.is_flawed())
    given.error("field \"host\" or \"url\" is required");
  if (!given.knows({"url", "protocol"})) return;
  const bool is_tls = service.protocol == Protocol::https || service.protocol == Protocol::tls ||
                      service.protocol == Protocol::grpcs || service.protocol == Protocol::wss;
  for (const std::string_view field :
       {"client_certificate", "tls_verify", "tls_verify_depth", "ca_certificates", "tls_sans"})
    if (given.has(field) && !is_tls)
      given.error(field, fmt::format("must not be given with protocol \"{}\", which has no TLS",
                                     name_of(service.protocol)));
  const bool has_paths = service.protocol == Protocol::http ||
                         service.protocol == Protocol::https || service.protocol == Protocol::ws ||
                         service.protocol == Protocol::wss;
  if (service.path && !has_paths && given.knows("path"))
    given.error(given.has("path") ? "path" : "url",
                fmt::format("must have no path with protocol \"{}\"", name_of(service.protocol)));
  service.host = without_brackets(service.host);
  const bool is_served = service.protocol == Protocol::http ||
                         service.protocol == Protocol::https ||
                         service.protocol == Protocol::grpc || service.protocol == Protocol::grpcs;
  if (given.has("protocol_version") && service.protocol != Protocol::http &&
      service.protocol != Protocol::https)
    given.error("protocol_version",
                fmt::format("must not be given with protocol \"{}\"", name_of(service.protocol)));
  if (!is_served)
    given.unsupported(
        given.has("url") ? "url" : "protocol",
        fmt::format("protocol \"{}\" is not supported yet", name_of(service.protocol)));
}

}  // namespace sluice::config
