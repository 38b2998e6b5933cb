#pragma once
// What is wrong with plugins that cannot be made, and with the rest of a file that has mistakes.

#include <vector>

#include "config/load.h"
#include "config/plugins/known.h"
#include "gateway/plugin.h"

namespace sluice {

/// Refuses a plugin in a scope in which Kong has none of that name.
void check_scope(const config::Plugin& plugin, config::AllowedScopes allowed,
                 config::Diagnostics& diagnostics);

/// Refuses a plugin for protocols that Kong does not let it name.
void check_protocols(const config::Plugin& plugin, config::AllowedStreams allowed,
                     config::Diagnostics& diagnostics);

/// Whether its protocols let a plugin run for requests at all. As in Kong any protocol of HTTP
/// does, whichever the route has: `protocols: [https]` must not take a guard off plain HTTP.
bool runs_for_http(const config::Plugin& plugin) noexcept;

/// Name, scope, protocols and settings. One of Kong's that the catalog does not have is refused as
/// not supported yet, unless it is disabled.
void check_plugin(const config::Plugin& plugin, PluginCatalog catalog,
                  config::Diagnostics& diagnostics);

/// Checks the plugins and the matchers of a file that has other mistakes, so that one run shows
/// them all. Nothing where the file is right: compiling it says as much.
void check_flawed(config::LoadResult& loaded, PluginCatalog catalog);

/// All plugins that a file may name, for schema and reference: by name.
std::vector<config::PluginSettings> plugin_settings(PluginCatalog catalog);

}  // namespace sluice
