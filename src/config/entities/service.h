#pragma once
// An API behind the gateway: where it is and how to speak to it.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/entities/common.h"
#include "config/entities/plugin.h"
#include "config/entities/route.h"

namespace sluice::config {

/// The version of HTTP that an upstream is spoken to in; Sluice's own.
enum class HttpVersion : std::uint8_t { http_1_1, http_2, automatic };

constexpr auto names_of(HttpVersion) {
  return std::to_array<std::string_view>({"1.1", "2", "auto"});
}

void accepts_numbers(HttpVersion);

/// The PROXY header that an upstream wants; Sluice's own.
enum class ProxyProtocol : std::uint8_t { v1, v2 };

constexpr auto names_of(ProxyProtocol) {
  return std::to_array<std::string_view>({"v1", "v2"});
}

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
  std::optional<HttpVersion> protocol_version;  ///< null: 1.1; 2 for grpc and grpcs
  std::optional<ProxyProtocol> proxy_protocol;
  std::uint32_t retries = 5;
  milliseconds connect_timeout{60'000};
  milliseconds write_timeout{60'000};
  milliseconds read_timeout{60'000};
  std::optional<milliseconds> request_timeout;  ///< null: no deadline for the whole exchange
  Reference client_certificate;
  std::optional<bool> tls_verify;                 ///< null: as the node is told
  std::optional<std::uint32_t> tls_verify_depth;  ///< null: as the node is told
  std::vector<Reference> ca_certificates;
  std::vector<std::uint32_t> ca_certificate_indices;  ///< in LoadedFile::ca_certificates
  std::vector<std::string> tls_sans;
  bool enabled = true;
  std::vector<std::string> tags;
  std::vector<Route> routes;    ///< empty after loading: LoadedFile::routes has them
  std::vector<Plugin> plugins;  ///< empty after loading

  std::optional<std::uint32_t> client_certificate_index;  ///< in LoadedFile::certificates
  std::optional<std::uint32_t>
      upstream_index;  ///< in LoadedFile::upstreams, where `host` names one
  Place place;

  static constexpr std::string_view type_name = "service";
  static constexpr bool checks_flawed = true;
  static constexpr auto fields();
  static void check(Service& service, const Given& given);
};

}  // namespace sluice::config
