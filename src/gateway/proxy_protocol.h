#pragma once
// The PROXY protocol, versions 1 and 2 (HAProxy's specification of 2020): a first header by which a
// load balancer says whose connection it passes on. Pure: bytes in, addresses out.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "runtime/address.h"

namespace sluice {

struct ProxyHeader {
  std::size_t size = 0;  ///< bytes that it took
  /// Empty when the balancer speaks for itself (LOCAL, UNKNOWN): the connection's own addresses
  /// count.
  std::optional<Address> source;
  std::optional<Address> destination;
};

/// The most that a header takes; longer ones are refused.
inline constexpr std::size_t proxy_header_max = 4096;

/// Empty while more bytes are needed. Error(bad_request) as soon as no continuation could make it
/// right.
Result<std::optional<ProxyHeader>> parse_proxy_header(std::string_view bytes);

enum class ProxyVersion : std::uint8_t { none, v1, v2 };

/// For an upstream that asks for it. Addresses of different families, or of a path, are "unknown".
std::string compose_proxy_header(ProxyVersion version, const Address& source,
                                 const Address& destination);

}  // namespace sluice
