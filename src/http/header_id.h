#pragma once
// Names of header fields that the code refers to, as small numbers: one comparison instead of a
// case-insensitive one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::http {

/// X-macro: enumerator, canonical spelling as the gateway itself writes it.
#define SLUICE_HEADER_NAMES(X)                          \
  X(accept, "Accept")                                   \
  X(accept_encoding, "Accept-Encoding")                 \
  X(accept_language, "Accept-Language")                 \
  X(age, "Age")                                         \
  X(authorization, "Authorization")                     \
  X(cache_control, "Cache-Control")                     \
  X(connection, "Connection")                           \
  X(content_encoding, "Content-Encoding")               \
  X(content_length, "Content-Length")                   \
  X(content_type, "Content-Type")                       \
  X(cookie, "Cookie")                                   \
  X(date, "Date")                                       \
  X(etag, "ETag")                                       \
  X(expect, "Expect")                                   \
  X(forwarded, "Forwarded")                             \
  X(host, "Host")                                       \
  X(http2_settings, "HTTP2-Settings")                   \
  X(keep_alive, "Keep-Alive")                           \
  X(kong_request_id, "Kong-Request-ID")                 \
  X(last_modified, "Last-Modified")                     \
  X(location, "Location")                               \
  X(origin, "Origin")                                   \
  X(proxy, "Proxy")                                     \
  X(proxy_authorization, "Proxy-Authorization")         \
  X(proxy_connection, "Proxy-Connection")               \
  X(range, "Range")                                     \
  X(referer, "Referer")                                 \
  X(retry_after, "Retry-After")                         \
  X(sec_websocket_accept, "Sec-WebSocket-Accept")       \
  X(sec_websocket_key, "Sec-WebSocket-Key")             \
  X(sec_websocket_protocol, "Sec-WebSocket-Protocol")   \
  X(sec_websocket_version, "Sec-WebSocket-Version")     \
  X(server, "Server")                                   \
  X(set_cookie, "Set-Cookie")                           \
  X(te, "TE")                                           \
  X(trailer, "Trailer")                                 \
  X(transfer_encoding, "Transfer-Encoding")             \
  X(upgrade, "Upgrade")                                 \
  X(user_agent, "User-Agent")                           \
  X(vary, "Vary")                                       \
  X(via, "Via")                                         \
  X(www_authenticate, "WWW-Authenticate")               \
  X(x_forwarded_for, "X-Forwarded-For")                 \
  X(x_forwarded_host, "X-Forwarded-Host")               \
  X(x_forwarded_path, "X-Forwarded-Path")               \
  X(x_forwarded_port, "X-Forwarded-Port")               \
  X(x_forwarded_prefix, "X-Forwarded-Prefix")           \
  X(x_forwarded_proto, "X-Forwarded-Proto")             \
  X(x_kong_proxy_latency, "X-Kong-Proxy-Latency")       \
  X(x_kong_request_id, "X-Kong-Request-Id")             \
  X(x_kong_response_latency, "X-Kong-Response-Latency") \
  X(x_kong_upstream_latency, "X-Kong-Upstream-Latency") \
  X(x_kong_upstream_status, "X-Kong-Upstream-Status")   \
  X(x_real_ip, "X-Real-IP")                             \
  X(x_request_id, "X-Request-ID")                       \
  X(x_sluice_explain, "X-Sluice-Explain")

/// Fits in 64 bits as a set: Headers keeps one.
enum class HeaderId : std::uint8_t {
  other = 0,
#define X(id, name) id,
  SLUICE_HEADER_NAMES(X)
#undef X
      count_,
};
static_assert(static_cast<unsigned>(HeaderId::count_) <= 64);

/// `other` for a name that is not in the list; case does not matter. One hash and one comparison.
HeaderId header_id(std::string_view name) noexcept;

inline constexpr std::array<std::string_view, static_cast<std::size_t>(HeaderId::count_)>
    header_names = {"",
#define X(id, name) name,
                    SLUICE_HEADER_NAMES(X)
#undef X
};

/// The canonical spelling; empty for `other`.
constexpr std::string_view header_name(HeaderId id) noexcept {
  return header_names[static_cast<std::size_t>(id)];
}

}  // namespace sluice::http
