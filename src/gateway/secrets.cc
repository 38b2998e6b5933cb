#include "gateway/secrets.h"

#include <algorithm>

#include "http/query.h"
#include "http/text.h"

namespace sluice {

using http::HeaderId;

bool is_secret(HeaderId id) noexcept {
  return id == HeaderId::authorization || id == HeaderId::proxy_authorization ||
         id == HeaderId::cookie || id == HeaderId::set_cookie;
}

bool is_secret(const http::Headers::Field& field, SecretNames secrets) noexcept {
  return is_secret(field.id) || std::ranges::any_of(secrets, [&](const std::string& name) {
           return http::equal_ignoring_case(name, field.name());
         });
}

bool is_secret_field(std::string_view name, SecretNames secrets) noexcept {
  return is_secret(http::header_id(name)) ||
         std::ranges::any_of(secrets, [&](const std::string& secret) {
           return http::equal_ignoring_case(secret, name);
         });
}

std::string without_secrets(std::string_view query, SecretNames secrets) {
  std::string text;
  while (const auto pair = http::next_query_parameter(query)) {
    if (!text.empty()) text += '&';
    text += pair->name;
    if (!pair->has_value) continue;
    const bool secret = std::ranges::any_of(
        secrets, [&](const std::string& name) { return http::query_decodes_to(pair->name, name); });
    text.append("=").append(secret ? redacted_value : pair->value);
  }
  return text;
}

}  // namespace sluice
