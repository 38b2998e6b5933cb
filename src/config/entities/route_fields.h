#pragma once
// The declaration of routes; apart, so that those who only use them compile none of it.

#include <tuple>

#include "config/entities/common_fields.h"
#include "config/entities/plugin_fields.h"
#include "config/entities/route.h"

namespace sluice::config {

constexpr auto RouteEndpoint::fields() {
  return std::tuple{
      optional("ip", &RouteEndpoint::ip,
               matches(is_ip_or_cidr, "be an IP address or a network such as 10.0.0.0/8"),
               "An address, or a network."),
      optional("port", &RouteEndpoint::port, between(1, 65'535), "A port."),
  };
}

constexpr auto Route::fields() {
  return std::tuple{
      optional("id", &Route::id, detail::id_summary),
      optional("name", &Route::name, detail::name_rule, "Unique among routes."),
      optional("protocols", &Route::protocols, unique(), "The protocols that the route answers."),
      optional("methods", &Route::methods, set_of(matches(is_method, "be a method in upper case")),
               "The request's method must be one of these."),
      optional(
          "hosts", &Route::hosts,
          set_of(matches(is_host_pattern,
                         "be a host name, with \"*\" only as its first or last label")),
          "The request's host must be one of these; *.example.com and example.* match any label."),
      optional(
          "paths", &Route::paths,
          "The request's path must start with one of these; ~/a/\\d+ is a regular expression."),
      optional(
          "headers", &Route::headers, matches(is_header_value, "be the value of a header field"),
          "The request must have each of these fields with one of its values, in any case; ~*a+ is "
          "a regular expression."),
      optional(
          "snis", &Route::snis,
          set_of(matches(is_sni_pattern,
                         "be a host name without port, with \"*\" only as its first or last "
                         "label")),
          "The server name of the TLS handshake must be one of these; plain HTTP is not asked."),
      optional("sources", &Route::sources,
               "The client's address must be one of these; needs gateway.router_flavor: "
               "expressions."),
      optional("destinations", &Route::destinations,
               "The address that the client connected to must be one of these; needs "
               "gateway.router_flavor: expressions."),
      optional("expression", &Route::expression, non_empty(),
               "A condition in Kong's expression language, instead of all other matchers; needs "
               "gateway.router_flavor: expressions."),
      optional("priority", &Route::priority, between(0, 70'368'744'177'663),
               "Among routes with an expression, the larger number is tried first."),
      optional("strip_path", &Route::strip_path,
               "Remove the matched path before the request is sent on."),
      optional("preserve_host", &Route::preserve_host,
               "Send the client's Host on, instead of the upstream's name."),
      optional(
          "regex_priority", &Route::regex_priority,
          "Among routes with a matching regular expression, the larger number is tried first."),
      optional("path_handling", &Route::path_handling,
               "v1 is accepted and joins paths as v0, as Kong does with this router."),
      optional("https_redirect_status_code", &Route::https_redirect_status_code,
               one_of(std::span<const std::int64_t>(detail::redirect_codes)),
               "The answer to plain HTTP on a route that is only for HTTPS."),
      optional("request_buffering", &Route::request_buffering, "Kong's hint on request bodies."),
      optional("response_buffering", &Route::response_buffering, "Kong's hint on response bodies."),
      optional("request_timeout", &Route::request_timeout, detail::timeout_rule,
               "The whole exchange up to the head of the response; instead of the service's."),
      optional("service", &Route::service,
               "Where requests go; without one, a plugin has to answer."),
      optional("tags", &Route::tags, detail::tag_rule, detail::tags_summary),
      optional("plugins", &Route::plugins, "Plugins of this route."),
      later("filter_chains", "Proxy-Wasm filters of this route."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

}  // namespace sluice::config
