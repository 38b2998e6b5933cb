#include "http/cookies.h"

#include <algorithm>

#include "http/text.h"

namespace sluice::http {

std::optional<Cookie> next_cookie(std::string_view& rest) noexcept {
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim(piece.substr(0, equals));
    std::string_view value = trim(piece.substr(equals + 1));
    if (name.empty()) continue;
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
      value = value.substr(1, value.size() - 2);
    return Cookie{name, value};
  }
  return std::nullopt;
}

std::optional<std::string_view> find_cookie(const Headers& headers,
                                            std::string_view name) noexcept {
  if (!headers.has(HeaderId::cookie)) return std::nullopt;
  for (const Headers::Field& field : headers.fields()) {
    if (field.id != HeaderId::cookie) continue;
    std::string_view rest = field.value();
    while (const auto cookie = next_cookie(rest))
      if (cookie->name == name) return cookie->value;
  }
  return std::nullopt;
}

}  // namespace sluice::http
