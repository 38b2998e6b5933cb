#pragma once
// One line of JSON for an exchange that is over: the fields of Kong's log object (kong.md §7).

#include "gateway/exchange.h"

namespace sluice {

/// Keeps what the line says of the request's head, before it becomes the upstream's. Nothing where
/// there is no access log.
void keep_request_head(Exchange& exchange);

/// Keeps what the line says of the response's head, before the head is gone. Nothing where there is
/// no access log.
void keep_response_head(Exchange& exchange, const http::Response& response);

/// Hands the line to the access log, which takes or drops it; never waits.
void write_access_line(const Exchange& exchange) noexcept;

}  // namespace sluice
