#pragma once
// The JSON Schema of a configuration file, for editors: generated from the same declarations that
// read it.

#include <span>
#include <string>

#include "config/plugins/known.h"

namespace sluice::config {

/// Draft 2020-12, indented; the settings of a plugin are chosen by its name. Rules between fields
/// and the forms of single texts are in descriptions only.
std::string schema_text(std::span<const PluginSettings> plugins);

}  // namespace sluice::config
