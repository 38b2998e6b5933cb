#pragma once
// Kong's plugins that are declared and not served yet: their settings are checked, and a
// configuration that needs one is refused. One that is served is declared in plugins/ instead.

#include <span>
#include <string_view>

#include "config/types.h"

namespace sluice::config {

/// Where Kong lets a plugin be given, beside for all requests.
struct AllowedScopes {
  bool service = true;
  bool route = true;
  bool consumer = true;
  bool consumer_group = true;
};

inline constexpr AllowedScopes everywhere;
inline constexpr AllowedScopes not_for_groups{.consumer_group = false};
inline constexpr AllowedScopes not_for_consumers{.consumer = false, .consumer_group = false};

/// What else than HTTP Kong lets a plugin name in `protocols`.
struct AllowedStreams {
  bool tcp = false;  ///< and `tls`
  bool udp = false;
  bool tls_passthrough = false;
};

inline constexpr AllowedStreams only_http;

struct KnownPlugin {
  std::string_view name;
  AllowedScopes scopes;
  std::string_view summary;
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
  std::string_view summary;
  bool is_served;
};

/// All of them, by name.
std::span<const KnownPlugin> known_plugins();

/// Null where there is none of that name.
const KnownPlugin* find_known_plugin(std::string_view name);

}  // namespace sluice::config
