#pragma once
// Changes to a request on its way to the upstream, for plugins.

#include <cstddef>
#include <string_view>

#include "gateway/exchange.h"

namespace sluice {

/// How large a body may be that a plugin has to see whole; a larger one is refused with 413.
inline constexpr std::size_t plugin_body_bytes_max = 8 * 1024 * 1024;

/// The query without its '?'; empty: none. Copied.
void set_query(Exchange& exchange, std::string_view query);

/// The body from now on; copied. Empty: a body of no bytes.
void set_body(Exchange& exchange, std::string_view body);

/// Reads the request's body whole, and puts it back, so that the next one reads it again. Empty
/// where there is none. Error(payload_too_large) above `limit`; the body is lost then. Never for a
/// request that asks for another protocol: its body is a tunnel.
Task<Result<Chunk>> whole_body(Exchange& exchange, std::size_t limit = plugin_body_bytes_max);

}  // namespace sluice
