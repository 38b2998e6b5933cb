#pragma once
// The declaration of services; apart, so that those who only use them compile none of it.

#include <tuple>

#include "config/entities/common_fields.h"
#include "config/entities/plugin_fields.h"
#include "config/entities/route_fields.h"
#include "config/entities/service.h"

namespace sluice::config {

constexpr auto Service::fields() {
  return std::tuple{
      optional("id", &Service::id, detail::id_summary),
      optional("name", &Service::name, detail::name_rule, "Unique among services."),
      optional("protocol", &Service::protocol, "How to speak to the upstream."),
      optional(
          "host", &Service::host,
          matches(is_host, "be a host name or an IP address, without a port"),
          "The name of an upstream entity, a DNS name or an IP address; required without url."),
      optional("port", &Service::port, between(1, 65'535),
               "Not used where host names an upstream."),
      optional("path", &Service::path, detail::path_rule, "Put before the path of every request."),
      optional("url", &Service::url, "Protocol, host, port and path in one."),
      optional("protocol_version", &Service::protocol_version,
               "The version of HTTP towards an http or https upstream: 2 is by ALPN or, without "
               "TLS, by prior knowledge; auto is what ALPN agrees on."),
      optional("proxy_protocol", &Service::proxy_protocol,
               "Begin connections to the upstream with a PROXY header of this version, which says "
               "who the client is; each client then has connections of its own."),
      optional("retries", &Service::retries, between(0, 32'767),
               "Further attempts after one that failed and may be repeated."),
      optional("connect_timeout", &Service::connect_timeout, detail::timeout_rule,
               "To open a connection to the upstream."),
      optional("write_timeout", &Service::write_timeout, detail::timeout_rule,
               "Between two writes to the upstream."),
      optional("read_timeout", &Service::read_timeout, detail::timeout_rule,
               "Between two reads from the upstream."),
      optional(
          "request_timeout", &Service::request_timeout, detail::timeout_rule,
          "The whole exchange up to the head of the response, with all attempts; null for none."),
      optional("enabled", &Service::enabled, "Whether its routes answer."),
      optional("tags", &Service::tags, detail::tag_rule, detail::tags_summary),
      optional("routes", &Service::routes, "Routes to this service."),
      optional("plugins", &Service::plugins, "Plugins of this service."),
      optional("client_certificate", &Service::client_certificate,
               "The certificate that the upstream gets to see."),
      optional("tls_verify", &Service::tls_verify,
               "Whether the upstream's certificate is verified."),
      optional("tls_verify_depth", &Service::tls_verify_depth, between(0, 64),
               "The longest chain of certificates that is accepted."),
      optional("ca_certificates", &Service::ca_certificates, unique(),
               "The authorities that the upstream's certificate may come from, by id."),
      optional("tls_sans", &Service::tls_sans, unique(non_empty()),
               "Names of which the upstream's certificate must have one."),
      later("filter_chains", "Proxy-Wasm filters of this service."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

}  // namespace sluice::config
