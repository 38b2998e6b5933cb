#pragma once
// A whole configuration, compiled, immutable, shared by all workers.

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "config/load.h"
#include "gateway/consumers.h"
#include "gateway/pipeline_compiler.h"
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

  const Consumers& consumers() const noexcept { return consumers_; }

  /// Called by whoever installs it; the first one counts. From then on the time of credentials
  /// runs.
  void begin(WallTime now) const noexcept {
    std::int64_t never_yet = 0;
    live_since_.compare_exchange_strong(never_yet, now.time_since_epoch().count());
  }

  WallTime live_since() const noexcept {
    return WallTime(WallTime::duration(live_since_.load(std::memory_order_relaxed)));
  }

  /// Whether a group of several targets has this id: whose turn it is, workers keep.
  bool balances(std::string_view id) const noexcept;

  std::size_t service_count() const noexcept { return services_.size(); }

  std::size_t route_count() const noexcept { return routes_.size(); }

 private:
  friend class SnapshotCompiler;
  Snapshot() = default;

  Settings settings_;
  Consumers consumers_;
  TargetGroups upstreams_;
  std::vector<std::string_view> balanced_;  ///< ids, sorted
  CompiledPlugins plugins_;
  std::vector<std::unique_ptr<Service>> services_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::unique_ptr<const Router> router_;
  Pipeline without_route_;
  mutable std::atomic<std::int64_t> live_since_ = 0;
};

/// A worker's hold on a snapshot: exchanges count on it without atomics, since they never leave the
/// worker.
struct Pin {
  std::shared_ptr<const Snapshot> snapshot;
  std::uint64_t exchanges = 0;
  bool retired = false;  ///< a newer one took its place; the last exchange hands it back
};

}  // namespace sluice
