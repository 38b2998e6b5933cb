#pragma once
// A step of pipelines, as a file declares it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/entities/common.h"

namespace sluice::config {

/// Plugins of one phase; Kong knows `access` only.
struct PluginPhases {
  std::vector<std::string> access;

  static constexpr std::string_view type_name = "plugin_phases";
  static constexpr auto fields();
};

/// Where a plugin runs, relative to others by name, whatever the priorities.
struct PluginOrdering {
  std::optional<PluginPhases> before;
  std::optional<PluginPhases> after;

  static constexpr std::string_view type_name = "plugin_ordering";
  static constexpr auto fields();
};

/// A step of the pipelines in its scope; the node's plugin catalog decides what `config` may hold.
struct Plugin {
  Uuid id;
  std::string name;
  std::optional<std::string> instance_name;
  const Node* config =
      nullptr;  ///< null where none is given; lives as long as LoadedFile::document
  bool enabled = true;
  std::vector<Protocol> protocols = {Protocol::grpc, Protocol::grpcs, Protocol::http,
                                     Protocol::https};
  Reference service;
  Reference route;
  Reference consumer;
  Reference consumer_group;
  std::optional<PluginOrdering> ordering;
  std::vector<std::string> tags;
  Reference shared_config;  ///< empty after loading: `config` has all

  std::optional<std::uint32_t> service_index;   ///< in LoadedFile::services; all four empty: global
  std::optional<std::uint32_t> route_index;     ///< in LoadedFile::routes
  std::optional<std::uint32_t> consumer_index;  ///< in LoadedFile::consumers
  std::optional<std::uint32_t> consumer_group_index;  ///< in LoadedFile::consumer_groups
  std::string path;  ///< in the file, such as services[2].plugins[0]
  Place place;

  static constexpr std::string_view type_name = "plugin";
  static constexpr bool checks_flawed = true;
  static constexpr auto fields();
  static void check(Plugin& plugin, const Given& given);
};

}  // namespace sluice::config
