#pragma once
// How an upstream is spoken to: with TLS or without, and in which version of HTTP.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

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

  /// The same, but that upstreams get to see a certificate. Precondition: there is TLS.
  Transport showing(const tls::Shown& certificate) const {
    auto policy = std::make_shared<tls::ClientPolicy>(*tls);
    policy->certificate = certificate.pair;
    policy->key = tls::digest(policy->key + certificate.id);
    return {version, policy, key_of(version, policy.get())};
  }

  /// What connections of one kind have in common, for `key`.
  static std::string key_of(HttpVersion version, const tls::ClientPolicy* tls) {
    if (tls == nullptr && version == HttpVersion::http_1_1) return {};
    return std::to_string(std::to_underlying(version)) + (tls != nullptr ? tls->key : "");
  }
};

}  // namespace sluice::upstream
