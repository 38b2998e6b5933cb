#include "gateway/secrets.h"

#include <algorithm>

#include "config/effective.h"
#include "http/query.h"
#include "http/text.h"

namespace sluice {

using http::HeaderId;

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
    const bool secret = std::ranges::any_of(secrets,
                                            [&](const std::string& name) {
                                              return http::query_decodes_to(pair->name, name);
                                            }) ||
                        config::is_credential_name(http::decode_query(pair->name));
    text.append("=").append(secret ? redacted_value : pair->value);
  }
  return text;
}

std::string target_without_secrets(std::string_view target, SecretNames secrets) {
  std::string text;
  if (const std::size_t scheme = target.find("://"); scheme != std::string_view::npos) {
    const std::size_t authority = scheme + 3;
    const std::size_t end = std::min(target.find_first_of("/?# ", authority), target.size());
    const std::size_t user = target.substr(0, end).rfind('@');
    if (user != std::string_view::npos && user >= authority) {
      text.append(target.substr(0, authority)).append(redacted_value);
      target.remove_prefix(user);
    }
  }
  const std::size_t mark = target.find('?');
  text.append(target.substr(0, mark));
  if (mark == std::string_view::npos) return text;
  const std::size_t end = std::min(target.find_first_of(" #", mark), target.size());
  text.append("?").append(without_secrets(target.substr(mark + 1, end - mark - 1), secrets));
  return text.append(target.substr(end));
}

}  // namespace sluice
