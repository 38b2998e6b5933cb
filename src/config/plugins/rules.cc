// What Kong's schemas say beyond single settings.

#include "config/plugins/rules.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace sluice::config {

void check_acl(const Given& given) {
  if (given.has("allow") == given.has("deny"))
    given.error("exactly one of \"allow\" and \"deny\" must be given");
}

void check_rate_limiting(const Given& given) {
  static constexpr std::array<std::string_view, 6> periods = {"second", "minute", "hour",
                                                              "day",    "month",  "year"};
  std::string_view shorter;
  for (const std::string_view period : periods) {
    if (!given.has(period)) continue;
    const double limit = given.value(period)->number();
    if (limit <= 0)
      given.error(period, fmt::format("must be greater than 0, got {}", limit));
    else if (!shorter.empty() && limit < given.value(shorter)->number())
      given.error(period, fmt::format("must not be lower than \"{}\", got {}", shorter, limit));
    shorter = period;
  }
  if (shorter.empty())
    given.error("at least one of second, minute, hour, day, month and year is required");
  const auto says = [&](std::string_view field, std::string_view word) {
    return given.has(field) && given.value(field)->source() == word;
  };
  if (says("policy", "redis")) {
    const Node* redis = given.value("redis");
    if (redis == nullptr || redis->find("host") == nullptr)
      given.error("policy", "needs \"host\" in \"redis\"");
  }
  if (says("limit_by", "header") && !given.has("header_name"))
    given.error("limit_by", "needs \"header_name\"");
  if (says("limit_by", "path") && !given.has("path")) given.error("limit_by", "needs \"path\"");
}

void check_rate_limiting_advanced(const Given& given) {
  const Node* limits = given.value("limit");
  const Node* windows = given.value("window_size");
  if (limits == nullptr || windows == nullptr) return;
  if (limits->items().size() != windows->items().size())
    given.error("window_size", fmt::format("must have as many elements as \"limit\", got {} and {}",
                                           windows->items().size(), limits->items().size()));
}

void check_oauth2(const Given& given) {
  static constexpr std::array<std::string_view, 4> grants = {
      "enable_authorization_code", "enable_client_credentials", "enable_implicit_grant",
      "enable_password_grant"};
  const bool has_grant = std::ranges::any_of(grants, [&](std::string_view grant) {
    return given.has(grant) && given.value(grant)->boolean();
  });
  if (!has_grant) given.error("at least one grant must be enabled");
  if (given.has("mandatory_scope") && given.value("mandatory_scope")->boolean() &&
      !given.has("scopes"))
    given.error("mandatory_scope", "needs \"scopes\"");
}

void check_request_validator(const Given& given) {
  if (!given.has("body_schema") && !given.has("parameter_schema"))
    given.error("at least one of \"body_schema\" and \"parameter_schema\" is required");
}

}  // namespace sluice::config
