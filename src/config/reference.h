#pragma once
// The reference of all settings as Markdown, generated from the same declarations that read them.

#include <span>
#include <string>
#include <vector>

#include "config/plugins/known.h"

namespace sluice::config {

struct ReferencePage {
  std::string file_name;  ///< such as service.md or plugins/jwt.md
  std::string text;
};

/// One page for the file as a whole, one for the node, one for each entity, one for each plugin,
/// and a list of the plugins.
std::vector<ReferencePage> reference_pages(std::span<const PluginSettings> plugins);

}  // namespace sluice::config
