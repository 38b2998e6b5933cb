#include "gateway/plugin_check.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "config/fields.h"

namespace sluice {
namespace {

void check_settings(const config::Type& type, const config::Plugin& plugin,
                    config::Diagnostics& diagnostics) {
  const std::shared_ptr<void> settings = type.make == nullptr ? nullptr : type.make();
  const config::Path path(plugin.path);
  const config::Path config_path(path, "config");
  config::Document none;
  const config::Node nothing = none.null(plugin.place);
  config::decode_into(type, plugin.config == nullptr ? nothing : *plugin.config, settings.get(),
                      diagnostics, config_path);
}

std::string suggested_plugin(std::string_view name, PluginCatalog catalog) {
  std::vector<std::string_view> names;
  for (const PluginType* type : catalog)
    names.push_back(type->name);
  for (const config::KnownPlugin& known : config::known_plugins())
    names.push_back(known.name);
  return config::suggestion(name, names);
}

}  // namespace

void refuse_plugin(const config::Plugin& plugin, PluginCatalog catalog,
                   config::Diagnostics& diagnostics) {
  const config::Path path(plugin.path);
  const config::KnownPlugin* known = config::find_known_plugin(plugin.name);
  if (known == nullptr) {
    diagnostics.error(plugin.place, path,
                      fmt::format("no plugin has the name {}{}", config::in_quotes(plugin.name),
                                  suggested_plugin(plugin.name, catalog)));
    return;
  }
  check_settings(*known->settings, plugin, diagnostics);
  diagnostics.unsupported(
      plugin.place, path,
      fmt::format("plugin {} is not supported yet", config::in_quotes(plugin.name)));
}

std::vector<config::PluginSettings> plugin_settings(PluginCatalog catalog) {
  std::vector<config::PluginSettings> all;
  for (const PluginType* type : catalog)
    all.push_back({type->name, type->settings(), type->summary});
  for (const config::KnownPlugin& known : config::known_plugins())
    if (std::ranges::find(catalog, known.name, &PluginType::name) == catalog.end())
      all.push_back({known.name, known.settings, {}});
  std::ranges::sort(all, {}, &config::PluginSettings::name);
  return all;
}

void check_plugins_of_flawed(config::LoadResult& loaded, PluginCatalog catalog) {
  if (!loaded.flawed) return;
  for (const config::Plugin& plugin : loaded.flawed->plugins) {
    // Without a name it is refused already.
    if (plugin.name.empty()) continue;
    const auto served = std::ranges::find(catalog, std::string_view(plugin.name),
                                          [](const PluginType* each) { return each->name; });
    if (served == catalog.end())
      refuse_plugin(plugin, catalog, loaded.diagnostics);
    else
      check_settings(*(*served)->settings(), plugin, loaded.diagnostics);
  }
}

}  // namespace sluice
