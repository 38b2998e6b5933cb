#pragma once
// The declarations of Kong's entities. Apart from entities.h so that those who only use entities
// compile none of it.

#include <cstdint>
#include <span>
#include <tuple>

#include "config/entities.h"
#include "config/fields.h"
#include "config/matchers.h"

namespace sluice::config {

namespace detail {

inline constexpr std::array<std::int64_t, 5> redirect_codes = {426, 301, 302, 307, 308};

inline constexpr Constraint name_rule = matches(is_entity_name, name_form);
inline constexpr Constraint tag_rule = unique(matches(is_tag, tag_form));
inline constexpr Constraint path_rule =
    matches(is_plain_path, "start with \"/\" and hold no \"//\"");
inline constexpr Constraint header_rule = matches(is_header_name, "be the name of a header field");
inline constexpr Constraint timeout_rule = milliseconds_between(1, milliseconds_max);

inline constexpr Summary id_summary =
    "Identifies the entity; derived from what makes it unique where it is not given.";
inline constexpr Summary tags_summary = "Words to find the entity by.";
inline constexpr Summary time_summary =
    "Accepted for files that were dumped from Kong; has no effect.";

}  // namespace detail

constexpr auto Plugin::fields() {
  return std::tuple{
      optional("id", &Plugin::id, detail::id_summary),
      required("name", &Plugin::name, detail::name_rule, "Which plugin."),
      optional("instance_name", &Plugin::instance_name, detail::name_rule,
               "Tells several uses of one plugin apart."),
      optional("config", &Plugin::config, "The settings of the plugin, by its own reference."),
      optional("enabled", &Plugin::enabled, "Whether it runs."),
      optional("protocols", &Plugin::protocols, unique(),
               "The protocols of requests that it runs for."),
      optional("service", &Plugin::service, "Only for this service."),
      optional("route", &Plugin::route, "Only for this route."),
      optional("consumer", &Plugin::consumer, "Only for this consumer."),
      optional("tags", &Plugin::tags, detail::tag_rule, detail::tags_summary),
      later("consumer_group", "Only for this consumer group."),
      later("ordering", "Runs before or after other plugins, whatever the priorities."),
      later("condition", "Runs only for requests for which the expression is true."),
      later("partials", "Settings shared between plugins."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

constexpr auto Route::fields() {
  return std::tuple{
      optional("id", &Route::id, detail::id_summary),
      optional("name", &Route::name, detail::name_rule, "Unique among routes."),
      optional("protocols", &Route::protocols, unique(), "The protocols that the route answers."),
      optional("methods", &Route::methods, unique(matches(is_method, "be a method in upper case")),
               "The request's method must be one of these."),
      optional(
          "hosts", &Route::hosts,
          unique(matches(is_host_pattern,
                         "be a host name, with \"*\" only as its first or last label")),
          "The request's host must be one of these; *.example.com and example.* match any label."),
      optional("paths", &Route::paths, unique(),
               "The request's path must start with one of these."),
      optional("headers", &Route::headers,
               matches(is_header_value, "be the value of a header field"),
               "The request must have each of these fields with one of its values, in any case."),
      optional("strip_path", &Route::strip_path,
               "Remove the matched path before the request is sent on."),
      optional("preserve_host", &Route::preserve_host,
               "Send the client's Host on, instead of the upstream's name."),
      optional(
          "regex_priority", &Route::regex_priority,
          "Among routes with a matching regular expression, the larger number is tried first."),
      optional("path_handling", &Route::path_handling,
               "How the paths of service, route and request are joined."),
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
      later("snis", "The server name of the TLS handshake must be one of these."),
      later("sources", "The client's address must be one of these."),
      later("destinations", "The address that the client connected to must be one of these."),
      later("expression",
            "A condition in Kong's expression language, instead of all other matchers."),
      later("priority", "Among routes with an expression, the larger number is tried first."),
      later("filter_chains", "Proxy-Wasm filters of this route."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

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
      later("client_certificate", "The certificate that the upstream gets to see."),
      later("tls_verify", "Whether the upstream's certificate is verified."),
      later("tls_verify_depth", "The longest chain of certificates that is accepted."),
      later("ca_certificates", "The authorities that the upstream's certificate may come from."),
      later("tls_sans", "Names that the upstream's certificate must have."),
      later("filter_chains", "Proxy-Wasm filters of this service."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

constexpr auto Target::fields() {
  return std::tuple{
      optional("id", &Target::id, detail::id_summary),
      required("target", &Target::target,
               matches(is_target, "be a host name or IP address, with a port or not"),
               "Where it is, as host:port; the port is 8000 where none is given."),
      optional("weight", &Target::weight, between(0, 65'535),
               "Its share of the requests among all weights; 0 takes no traffic."),
      optional("upstream", &Target::upstream,
               "The upstream that it belongs to; given by nesting or here."),
      optional("tags", &Target::tags, detail::tag_rule, detail::tags_summary),
      later("failover", "Used only when all other targets are unhealthy."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

constexpr auto Upstream::fields() {
  return std::tuple{
      optional("id", &Upstream::id, detail::id_summary),
      required("name", &Upstream::name, matches(is_host, "have the form of a host name"),
               "What the host of a service says to mean this upstream."),
      optional("algorithm", &Upstream::algorithm, "How a target is chosen."),
      optional("hash_on", &Upstream::hash_on, "What consistent hashing is computed from."),
      optional("hash_fallback", &Upstream::hash_fallback,
               "What instead, where hash_on finds nothing."),
      optional("hash_on_header", &Upstream::hash_on_header, detail::header_rule,
               "The header field to hash."),
      optional("hash_fallback_header", &Upstream::hash_fallback_header, detail::header_rule,
               "The header field to hash instead."),
      optional("hash_on_cookie", &Upstream::hash_on_cookie, non_empty(), "The cookie to hash."),
      optional("hash_on_cookie_path", &Upstream::hash_on_cookie_path, detail::path_rule,
               "The path of that cookie where it has to be set."),
      optional("hash_on_query_arg", &Upstream::hash_on_query_arg, non_empty(),
               "The query argument to hash."),
      optional("hash_fallback_query_arg", &Upstream::hash_fallback_query_arg, non_empty(),
               "The query argument to hash instead."),
      optional("hash_on_uri_capture", &Upstream::hash_on_uri_capture, non_empty(),
               "The capture of the route's regular expression to hash."),
      optional("hash_fallback_uri_capture", &Upstream::hash_fallback_uri_capture, non_empty(),
               "The capture to hash instead."),
      optional("slots", &Upstream::slots, between(10, 65'536), "The size of the hash ring."),
      optional("host_header", &Upstream::host_header,
               matches(is_target, "be a host name, with a port or not"),
               "The Host that targets get to see."),
      optional("use_srv_name", &Upstream::use_srv_name, "Take Host from the SRV record."),
      optional("healthchecks", &Upstream::healthchecks,
               "How failing targets are noticed and left out."),
      optional("tags", &Upstream::tags, detail::tag_rule, detail::tags_summary),
      optional("targets", &Upstream::targets, "Its targets."),
      later("client_certificate", "The certificate that targets get to see."),
      later("sticky_sessions_cookie", "The cookie that names a client's target."),
      later("sticky_sessions_cookie_path", "The path of that cookie."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

constexpr auto Consumer::fields() {
  return std::tuple{
      optional("id", &Consumer::id, detail::id_summary),
      optional("username", &Consumer::username, non_empty(), "Unique among consumers."),
      optional("custom_id", &Consumer::custom_id, non_empty(),
               "The caller's name elsewhere; unique."),
      optional("tags", &Consumer::tags, detail::tag_rule, detail::tags_summary),
      optional("plugins", &Consumer::plugins, "Plugins of this consumer."),
      later("keyauth_credentials", "Keys for key-auth."),
      later("basicauth_credentials", "Names and passwords for basic-auth."),
      later("hmacauth_credentials", "Secrets for hmac-auth."),
      later("jwt_secrets", "Keys for jwt."),
      later("acls", "Groups for acl."),
      later("oauth2_credentials", "Applications for oauth2."),
      later("mtls_auth_credentials", "Certificate subjects for mtls-auth."),
      later("groups", "Consumer groups that it belongs to."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

}  // namespace sluice::config
