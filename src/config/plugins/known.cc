// The list of all plugins that are declared here.

#include "config/plugins/known.h"

#include <algorithm>
#include <vector>

namespace sluice::config {

std::span<const KnownPlugin> known_plugins() {
  static const std::vector<KnownPlugin> all = [] {
    std::vector<KnownPlugin> list;
    for (const auto part :
         {authentication_plugins(), openid_connect_plugins(), tokens_plugins(), traffic_plugins(),
          transformation_plugins(), validation_plugins(), observability_plugins(),
          messaging_plugins(), ai_models_plugins(), ai_content_plugins()})
      list.insert(list.end(), part.begin(), part.end());
    std::ranges::sort(list, {}, &KnownPlugin::name);
    return list;
  }();
  return all;
}

const KnownPlugin* find_known_plugin(std::string_view name) {
  const auto all = known_plugins();
  const auto found = std::ranges::lower_bound(all, name, {}, &KnownPlugin::name);
  return found != all.end() && found->name == name ? &*found : nullptr;
}

}  // namespace sluice::config
