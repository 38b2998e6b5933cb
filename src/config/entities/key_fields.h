#pragma once
// The declarations of keys and key sets.

#include <tuple>

#include "config/entities/common_fields.h"
#include "config/entities/key.h"

namespace sluice::config {

constexpr auto KeyPem::fields() {
  return std::tuple{
      optional("public_key", &KeyPem::public_key, "The public key in PEM."),
      optional("private_key", &KeyPem::private_key, confidential(), "The private key in PEM."),
  };
}

constexpr auto Key::fields() {
  return std::tuple{
      optional("id", &Key::id, detail::id_summary),
      required("kid", &Key::kid, non_empty(), "What tokens call the key; unique in its set."),
      optional("name", &Key::name, detail::name_rule, "Unique among keys."),
      optional("set", &Key::set, "The key set that it belongs to; given by nesting or here."),
      optional("jwk", &Key::jwk, confidential(non_empty()), "The key as JSON (RFC 7517)."),
      optional("pem", &Key::pem, "The key in PEM, instead of `jwk`."),
      optional("x5t", &Key::x5t, non_empty(), "The thumbprint of its certificate."),
      optional("tags", &Key::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

constexpr auto KeySet::fields() {
  return std::tuple{
      optional("id", &KeySet::id, detail::id_summary),
      optional("name", &KeySet::name, detail::name_rule, "Unique among key sets."),
      optional("keys", &KeySet::keys, "Its keys."),
      optional("tags", &KeySet::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

}  // namespace sluice::config
