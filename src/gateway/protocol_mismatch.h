#pragma once
// What a route answers to requests that matched it in a protocol that it is not for (kong.md §2.5).

#include <optional>

#include "gateway/exchange.h"

namespace sluice {

/// Whether the client came by HTTPS: to this listener, or, as a peer in gateway.trusted_ips says in
/// X-Forwarded-Proto, to one before it.
bool came_by_https(const Exchange& exchange) noexcept;

/// Empty where the route is for the request's protocol. To plain HTTP on a route for HTTPS: the
/// route's https_redirect_status_code, which is 426 and what to upgrade to, or where the same
/// target is by HTTPS. Precondition: a route matched.
std::optional<http::Response> protocol_mismatch(Exchange& exchange);

}  // namespace sluice
