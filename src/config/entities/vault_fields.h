#pragma once
// The declaration of vaults.

#include <tuple>

#include "config/entities/common_fields.h"
#include "config/entities/vault.h"

namespace sluice::config {

constexpr auto Vault::fields() {
  return std::tuple{
      optional("id", &Vault::id, detail::id_summary),
      required("name", &Vault::name, "Where secrets are; env is the node's environment."),
      required("prefix", &Vault::prefix,
               matches(is_vault_prefix,
                       "be lower-case letters, digits and -, begin with a letter, "
                       "and be no kind of vault"),
               "What references call this vault; unique."),
      optional("description", &Vault::description, "For people."),
      optional("config", &Vault::config, "Of env: `prefix`, which stands before every name."),
      optional("tags", &Vault::tags, detail::tag_rule, detail::tags_summary),
      accepted("created_at", detail::time_summary),
      accepted("updated_at", detail::time_summary),
  };
}

}  // namespace sluice::config
