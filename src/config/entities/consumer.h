#pragma once
// Who calls.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/entities/common.h"
#include "config/entities/plugin.h"

namespace sluice::config {

struct Consumer {
  Uuid id;
  std::optional<std::string> username;
  std::optional<std::string> custom_id;
  std::vector<std::string> tags;
  std::vector<Plugin> plugins;  ///< empty after loading
  Place place;

  static constexpr std::string_view type_name = "consumer";
  static constexpr auto fields();
  static void check(Consumer& consumer, const Given& given);
};

}  // namespace sluice::config
