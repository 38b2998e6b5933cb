#pragma once
// What a route that is only for HTTPS answers to plain HTTP (kong.md §2.5).

#include "gateway/exchange.h"

namespace sluice {

/// Whether the client came by HTTPS: to this listener, or, as a peer in gateway.trusted_ips says in
/// X-Forwarded-Proto, to one before it.
bool came_by_https(const Exchange& exchange) noexcept;

/// The route's https_redirect_status_code: 426 and what to upgrade to, or where the same target is
/// by HTTPS. Precondition: a route matched.
http::Response https_only_answer(Exchange& exchange);

}  // namespace sluice
