#pragma once
// What is wrong with the plugins of a configuration beyond those that can be made.

#include <vector>

#include "config/load.h"
#include "config/plugins/known.h"
#include "gateway/plugin.h"

namespace sluice {

/// For a plugin that the catalog does not have: one of Kong's has its settings checked and is
/// refused as not supported yet, any other name is an error.
void refuse_plugin(const config::Plugin& plugin, PluginCatalog catalog,
                   config::Diagnostics& diagnostics);

/// Checks the plugins of a file that has other mistakes, so that one run shows them all. Nothing
/// where the file is right: compiling it says as much.
void check_plugins_of_flawed(config::LoadResult& loaded, PluginCatalog catalog);

/// All plugins that a file may name, for schema and reference: by name.
std::vector<config::PluginSettings> plugin_settings(PluginCatalog catalog);

}  // namespace sluice
