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

struct Target {
  Uuid id;
  std::string target;  ///< "host:port", normal form after loading
  std::string host;    ///< from `target`; IPv6 without brackets
  std::uint16_t port = 8000;
  std::uint32_t weight = 100;  ///< 0 takes no traffic
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
  const Node* healthchecks = nullptr;
  std::vector<std::string> tags;
  std::vector<Target> targets;  ///< empty after loading: LoadedFile::targets has them

  Place place;

  static constexpr std::string_view type_name = "upstream";
  static constexpr auto fields();
  static void check(Upstream& upstream, const Given& given);
};

}  // namespace sluice::config
