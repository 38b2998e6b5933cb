// Rules between the fields of a plugin, and what of it is not served yet.

#include "config/entities/plugin.h"

#include "config/entities/plugin_fields.h"

namespace sluice::config {

void Plugin::check(Plugin& plugin, const Given& given) {
  if (plugin.protocols.empty() && given.knows("protocols"))
    given.error("protocols", "must name at least one protocol, got an empty list");
  if (given.has("consumer") && given.has("consumer_group"))
    given.error("consumer_group", "must not be given together with \"consumer\"");
  if (plugin.ordering && given.knows("ordering"))
    given.unsupported("ordering", "ordering is not supported yet");
}

}  // namespace sluice::config
