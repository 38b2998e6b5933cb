#pragma once
// Which parts of a message hold credentials, and the message without them: for all that is logged
// or shown.

#include <span>
#include <string>
#include <string_view>

#include "http/headers.h"

namespace sluice {

/// Names of header fields and query arguments that hold credentials on a route, beside those that
/// always do: Pipeline::secret_names.
using SecretNames = std::span<const std::string>;

constexpr bool is_secret(http::HeaderId id) noexcept {
  using enum http::HeaderId;
  return id == authorization || id == proxy_authorization || id == cookie || id == set_cookie;
}

bool is_secret(const http::Headers::Field& field, SecretNames secrets) noexcept;
/// The same for a name without its field.
bool is_secret_field(std::string_view name, SecretNames secrets) noexcept;

/// A query, without its '?', as it may be shown: also without the values of names that look like a
/// credential's.
std::string without_secrets(std::string_view query, SecretNames secrets);
/// The same for a request target, a URL, or a request line that could not be read: its query, and
/// the user that an authority names.
std::string target_without_secrets(std::string_view target, SecretNames secrets);

/// What stands for a credential.
inline constexpr std::string_view redacted_value = "REDACTED";

}  // namespace sluice
