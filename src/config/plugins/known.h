#pragma once
// Kong's plugins that are declared and not served yet: their settings are checked, and a
// configuration that needs one is refused. One that is served is declared in plugins/ instead.

#include <span>
#include <string_view>

#include "config/types.h"

namespace sluice::config {

enum class Edition : std::uint8_t { free, enterprise };

struct KnownPlugin {
  std::string_view name;
  Edition edition;       ///< of Kong
  const Type* settings;  ///< lives as long as the process
};

// In the order of the files in config/plugins/, which have one function each.
std::span<const KnownPlugin> authentication_plugins() noexcept;
std::span<const KnownPlugin> openid_connect_plugins() noexcept;
std::span<const KnownPlugin> tokens_plugins() noexcept;
std::span<const KnownPlugin> traffic_plugins() noexcept;
std::span<const KnownPlugin> transformation_plugins() noexcept;
std::span<const KnownPlugin> validation_plugins() noexcept;
std::span<const KnownPlugin> observability_plugins() noexcept;
std::span<const KnownPlugin> messaging_plugins() noexcept;
std::span<const KnownPlugin> ai_models_plugins() noexcept;
std::span<const KnownPlugin> ai_content_plugins() noexcept;

/// Settings of a plugin for schema and reference, whoever declares them.
struct PluginSettings {
  std::string_view name;
  const Type* settings;
  std::string_view summary;  ///< empty where it is not served yet
};

/// All of them, by name.
std::span<const KnownPlugin> known_plugins();

/// Null where there is none of that name.
const KnownPlugin* find_known_plugin(std::string_view name);

}  // namespace sluice::config
