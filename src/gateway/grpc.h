#pragma once
// What the gateway must know of gRPC over HTTP/2: deadlines, and refusals that its clients
// understand.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"

namespace sluice {

/// A call of gRPC: HTTP/2, and a content type of application/grpc, with or without a suffix.
/// gRPC-Web is another protocol.
bool is_grpc(const http::Request& request);

/// How long the client waits for the call: the field grpc-timeout. Empty for none, for a malformed
/// one, and where the request is no call.
std::optional<milliseconds> grpc_timeout(const http::Request& request);

/// The status of gRPC for a refusal of the gateway's.
std::uint32_t grpc_status(std::uint16_t http_status) noexcept;

/// A text as grpc-message has it: percent-encoded where it is not visible ASCII.
std::string grpc_message(std::string_view text);

/// An answer that consists of its status alone ("Trailers-Only").
http::Response grpc_refusal(std::uint32_t status, std::string_view message);

}  // namespace sluice
