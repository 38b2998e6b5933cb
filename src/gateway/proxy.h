#pragma once
// The end of a pipeline: the request goes to a target of the route's service, again where that is
// safe, and its response comes back.

#include "gateway/exchange.h"

namespace sluice {

/// Errors: no_route, no_service, no_target, name_resolution_failed, connect_*, upstream_*,
/// invalid_response, deadline_exceeded.
http::ResponseTask proxy(Exchange& exchange);

}  // namespace sluice
