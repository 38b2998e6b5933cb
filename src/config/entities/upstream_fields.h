#pragma once
// The declaration of upstreams; apart, so that those who only use them compile none of it.

#include <tuple>

#include "config/entities/common_fields.h"
#include "config/entities/upstream.h"

namespace sluice::config {

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

}  // namespace sluice::config
