// Plugins: their scopes, the settings that they share, and none twice in one scope.

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "config/resolver.h"

namespace sluice::config {
namespace {

/// The scopes by the names of their fields.
struct Scope {
  std::string_view field;
  Reference Plugin::* reference;
  std::optional<std::uint32_t> Plugin::* index;
};

constexpr std::array<Scope, 4> scopes = {{
    {"route", &Plugin::route, &Plugin::route_index},
    {"service", &Plugin::service, &Plugin::service_index},
    {"consumer", &Plugin::consumer, &Plugin::consumer_index},
    {"consumer_group", &Plugin::consumer_group, &Plugin::consumer_group_index},
}};

const Scope& scope_named(std::string_view field) {
  return *std::ranges::find(scopes, field, &Scope::field);
}

}  // namespace

void Resolver::take_plugins(std::vector<Plugin> plugins, const Path& parent_path,
                            const Parent& parent) {
  const Path list(parent_path, "plugins");
  for (std::size_t i = 0; i < plugins.size(); ++i)
    take_plugin(std::move(plugins[i]), Path(list, i), parent);
}

void Resolver::take_plugin(Plugin plugin, const Path& path, const std::optional<Parent>& parent) {
  // Kong's key of a plugin: its instance name, or its name and the scope as the file states it.
  std::string key = "plugins:" + plugin.name;
  for (const Scope& scope : scopes) {
    const bool is_parent = parent && parent->field == scope.field;
    const std::string owner = is_parent ? parent->id.text() : (plugin.*scope.reference).key;
    if (!owner.empty() || scope.field != "consumer_group") key += ":" + owner;
  }
  identify(plugins_, plugin.id, plugin.place, plugin.instance_name.value_or(key), path);
  plugins_.add_name("instance_name", plugin.instance_name.value_or(""), path);
  plugin.path = path.text();
  plugin.config = config_of(plugin, path);
  if (parent) {
    const Scope& scope = scope_named(parent->field);
    refuse_nested(plugin.*scope.reference, *parent, path);
    plugin.*scope.index = parent->index;
    plugin.*scope.reference = {};
  }
  loaded_.plugins.push_back(std::move(plugin));
}

/// The plugin's own settings, and those of `_plugin_configs` that it does not give itself.
const Node* Resolver::config_of(Plugin& plugin, const Path& path) {
  const Reference name = std::exchange(plugin.shared_config, {});
  const Node* own = plugin.config;
  if (name.empty()) return own == nullptr ? nullptr : document_->keep(*own);
  const auto found =
      std::ranges::find(plugin_configs_, name.key, &std::pair<std::string, const Node*>::first);
  if (found == plugin_configs_.end()) {
    std::vector<std::string_view> names;
    for (const auto& [each, config] : plugin_configs_)
      names.push_back(each);
    diagnostics_.error(name.place, Path(path, "_config"),
                       fmt::format("no entry of \"_plugin_configs\" has the name {}{}",
                                   in_quotes(name.key), suggestion(name.key, names)));
    return nullptr;
  }
  const Node& shared = *found->second;
  std::vector<Member> members;
  if (own != nullptr) members.assign(own->members().begin(), own->members().end());
  for (const Member& member : shared.members())
    if (own == nullptr || own->find(member.key) == nullptr) members.push_back(member);
  return document_->keep(document_->map(members, own == nullptr ? name.place : own->place()));
}

/// Last, since a plugin may name what stands below it in the file.
void Resolver::resolve_plugins() {
  for (std::uint32_t i = 0; i < loaded_.plugins.size(); ++i) {
    Plugin& plugin = loaded_.plugins[i];
    const Path path(plugin.path);
    bool is_resolved = true;
    for (const Scope& scope : scopes)
      is_resolved &= resolve(plugin.*scope.index, directory_of(scope.field),
                             plugin.*scope.reference, scope.field, path);
    if (is_resolved && !plugin.name.empty()) refuse_second_in_scope(i, path);
  }
}

void Resolver::refuse_second_in_scope(std::uint32_t index, const Path& path) {
  const Plugin& plugin = loaded_.plugins[index];
  std::string key = plugin.name;
  for (const Scope& scope : scopes)
    key += plugin.*scope.index ? fmt::format(" {}", *(plugin.*scope.index)) : " -";
  const auto [taken, fresh] = scopes_.emplace(std::move(key), index);
  if (fresh) return;
  const Place first = loaded_.plugins[taken->second].place;
  diagnostics_.error(plugin.place, path,
                     fmt::format("plugin {} is already used in this scope at line {}, column {}",
                                 in_quotes(plugin.name), first.line, first.column));
}

}  // namespace sluice::config
