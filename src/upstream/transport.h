#pragma once
// How an upstream is spoken to: with TLS or without, and in which version of HTTP.

#include <cstdint>
#include <string>

#include "tls/client_context.h"

namespace sluice::upstream {

enum class HttpVersion : std::uint8_t {
  http_1_1,
  http_2,     ///< ALPN over TLS, prior knowledge without
  automatic,  ///< what ALPN agrees on; HTTP/1.1 without TLS
};

/// Immutable, in the snapshot.
struct Transport {
  HttpVersion version = HttpVersion::http_1_1;
  tls::ClientPolicyPtr tls;  ///< null: none
  /// Equal where all of the above is; "" for plain HTTP/1.1.
  std::string key;

  std::string_view scheme() const noexcept { return tls ? "https" : "http"; }

  std::uint16_t default_port() const noexcept { return tls ? 443 : 80; }
};

}  // namespace sluice::upstream
