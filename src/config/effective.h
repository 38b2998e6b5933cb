#pragma once
// The settings of an object as they count: those of the file, and the defaults of the others,
// without the credentials among them.

#include <string>
#include <string_view>
#include <vector>

#include "config/types.h"

namespace sluice::config {

struct EffectiveSetting {
  std::string_view name;  ///< lives as long as the process
  std::string json;       ///< the value in the units of the file; "***" for a credential
  bool is_given = false;  ///< else it is the default
};

/// In the order of the declaration. `given` may be null: nothing is. What is wrong in it counts as
/// its default.
std::vector<EffectiveSetting> effective_settings(const Type& type, const Node* given);

/// Whether a header field, an argument or a key of a map with that name holds a credential, as far
/// as its name tells.
bool is_credential_name(std::string_view name);

/// Values in settings that the file takes from the environment or a vault, appended to `to`.
void collect_concealed(const Node& node, std::vector<std::string>& to);

/// What may be shown of a text that could be a header field with a credential, such as
/// `Authorization: Basic ...`: its name; and of URLs all but user and password.
std::string without_credential(std::string_view text);

}  // namespace sluice::config
