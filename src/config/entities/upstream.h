#pragma once
// A load-balanced name, and its addresses.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/entities/common.h"

namespace sluice::config {

enum class Algorithm : std::uint8_t {
  round_robin,
  consistent_hashing,
  least_connections,
  latency,
  sticky_sessions,
};

constexpr auto names_of(Algorithm) {
  return std::to_array<std::string_view>(
      {"round-robin", "consistent-hashing", "least-connections", "latency", "sticky-sessions"});
}

enum class HashInput : std::uint8_t {
  none,
  consumer,
  ip,
  header,
  cookie,
  path,
  query_arg,
  uri_capture
};

constexpr auto names_of(HashInput) {
  return std::to_array<std::string_view>(
      {"none", "consumer", "ip", "header", "cookie", "path", "query_arg", "uri_capture"});
}

enum class ProbeType : std::uint8_t { http, https, tcp, grpc, grpcs };

constexpr auto names_of(ProbeType) {
  return std::to_array<std::string_view>({"http", "https", "tcp", "grpc", "grpcs"});
}

/// What makes a target healthy again.
struct HealthyAfter {
  milliseconds interval{0};  ///< between probes; 0 makes none
  std::vector<std::uint16_t> http_statuses;
  std::uint32_t successes = 0;  ///< 0 switches it off
};

/// What makes a target unhealthy. 0 switches each of the three off.
struct UnhealthyAfter {
  milliseconds interval{0};  ///< between probes; 0 makes none
  std::vector<std::uint16_t> http_statuses;
  std::uint32_t tcp_failures = 0;
  std::uint32_t timeouts = 0;
  std::uint32_t http_failures = 0;
};

/// By probes.
struct ActiveHealthy : HealthyAfter {
  ActiveHealthy() { http_statuses = {200, 302}; }

  static constexpr std::string_view type_name = "active_healthy";
  static constexpr auto fields();
};

struct ActiveUnhealthy : UnhealthyAfter {
  ActiveUnhealthy() { http_statuses = {429, 404, 500, 501, 502, 503, 504, 505}; }

  static constexpr std::string_view type_name = "active_unhealthy";
  static constexpr auto fields();
};

struct ActiveHealthcheck {
  ProbeType type = ProbeType::http;
  milliseconds timeout{1000};
  std::uint32_t concurrency = 10;
  std::string http_path = "/";
  std::optional<std::string> https_sni;
  bool https_verify_certificate = true;
  Named<std::vector<std::string>> headers;
  ActiveHealthy healthy;
  ActiveUnhealthy unhealthy;

  static constexpr std::string_view type_name = "active_healthcheck";
  static constexpr auto fields();
};

/// By the answers to clients.
struct PassiveHealthy : HealthyAfter {
  PassiveHealthy() {
    http_statuses = {200, 201, 202, 203, 204, 205, 206, 207, 208, 226,
                     300, 301, 302, 303, 304, 305, 306, 307, 308};
  }

  static constexpr std::string_view type_name = "passive_healthy";
  static constexpr auto fields();
};

struct PassiveUnhealthy : UnhealthyAfter {
  PassiveUnhealthy() { http_statuses = {429, 500, 503}; }

  static constexpr std::string_view type_name = "passive_unhealthy";
  static constexpr auto fields();
};

struct PassiveHealthcheck {
  ProbeType type = ProbeType::http;
  PassiveHealthy healthy;
  PassiveUnhealthy unhealthy;

  static constexpr std::string_view type_name = "passive_healthcheck";
  static constexpr auto fields();
};

struct Healthchecks {
  ActiveHealthcheck active;
  PassiveHealthcheck passive;
  double threshold = 0;  ///< per cent of the weight that must be available

  static constexpr std::string_view type_name = "healthchecks";
  static constexpr auto fields();
};

struct Target {
  Uuid id;
  std::string target;  ///< "host:port", normal form after loading
  std::string host;    ///< from `target`; IPv6 without brackets
  std::uint16_t port = 8000;
  std::uint32_t weight = 100;  ///< 0 takes no traffic
  bool failover = false;
  Reference upstream;
  std::vector<std::string> tags;

  std::uint32_t upstream_index = 0;  ///< in LoadedFile::upstreams
  Place place;

  static constexpr std::string_view type_name = "target";
  static constexpr auto fields();
  static void check(Target& target, const Given& given);
};

struct Upstream {
  Uuid id;
  std::string name;
  Algorithm algorithm = Algorithm::round_robin;
  HashInput hash_on = HashInput::none;
  HashInput hash_fallback = HashInput::none;
  std::optional<std::string> hash_on_header;
  std::optional<std::string> hash_fallback_header;
  std::optional<std::string> hash_on_cookie;
  std::string hash_on_cookie_path = "/";
  std::optional<std::string> hash_on_query_arg;
  std::optional<std::string> hash_fallback_query_arg;
  std::optional<std::string> hash_on_uri_capture;
  std::optional<std::string> hash_fallback_uri_capture;
  std::uint32_t slots = 10'000;
  std::optional<std::string> host_header;
  bool use_srv_name = false;
  Reference client_certificate;
  std::optional<std::string> sticky_sessions_cookie;
  std::string sticky_sessions_cookie_path = "/";
  std::optional<Healthchecks> healthchecks;  ///< null: none
  std::vector<std::string> tags;
  std::vector<Target> targets;  ///< empty after loading: LoadedFile::targets has them

  std::optional<std::uint32_t> client_certificate_index;  ///< in LoadedFile::certificates
  Place place;

  static constexpr std::string_view type_name = "upstream";
  static constexpr bool checks_flawed = true;
  static constexpr auto fields();
  static void check(Upstream& upstream, const Given& given);
};

}  // namespace sluice::config
