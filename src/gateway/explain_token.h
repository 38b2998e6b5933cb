#pragma once
// Who may ask a running gateway for an account of a request: a token that expires, for one route or
// for all, signed with gateway.explain_key.
//
//   EXPIRY.ROUTE.SIGNATURE
//
// EXPIRY: seconds since 1970, decimal. ROUTE: a route's name or id in base64url, empty for any
// request. SIGNATURE: base64url of HMAC-SHA256(explain_key, "EXPIRY.ROUTE"). base64url is without
// padding (RFC 4648 §5).

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace sluice {

/// `route` empty: for any request, also one that no route matches.
std::string make_explain_token(std::string_view key, WallTime expires_at, std::string_view route);

/// A token that was signed with the key and has not expired.
struct ExplainToken {
  std::string route;  ///< name or id; empty: any
};

/// Nothing for every other text, and without a key. Takes the same time for every wrong signature.
std::optional<ExplainToken> check_explain_token(std::string_view key, std::string_view token,
                                                WallTime now);

}  // namespace sluice
