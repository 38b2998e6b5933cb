#pragma once
// Makes a catalog line from a plugin class: its settings are declared once, in
// Class::Config::fields().

#include <memory>
#include <utility>

#include "config/fields.h"
#include "gateway/plugin.h"

namespace sluice::plugins {

/// Class has `using Config = ...;` and a constructor (Config, const PluginDeps&).
template <class Class>
constexpr PluginType plugin_type(std::string_view name, int priority, bool without_route,
                                 std::string_view summary) {
  return {
      .name = name,
      .priority = priority,
      .summary = summary,
      .without_route = without_route,
      .make = [](const config::Node* node, const config::Path& path, const PluginDeps& deps,
                 config::Diagnostics& diagnostics) -> std::unique_ptr<Plugin> {
        typename Class::Config settings{};
        if (node != nullptr) {
          const config::Path config_path(path, "config");
          const std::size_t before = diagnostics.error_count();
          settings = config::decode<typename Class::Config>(*node, diagnostics, config_path);
          if (diagnostics.error_count() > before) return nullptr;
        }
        return std::make_unique<Class>(std::move(settings), deps);
      },
      .settings = [] { return &config::type_of<typename Class::Config>(); },
  };
}

}  // namespace sluice::plugins
