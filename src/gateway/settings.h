#pragma once
// The node's settings as the data plane uses them: compiled from `gateway`, immutable, in a
// snapshot.

#include <string>
#include <vector>

#include "http/h1/client_connection.h"
#include "http/header_id.h"
#include "http/server.h"
#include "runtime/address.h"
#include "upstream/pool.h"

namespace sluice {

/// The error bodies that exist (kong.md §4).
enum class ErrorFormat : std::uint8_t { plain, json, html, xml, none };

struct Settings {
  http::ServerSettings server;
  http::h1::ClientSettings client;
  upstream::PoolSettings pool;
  std::uint64_t worker_memory = 1ULL << 30;
  std::vector<Network> trusted_networks;
  bool trusts_unix = false;
  std::string real_ip_header = "X-Real-IP";
  bool real_ip_recursive = false;
  ErrorFormat error_default = ErrorFormat::plain;
  std::string explain_key;  ///< empty: nobody may ask for a trace

  // gateway.headers
  bool add_via = true;
  bool add_server = true;
  bool add_request_id = true;
  bool add_proxy_latency = true;
  bool add_upstream_latency = true;
  bool add_response_latency = true;
  bool add_upstream_status = false;
  bool has_default_headers = true;  ///< all of the above as they are by default
};

/// "sluice/0.1.0", as Via and Server show it.
inline constexpr std::string_view product_token = "sluice/" SLUICE_VERSION;

}  // namespace sluice
