#pragma once
// The Cookie field (RFC 6265 §4.2), read as servers read it: whatever browsers send.

#include <optional>
#include <string_view>

#include "http/headers.h"

namespace sluice::http {

struct Cookie {
  std::string_view name;
  std::string_view value;  ///< without the quotation marks that may stand around it
};

/// Takes the next cookie off `rest`, the value of a Cookie field; pieces without '=' or without a
/// name are passed over. Empty at the end.
std::optional<Cookie> next_cookie(std::string_view& rest) noexcept;

/// The first cookie of that name in all Cookie fields: user agents put the most specific path
/// first. Case matters. The view lives as long as `headers`.
std::optional<std::string_view> find_cookie(const Headers& headers, std::string_view name) noexcept;

}  // namespace sluice::http
