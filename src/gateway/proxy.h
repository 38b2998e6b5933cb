#pragma once
// The end of a pipeline: the request goes to a target of the route's service, again where that is
// safe, and its response comes back.

#include "gateway/exchange.h"

namespace sluice {

/// Errors: no_route, no_service, no_target, name_resolution_failed, connect_*, upstream_*,
/// invalid_response, deadline_exceeded.
http::ResponseTask proxy(Exchange& exchange);

/// What proxy() does before it looks for a target: the request becomes the upstream's, but for
/// Host. Errors: no_route, no_service.
Result<Done> begin_forward(Exchange& exchange);

/// Where the request may go. Precondition: its route has a service.
const upstream::TargetGroup& target_group(const Exchange& exchange) noexcept;

}  // namespace sluice
