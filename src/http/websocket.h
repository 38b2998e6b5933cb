#pragma once
// The handshake of WebSocket, as far as a gateway that translates it must know it (RFC 6455 §4,
// RFC 8441 §5).

#include <string>
#include <string_view>

#include "http/headers.h"

namespace sluice::http {

bool is_websocket(std::string_view protocol) noexcept;

/// What Sec-WebSocket-Accept must be for this Sec-WebSocket-Key.
std::string websocket_accept(std::string_view key);

/// A Sec-WebSocket-Key of 128 bits of chance.
std::string websocket_key(std::uint64_t high, std::uint64_t low);

/// Whether the upstream's 101 was made for this request. A request without a key asked for nothing
/// that could be checked.
bool is_accepted(const Headers& request, const Headers& response);

}  // namespace sluice::http
