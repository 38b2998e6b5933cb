#pragma once
// Where references such as {vault://my-env/name} read from.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/entities/common.h"

namespace sluice::config {

enum class VaultKind : std::uint8_t { env, aws, azure, gcp, hcv, conjur, fs };

constexpr auto names_of(VaultKind) {
  return std::to_array<std::string_view>({"env", "aws", "azure", "gcp", "hcv", "conjur", "fs"});
}

struct Vault {
  Uuid id;
  VaultKind name = VaultKind::env;
  std::string prefix;  ///< what references call it; unique
  std::optional<std::string> description;
  const Node* config = nullptr;  ///< null where none is given; lives as long as the file's tree
  std::vector<std::string> tags;
  Place place;

  static constexpr std::string_view type_name = "vault";
  static constexpr auto fields();
  static void check(Vault& vault, const Given& given);
};

bool is_vault_prefix(std::string_view text);

}  // namespace sluice::config
