#pragma once
// A whole configuration, compiled, immutable, shared by all workers.

#include <cstdint>
#include <memory>
#include <vector>

#include "config/load.h"
#include "gateway/plugin.h"
#include "gateway/route.h"
#include "gateway/router/router.h"
#include "gateway/settings.h"

namespace sluice {

class Snapshot {
 public:
  /// Null, and what is wrong in `diagnostics`, when the file cannot be served.
  static std::shared_ptr<const Snapshot> compile(const config::LoadedFile& file,
                                                 PluginCatalog catalog,
                                                 config::Diagnostics& diagnostics);

  const Settings& settings() const noexcept { return settings_; }

  const Router& router() const noexcept { return *router_; }

  /// Global plugins that run where no route matched.
  const Pipeline& without_route() const noexcept { return without_route_; }

  std::size_t service_count() const noexcept { return services_.size(); }

  std::size_t route_count() const noexcept { return routes_.size(); }

 private:
  friend class SnapshotCompiler;
  Snapshot() = default;

  Settings settings_;
  std::vector<std::unique_ptr<const Plugin>> plugins_;
  std::vector<std::unique_ptr<Service>> services_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::unique_ptr<const Router> router_;
  Pipeline without_route_;
};

/// A worker's hold on a snapshot: exchanges count on it without atomics, since they never leave the
/// worker.
struct Pin {
  std::shared_ptr<const Snapshot> snapshot;
  std::uint64_t exchanges = 0;
  bool retired = false;  ///< a newer one took its place; the last exchange hands it back
};

}  // namespace sluice
