#pragma once
// The declarations of credentials.

#include <tuple>

#include "config/entities/common_fields.h"
#include "config/entities/credentials.h"

namespace sluice::config {

namespace detail {

inline constexpr Summary consumer_summary = "Whose it is; given by nesting or here.";

}  // namespace detail

constexpr auto KeyAuthCredential::fields() {
  return std::tuple{
      optional("id", &KeyAuthCredential::id, detail::id_summary),
      required("key", &KeyAuthCredential::key, confidential(non_empty()),
               "What the client sends; unique."),
      optional("ttl", &KeyAuthCredential::ttl, seconds_between(0, 100'000'000),
               "How long the key is valid once the configuration is in force; null is for ever."),
      optional("consumer", &KeyAuthCredential::consumer, detail::consumer_summary),
      optional("tags", &KeyAuthCredential::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
  };
}

constexpr auto BasicAuthCredential::fields() {
  return std::tuple{
      optional("id", &BasicAuthCredential::id, detail::id_summary),
      required("username", &BasicAuthCredential::username, non_empty(),
               "The name that the client gives; unique."),
      required("password", &BasicAuthCredential::password, confidential(non_empty()),
               "The password, or with `_transform: false` the hash that Kong stores of it."),
      optional("consumer", &BasicAuthCredential::consumer, detail::consumer_summary),
      optional("tags", &BasicAuthCredential::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
      accepted("skip_hash", "Kong's older word for `_transform: false`."),
  };
}

constexpr auto HmacAuthCredential::fields() {
  return std::tuple{
      optional("id", &HmacAuthCredential::id, detail::id_summary),
      required("username", &HmacAuthCredential::username, non_empty(),
               "The name that the client gives; unique."),
      required("secret", &HmacAuthCredential::secret, confidential(non_empty()),
               "The key of the signatures."),
      optional("consumer", &HmacAuthCredential::consumer, detail::consumer_summary),
      optional("tags", &HmacAuthCredential::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
  };
}

constexpr auto JwtSecret::fields() {
  return std::tuple{
      optional("id", &JwtSecret::id, detail::id_summary),
      required("key", &JwtSecret::key, confidential(non_empty()),
               "What the key claim of a token says, usually its issuer; unique."),
      optional("algorithm", &JwtSecret::algorithm, "How the consumer's tokens are signed."),
      optional("secret", &JwtSecret::secret, confidential(non_empty()),
               "The key of the signatures, for HS256, HS384 and HS512."),
      optional("rsa_public_key", &JwtSecret::rsa_public_key, non_empty(),
               "The public key in PEM, for all other algorithms."),
      optional("consumer", &JwtSecret::consumer, detail::consumer_summary),
      optional("tags", &JwtSecret::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
  };
}

constexpr auto OAuth2Credential::fields() {
  return std::tuple{
      optional("id", &OAuth2Credential::id, detail::id_summary),
      required("name", &OAuth2Credential::name, non_empty(), "The application's name."),
      required("client_id", &OAuth2Credential::client_id, non_empty(),
               "What the application calls itself; unique."),
      optional("client_secret", &OAuth2Credential::client_secret, confidential(non_empty()),
               "What proves it; required of confidential clients."),
      optional("hash_secret", &OAuth2Credential::hash_secret,
               "Whether only a hash of the secret is kept."),
      optional("redirect_uris", &OAuth2Credential::redirect_uris,
               unique(matches(is_redirect_uri, "be an absolute URI without fragment")),
               "Where users may be sent with a code or token."),
      optional("client_type", &OAuth2Credential::client_type,
               "Whether the application can keep a secret."),
      optional("consumer", &OAuth2Credential::consumer, detail::consumer_summary),
      optional("tags", &OAuth2Credential::tags, detail::tag_rule, detail::tags_summary),
      later("oauth2_tokens", "Tokens that were given out."),
      later("oauth2_authorization_codes", "Codes that were given out."),
      accepted("created_at", detail::time_summary),
  };
}

constexpr auto Acl::fields() {
  return std::tuple{
      optional("id", &Acl::id, detail::id_summary),
      required("group", &Acl::group, non_empty(), "The group; unique for the consumer."),
      optional("consumer", &Acl::consumer, detail::consumer_summary),
      optional("tags", &Acl::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
  };
}

constexpr auto MtlsAuthCredential::fields() {
  return std::tuple{
      optional("id", &MtlsAuthCredential::id, detail::id_summary),
      required("subject_name", &MtlsAuthCredential::subject_name, non_empty(),
               "The name in the client's certificate, from its SANs or its CN."),
      optional("ca_certificate", &MtlsAuthCredential::ca_certificate,
               "The authority that the certificate must come from; any where none is given."),
      optional("consumer", &MtlsAuthCredential::consumer, detail::consumer_summary),
      optional("tags", &MtlsAuthCredential::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
  };
}

}  // namespace sluice::config
