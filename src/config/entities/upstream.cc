// Rules between the fields of an upstream, and what of it is not served yet.

#include "config/entities/upstream.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "config/entities/upstream_fields.h"

namespace sluice::config {
namespace {

/// What must be given with an input of the hash.
struct HashNeed {
  HashInput input;
  std::string_view on;
  std::string_view fallback;
};

constexpr std::array<HashNeed, 4> hash_needs = {{
    {HashInput::header, "hash_on_header", "hash_fallback_header"},
    {HashInput::cookie, "hash_on_cookie", "hash_on_cookie"},
    {HashInput::query_arg, "hash_on_query_arg", "hash_fallback_query_arg"},
    {HashInput::uri_capture, "hash_on_uri_capture", "hash_fallback_uri_capture"},
}};

void check_hash_needs(const Upstream& upstream, const Given& given) {
  for (const HashNeed& need : hash_needs) {
    if (upstream.hash_on == need.input && !given.has(need.on))
      given.error("hash_on", fmt::format("{} needs \"{}\"", name_of(need.input), need.on));
    if (upstream.hash_fallback == need.input && !given.has(need.fallback))
      given.error("hash_fallback",
                  fmt::format("{} needs \"{}\"", name_of(need.input), need.fallback));
  }
}

/// The rules of Kong's schema: nothing instead of a cookie, which is set where it is missing, and
/// the same input twice only under different names.
void check_hash_pair(const Upstream& upstream, const Given& given) {
  if (upstream.hash_fallback == HashInput::none) return;
  if (upstream.hash_on == HashInput::none) {
    given.error("hash_fallback", "must be none without \"hash_on\"");
  } else if (upstream.hash_on == HashInput::cookie) {
    given.error("hash_fallback", "must be none where \"hash_on\" is cookie");
  } else if (upstream.hash_on == upstream.hash_fallback) {
    const auto differ = [&](HashInput input, const auto& on, const auto& fallback) {
      return upstream.hash_on == input && on != fallback;
    };
    if (!differ(HashInput::header, upstream.hash_on_header, upstream.hash_fallback_header) &&
        !differ(HashInput::query_arg, upstream.hash_on_query_arg,
                upstream.hash_fallback_query_arg) &&
        !differ(HashInput::uri_capture, upstream.hash_on_uri_capture,
                upstream.hash_fallback_uri_capture))
      given.error("hash_fallback", "must differ from \"hash_on\"");
  }
}

bool is_active(const Healthchecks& checks) {
  const ActiveHealthcheck& active = checks.active;
  const UnhealthyAfter& passive = checks.passive.unhealthy;
  return active.healthy.interval.count() > 0 || active.unhealthy.interval.count() > 0 ||
         passive.tcp_failures + passive.timeouts + passive.http_failures > 0 ||
         checks.threshold > 0;
}

}  // namespace

void Target::check(Target& target, const Given& given) {
  if (target.failover) given.unsupported("failover", "failover targets are not supported yet");
  if (auto split = split_host_port(target.target)) {
    target.host = std::move(split->host);
    target.port = split->port.value_or(8000);
    const bool is_v6 = target.host.find(':') != std::string::npos;
    target.target =
        fmt::format("{}{}{}:{}", is_v6 ? "[" : "", target.host, is_v6 ? "]" : "", target.port);
  }
}

void Upstream::check(Upstream& upstream, const Given& given) {
  const bool knows_hash = given.knows({"hash_on", "hash_fallback"});
  if (knows_hash && !given.is_flawed()) {
    check_hash_needs(upstream, given);
    check_hash_pair(upstream, given);
  }
  // Kong lets hash_on decide where the algorithm is not given.
  if (!given.has("algorithm") && upstream.hash_on != HashInput::none)
    upstream.algorithm = Algorithm::consistent_hashing;
  if (upstream.algorithm == Algorithm::sticky_sessions && !upstream.sticky_sessions_cookie &&
      !given.is_flawed())
    given.error("algorithm", "sticky-sessions needs \"sticky_sessions_cookie\"");
  if (upstream.algorithm != Algorithm::round_robin && knows_hash && given.knows("algorithm"))
    given.unsupported(
        given.has("algorithm") ? "algorithm" : "hash_on",
        fmt::format("algorithm \"{}\" is not supported yet", name_of(upstream.algorithm)));
  if (upstream.use_srv_name) given.unsupported("use_srv_name", "use_srv_name is not supported yet");
  // As Kong exports them, switched off, they ask for nothing.
  if (upstream.healthchecks && given.knows("healthchecks") && is_active(*upstream.healthchecks))
    given.unsupported("healthchecks", "health checks are not supported yet");
}

}  // namespace sluice::config
