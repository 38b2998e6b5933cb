#pragma once
// Kong's entities as plain structs with Kong's field names: what a configuration file declares,
// before it is compiled.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "config/fields.h"
#include "config/matchers.h"
#include "config/uuid.h"

namespace sluice::config {

using std::chrono::milliseconds;

/// The longest duration that Kong accepts, in milliseconds.
inline constexpr double milliseconds_max = 2'147'483'646;
inline constexpr std::string_view name_form = "hold only letters, digits and . - _ ~";
inline constexpr std::string_view tag_form = "be printable and hold neither a comma nor a slash";

enum class Protocol : std::uint8_t {
  http,
  https,
  tcp,
  tls,
  udp,
  tls_passthrough,
  grpc,
  grpcs,
  ws,
  wss
};

constexpr auto names_of(Protocol) {
  return std::to_array<std::string_view>(
      {"http", "https", "tcp", "tls", "udp", "tls_passthrough", "grpc", "grpcs", "ws", "wss"});
}

enum class PathHandling : std::uint8_t { v0, v1 };

constexpr auto names_of(PathHandling) {
  return std::to_array<std::string_view>({"v0", "v1"});
}

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

/// A step of the pipelines in its scope; the node's plugin catalog decides what `config` may hold.
struct Plugin {
  Uuid id;
  std::string name;
  std::optional<std::string> instance_name;
  const Node* config =
      nullptr;  ///< null where none is given; lives as long as LoadedFile::document
  bool enabled = true;
  std::vector<Protocol> protocols = {Protocol::grpc, Protocol::grpcs, Protocol::http,
                                     Protocol::https};
  Reference service;
  Reference route;
  Reference consumer;
  std::vector<std::string> tags;

  std::optional<std::uint32_t> service_index;  ///< in LoadedFile::services; all three empty: global
  std::optional<std::uint32_t> route_index;    ///< in LoadedFile::routes
  std::optional<std::uint32_t> consumer_index;  ///< in LoadedFile::consumers
  std::string path;                             ///< in the file, such as services[2].plugins[0]
  Place place;

  static constexpr std::string_view type_name = "plugin";
  static constexpr auto fields();
};

struct Route {
  Uuid id;
  std::optional<std::string> name;
  std::vector<Protocol> protocols = {Protocol::http, Protocol::https};
  std::vector<std::string> methods;
  std::vector<std::string> hosts;
  std::vector<std::string> paths;
  Named<std::vector<std::string>> headers;
  bool strip_path = true;
  bool preserve_host = false;
  std::uint32_t regex_priority = 0;
  PathHandling path_handling = PathHandling::v0;
  std::uint16_t https_redirect_status_code = 426;
  bool request_buffering = true;
  bool response_buffering = true;
  std::optional<milliseconds> request_timeout;  ///< null: the service's
  Reference service;
  std::vector<std::string> tags;
  std::vector<Plugin> plugins;  ///< empty after loading: LoadedFile::plugins has them

  std::optional<std::uint32_t> service_index;  ///< in LoadedFile::services; empty: plugins answer
  Place place;

  static constexpr std::string_view type_name = "route";
  static constexpr auto fields();
  static void check(Route& route, const Given& given);
};

struct Service {
  Uuid id;
  std::optional<std::string> name;
  Protocol protocol = Protocol::http;
  std::string
      host;  ///< a DNS name, an IP address (IPv6 without brackets), or the name of an upstream
  std::uint16_t port = 80;
  std::optional<std::string> path;
  std::optional<std::string>
      url;  ///< as written; after loading its parts are in the four fields above
  std::uint32_t retries = 5;
  milliseconds connect_timeout{60'000};
  milliseconds write_timeout{60'000};
  milliseconds read_timeout{60'000};
  std::optional<milliseconds> request_timeout;  ///< null: no deadline for the whole exchange
  bool enabled = true;
  std::vector<std::string> tags;
  std::vector<Route> routes;    ///< empty after loading: LoadedFile::routes has them
  std::vector<Plugin> plugins;  ///< empty after loading

  std::optional<std::uint32_t>
      upstream_index;  ///< in LoadedFile::upstreams, where `host` names one
  Place place;

  static constexpr std::string_view type_name = "service";
  static constexpr auto fields();
  static void check(Service& service, const Given& given);
};

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

struct Consumer {
  Uuid id;
  std::optional<std::string> username;
  std::optional<std::string> custom_id;
  std::vector<std::string> tags;
  std::vector<Plugin> plugins;  ///< empty after loading
  Place place;

  static constexpr std::string_view type_name = "consumer";
  static constexpr auto fields();
  static void check(Consumer& consumer, const Given& given);
};

}  // namespace sluice::config
