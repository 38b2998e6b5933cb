#include "gateway/plugin_check.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "config/fields.h"
#include "gateway/route_factory.h"

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

bool is_for_streams(config::Protocol protocol) noexcept {
  using enum config::Protocol;
  return protocol == tcp || protocol == tls || protocol == udp || protocol == tls_passthrough;
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

void check_scope(const config::Plugin& plugin, config::AllowedScopes allowed,
                 config::Diagnostics& diagnostics) {
  const config::Path path(plugin.path);
  const auto refuse = [&](bool is_allowed, bool is_given, std::string_view scope) {
    if (is_given && !is_allowed)
      diagnostics.error(plugin.place, path,
                        fmt::format("plugin {} must not be given for a {}",
                                    config::in_quotes(plugin.name), scope));
  };
  refuse(allowed.service, plugin.service_index.has_value(), "service");
  refuse(allowed.route, plugin.route_index.has_value(), "route");
  refuse(allowed.consumer, plugin.consumer_index.has_value(), "consumer");
  refuse(allowed.consumer_group, plugin.consumer_group_index.has_value(), "consumer group");
}

void check_protocols(const config::Plugin& plugin, config::AllowedStreams allowed,
                     config::Diagnostics& diagnostics) {
  const auto is_allowed = [&](config::Protocol protocol) {
    switch (protocol) {
      case config::Protocol::tcp:
      case config::Protocol::tls:
        return allowed.tcp;
      case config::Protocol::udp:
        return allowed.udp;
      case config::Protocol::tls_passthrough:
        return allowed.tls_passthrough;
      default:
        return true;
    }
  };
  const config::Path path(plugin.path);
  for (const config::Protocol protocol : plugin.protocols)
    if (!is_allowed(protocol))
      diagnostics.error(
          plugin.place, config::Path(path, "protocols"),
          fmt::format("plugin {} does not know the protocol {}", config::in_quotes(plugin.name),
                      config::in_quotes(config::name_of(protocol))));
}

bool runs_for_http(const config::Plugin& plugin) noexcept {
  return std::ranges::any_of(plugin.protocols,
                             [](config::Protocol protocol) { return !is_for_streams(protocol); });
}

void check_plugin(const config::Plugin& plugin, PluginCatalog catalog,
                  config::Diagnostics& diagnostics) {
  const config::Path path(plugin.path);
  const auto served = std::ranges::find(catalog, std::string_view(plugin.name),
                                        [](const PluginType* each) { return each->name; });
  if (served != catalog.end()) {
    check_scope(plugin, (*served)->scopes, diagnostics);
    check_protocols(plugin, (*served)->streams, diagnostics);
    check_settings(*(*served)->settings(), plugin, diagnostics);
    return;
  }
  const config::KnownPlugin* known = config::find_known_plugin(plugin.name);
  if (known == nullptr) {
    diagnostics.error(plugin.place, path,
                      fmt::format("no plugin has the name {}{}", config::in_quotes(plugin.name),
                                  suggested_plugin(plugin.name, catalog)));
    return;
  }
  check_scope(plugin, known->scopes, diagnostics);
  check_settings(*known->settings, plugin, diagnostics);
  if (plugin.enabled)
    diagnostics.unsupported(
        plugin.place, path,
        fmt::format("plugin {} is not supported yet", config::in_quotes(plugin.name)));
}

std::vector<config::PluginSettings> plugin_settings(PluginCatalog catalog) {
  std::vector<config::PluginSettings> all;
  for (const PluginType* type : catalog)
    all.push_back({type->name, type->settings(), type->summary, true});
  for (const config::KnownPlugin& known : config::known_plugins())
    if (std::ranges::find(catalog, known.name, &PluginType::name) == catalog.end())
      all.push_back({known.name, known.settings, known.summary, false});
  std::ranges::sort(all, {}, &config::PluginSettings::name);
  return all;
}

void check_flawed(config::LoadResult& loaded, PluginCatalog catalog) {
  if (!loaded.flawed) return;
  RouteFactory factory({}, loaded.flawed->gateway.router_flavor, loaded.diagnostics);
  for (config::Route& route : loaded.flawed->routes) {
    // What could not be read is refused already.
    if (route.expression == "") route.expression.reset();
    factory.check(route);
  }
  for (const config::Plugin& plugin : loaded.flawed->plugins)
    if (!plugin.name.empty()) check_plugin(plugin, catalog, loaded.diagnostics);
}

}  // namespace sluice
