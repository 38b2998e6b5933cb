#pragma once
// Turns an Error into a Response, and nothing else does: Kong's error bodies (kong.md §4).

#include "gateway/exchange.h"

namespace sluice {

/// Whether the client reads answers as gRPC does: the status is a field, and a text a field too.
bool reads_grpc(const Exchange& exchange);

/// The body's format is chosen by the request's Accept, with its quality values; else JSON, or what
/// the request's Content-Type or gateway.error_default_type says where Kong's core would answer.
http::Response error_response(const Error& error, const Exchange& exchange);

/// The same for a status and message that a plugin chose (kong.response.error).
http::Response status_response(std::uint16_t status, std::string_view message,
                               const Exchange& exchange);

}  // namespace sluice
