#pragma once
// A step of pipelines, as a file declares it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/entities/common.h"

namespace sluice::config {

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
  std::vector<std::string> tags;

  std::optional<std::uint32_t> service_index;  ///< in LoadedFile::services; all three empty: global
  std::optional<std::uint32_t> route_index;    ///< in LoadedFile::routes
  std::optional<std::uint32_t> consumer_index;  ///< in LoadedFile::consumers
  std::string path;                             ///< in the file, such as services[2].plugins[0]
  Place place;

  static constexpr std::string_view type_name = "plugin";
  static constexpr auto fields();
};

}  // namespace sluice::config
