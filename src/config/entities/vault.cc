// Rules between the fields of a vault, and what of it is not served yet.

#include "config/entities/vault.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/entities/vault_fields.h"

namespace sluice::config {
namespace {

struct EnvVaultConfig {
  std::optional<std::string> prefix;

  static constexpr std::string_view type_name = "env_vault";

  static constexpr auto fields() {
    return std::tuple{
        optional("prefix", &EnvVaultConfig::prefix, "Stands before the name of every variable."),
        later("base64_decode", "Whether values are decoded from base64."),
    };
  }
};

}  // namespace

bool is_vault_prefix(std::string_view text) {
  static constexpr auto kinds = names_of(VaultKind{});
  const bool is_kind = std::ranges::find(kinds, text) != kinds.end();
  return text.size() >= 2 && text[0] >= 'a' && text[0] <= 'z' && !text.ends_with('-') && !is_kind &&
         std::ranges::all_of(text, [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
                  letter == '-';
         });
}

void Vault::check(Vault& vault, const Given& given) {
  if (vault.name != VaultKind::env) {
    given.unsupported("name",
                      fmt::format("vault \"{}\" is not supported yet", name_of(vault.name)));
  } else if (vault.config != nullptr) {
    decode<EnvVaultConfig>(*vault.config, given.diagnostics(), Path(given.path(), "config"));
  }
}

}  // namespace sluice::config
