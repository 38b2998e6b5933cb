#pragma once
// The declaration of consumers; apart, so that those who only use them compile none of it.

#include <tuple>

#include "config/entities/common_fields.h"
#include "config/entities/consumer.h"
#include "config/entities/plugin_fields.h"

namespace sluice::config {

constexpr auto Consumer::fields() {
  return std::tuple{
      optional("id", &Consumer::id, detail::id_summary),
      optional("username", &Consumer::username, non_empty(), "Unique among consumers."),
      optional("custom_id", &Consumer::custom_id, non_empty(),
               "The caller's name elsewhere; unique."),
      optional("tags", &Consumer::tags, detail::tag_rule, detail::tags_summary),
      optional("plugins", &Consumer::plugins, "Plugins of this consumer."),
      later("keyauth_credentials", "Keys for key-auth."),
      later("basicauth_credentials", "Names and passwords for basic-auth."),
      later("hmacauth_credentials", "Secrets for hmac-auth."),
      later("jwt_secrets", "Keys for jwt."),
      later("acls", "Groups for acl."),
      later("oauth2_credentials", "Applications for oauth2."),
      later("mtls_auth_credentials", "Certificate subjects for mtls-auth."),
      later("groups", "Consumer groups that it belongs to."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

}  // namespace sluice::config
