#pragma once
// The deadline of a call of gRPC counts for the whole call: messages and trailers too, not only up
// to the response's head.

#include "gateway/exchange.h"

namespace sluice {

/// Ends the response's body at `exchange.call_by` with the status DEADLINE_EXCEEDED in its
/// trailers, and cancels what feeds it. The exchange outlives the response.
void end_with_deadline(Exchange& exchange, http::Response& response);

}  // namespace sluice
