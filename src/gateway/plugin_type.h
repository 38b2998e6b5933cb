#pragma once
// Makes a catalog line from a plugin class: its settings are declared once, in
// Class::Config::fields().

#include <memory>
#include <utility>

#include "config/fields.h"
#include "gateway/plugin.h"

namespace sluice::plugins {

/// How a plugin differs from most.
struct PluginTraits {
  bool without_route = false;
  bool authenticates = false;
  config::AllowedScopes scopes = config::everywhere;
  config::AllowedStreams streams = config::only_http;
};

/// What a plugin without `config` is made from: all defaults.
inline const config::Node& no_settings() {
  static config::Document document;
  static const config::Node empty = document.map({}, {});
  return empty;
}

/// Class has `using Config = ...;` and a constructor (Config, const PluginDeps&). It may have
/// `static void check(Config&, const PluginDeps&, const config::Given&)` for what a setting must be
/// beside the rest of the configuration.
template <class Class>
constexpr PluginType plugin_type(std::string_view name, int priority, PluginTraits traits,
                                 std::string_view summary) {
  return {
      .name = name,
      .priority = priority,
      .summary = summary,
      .without_route = traits.without_route,
      .authenticates = traits.authenticates,
      .scopes = traits.scopes,
      .streams = traits.streams,
      .make = [](const config::Node* node, const config::Path& path, const PluginDeps& deps,
                 config::Diagnostics& diagnostics) -> std::unique_ptr<Plugin> {
        const config::Path config_path(path, "config");
        const std::size_t before = diagnostics.error_count();
        if (node == nullptr) node = &no_settings();
        auto settings = config::decode<typename Class::Config>(*node, diagnostics, config_path);
        if constexpr (requires(const config::Given& given) { Class::check(settings, deps, given); })
          if (diagnostics.error_count() == before)
            Class::check(settings, deps, config::Given(*node, config_path, diagnostics));
        if (diagnostics.error_count() > before) return nullptr;
        return std::make_unique<Class>(std::move(settings), deps);
      },
      .settings = [] { return &config::type_of<typename Class::Config>(); },
  };
}

}  // namespace sluice::plugins
