#pragma once
// The declaration of upstreams; apart, so that those who only use them compile none of it.

#include <tuple>

#include "config/entities/common_fields.h"
#include "config/entities/upstream.h"

namespace sluice::config {

namespace detail {

inline constexpr Constraint probe_rule = seconds_between(0, 65'535);
inline constexpr Constraint failures_rule = between(0, 255);
inline constexpr Constraint status_rule = unique(between(100, 999));

}  // namespace detail

constexpr auto ActiveHealthy::fields() {
  return std::tuple{
      optional("interval", &ActiveHealthy::interval, detail::probe_rule,
               "Between probes of an unhealthy target; 0 makes none."),
      optional("http_statuses", &ActiveHealthy::http_statuses, detail::status_rule,
               "Answers that count as successes."),
      optional("successes", &ActiveHealthy::successes, detail::failures_rule,
               "How many successes make a target healthy; 0 is never."),
  };
}

constexpr auto ActiveUnhealthy::fields() {
  return std::tuple{
      optional("interval", &ActiveUnhealthy::interval, detail::probe_rule,
               "Between probes of a healthy target; 0 makes none."),
      optional("http_statuses", &ActiveUnhealthy::http_statuses, detail::status_rule,
               "Answers that count as failures."),
      optional("tcp_failures", &ActiveUnhealthy::tcp_failures, detail::failures_rule,
               "How many failed connections make a target unhealthy; 0 is never."),
      optional("timeouts", &ActiveUnhealthy::timeouts, detail::failures_rule,
               "How many timeouts make a target unhealthy; 0 is never."),
      optional("http_failures", &ActiveUnhealthy::http_failures, detail::failures_rule,
               "How many bad answers make a target unhealthy; 0 is never."),
  };
}

constexpr auto PassiveHealthy::fields() {
  return std::tuple{
      optional("http_statuses", &PassiveHealthy::http_statuses, detail::status_rule,
               "Answers that count as successes."),
      optional("successes", &PassiveHealthy::successes, detail::failures_rule,
               "How many successes make a target healthy; 0 is never."),
  };
}

constexpr auto PassiveUnhealthy::fields() {
  return std::tuple{
      optional("http_statuses", &PassiveUnhealthy::http_statuses, detail::status_rule,
               "Answers that count as failures."),
      optional("tcp_failures", &PassiveUnhealthy::tcp_failures, detail::failures_rule,
               "How many failed connections make a target unhealthy; 0 is never."),
      optional("timeouts", &PassiveUnhealthy::timeouts, detail::failures_rule,
               "How many timeouts make a target unhealthy; 0 is never."),
      optional("http_failures", &PassiveUnhealthy::http_failures, detail::failures_rule,
               "How many bad answers make a target unhealthy; 0 is never."),
  };
}

constexpr auto ActiveHealthcheck::fields() {
  return std::tuple{
      optional("type", &ActiveHealthcheck::type, "How targets are probed."),
      optional("timeout", &ActiveHealthcheck::timeout, detail::probe_rule,
               "How long one probe may take."),
      optional("concurrency", &ActiveHealthcheck::concurrency, between(1, milliseconds_max),
               "Probes at once."),
      optional("http_path", &ActiveHealthcheck::http_path, detail::path_rule,
               "What probes ask for."),
      optional("https_sni", &ActiveHealthcheck::https_sni, non_empty(),
               "The server name of probes over TLS."),
      optional("https_verify_certificate", &ActiveHealthcheck::https_verify_certificate,
               "Whether probes over TLS verify the certificate."),
      optional("headers", &ActiveHealthcheck::headers, "Fields that probes have."),
      optional("healthy", &ActiveHealthcheck::healthy, "When a target is healthy again."),
      optional("unhealthy", &ActiveHealthcheck::unhealthy, "When a target is unhealthy."),
  };
}

constexpr auto PassiveHealthcheck::fields() {
  return std::tuple{
      optional("type", &PassiveHealthcheck::type, "What the traffic is."),
      optional("healthy", &PassiveHealthcheck::healthy, "When a target is healthy again."),
      optional("unhealthy", &PassiveHealthcheck::unhealthy, "When a target is unhealthy."),
  };
}

constexpr auto Healthchecks::fields() {
  return std::tuple{
      optional("active", &Healthchecks::active, "Checks by probes."),
      optional("passive", &Healthchecks::passive, "Checks by the answers to clients."),
      optional("threshold", &Healthchecks::threshold, between(0, 100),
               "The least per cent of weight with which the upstream as a whole is healthy."),
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
      optional("failover", &Target::failover, "Used only when all other targets are unhealthy."),
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
      optional(
          "client_certificate", &Upstream::client_certificate,
          "The certificate that targets get to see from services that have none of their own."),
      optional("sticky_sessions_cookie", &Upstream::sticky_sessions_cookie, non_empty(),
               "The cookie that names a client's target."),
      optional("sticky_sessions_cookie_path", &Upstream::sticky_sessions_cookie_path,
               detail::path_rule, "The path of that cookie."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

}  // namespace sluice::config
