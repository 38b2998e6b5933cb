#pragma once
// The declaration of consumers; apart, so that those who only use them compile none of it.

#include <tuple>

#include "config/entities/common_fields.h"
#include "config/entities/consumer.h"
#include "config/entities/credentials_fields.h"
#include "config/entities/plugin_fields.h"

namespace sluice::config {
namespace detail {

/// Upstreams get it in a header field.
inline constexpr Constraint consumer_name_rule =
    matches(is_plain_text, "be a string that is not empty, without control characters");

}  // namespace detail

constexpr auto Consumer::fields() {
  return std::tuple{
      optional("id", &Consumer::id, detail::id_summary),
      optional("username", &Consumer::username, detail::consumer_name_rule,
               "Unique among consumers."),
      optional("custom_id", &Consumer::custom_id, detail::consumer_name_rule,
               "The caller's name elsewhere; unique."),
      optional("tags", &Consumer::tags, detail::tag_rule, detail::tags_summary),
      optional("plugins", &Consumer::plugins, "Plugins of this consumer."),
      optional("groups", &Consumer::groups, "Consumer groups that it belongs to."),
      optional("keyauth_credentials", &Consumer::keyauth_credentials, "Keys for key-auth."),
      optional("basicauth_credentials", &Consumer::basicauth_credentials,
               "Names and passwords for basic-auth."),
      optional("hmacauth_credentials", &Consumer::hmacauth_credentials, "Secrets for hmac-auth."),
      optional("jwt_secrets", &Consumer::jwt_secrets, "Keys for jwt."),
      optional("oauth2_credentials", &Consumer::oauth2_credentials, "Applications for oauth2."),
      optional("acls", &Consumer::acls, "Groups for acl."),
      optional("mtls_auth_credentials", &Consumer::mtls_auth_credentials,
               "Certificate subjects for mtls-auth."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

constexpr auto ConsumerGroup::fields() {
  return std::tuple{
      optional("id", &ConsumerGroup::id, detail::id_summary),
      required("name", &ConsumerGroup::name, detail::name_rule, "Unique among consumer groups."),
      optional("consumers", &ConsumerGroup::consumers, "The consumers that belong to it."),
      optional("plugins", &ConsumerGroup::plugins, "Plugins of its consumers."),
      optional("tags", &ConsumerGroup::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

constexpr auto ConsumerGroupMember::fields() {
  return std::tuple{
      optional("id", &ConsumerGroupMember::id, detail::id_summary),
      required("consumer", &ConsumerGroupMember::consumer, "The consumer."),
      required("consumer_group", &ConsumerGroupMember::consumer_group, "The group."),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

}  // namespace sluice::config
