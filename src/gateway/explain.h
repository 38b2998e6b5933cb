#pragma once
// An account of one live request in its answer, for who has a token (explain_token.h), and the
// beginning of the same for `sluice explain`.
//
// The account is JSON in the field X-Sluice-Explain of the answer: one line of visible ASCII, at
// most trace_bytes_max; parts that find no room are named in "left_out". docs/guide/explain.md
// describes it.

#include <string>
#include <string_view>

#include "gateway/exchange.h"

namespace sluice {

/// Small enough for proxies before the gateway that hold a head in one page.
inline constexpr std::size_t trace_bytes_max = 2048;

/// The token that the request came with, which from here on is no part of it; empty where no
/// request may be explained.
std::string_view take_explain_token(Exchange& exchange);

/// Has the exchange traced where the token allows it, or the worker is observed. Precondition: the
/// route was looked for.
void begin_trace(Exchange& exchange, std::string_view token);

/// Puts the account into the answer, or hands both to the worker's observer. Precondition: traced.
void show_trace(Exchange& exchange, http::Response& response);

/// The account as JSON of at most `bytes_max` bytes.
std::string trace_json(const Exchange& exchange, std::size_t bytes_max);

}  // namespace sluice
