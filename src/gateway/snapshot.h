#pragma once
// A whole configuration, compiled, immutable, shared by all workers.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.h"
#include "gateway/consumers.h"
#include "gateway/pipeline_compiler.h"
#include "gateway/route.h"
#include "gateway/router/router.h"
#include "gateway/settings.h"
#include "tls/certificates.h"
#include "tls/client_verification.h"

namespace sluice {

/// Routes that are different from those of a snapshot. What they refer to is known to it: indexes
/// are those of the file that it was compiled from.
struct RouteChanges {
  std::vector<config::Route> put;       ///< new, or instead of the route with that id
  std::vector<config::Plugin> plugins;  ///< all of those routes' own; route_index is one of `put`
  std::vector<config::Uuid> removed;
};

/// Of listeners that ask their clients for a certificate, by address.
using ListenerVerifications = std::vector<std::pair<std::string, tls::ClientVerificationsPtr>>;

class Snapshot {
 public:
  /// Null, and what is wrong in `diagnostics`, when the file cannot be served. Compiled regular
  /// expressions are taken over from `previous`.
  static std::shared_ptr<const Snapshot> compile(const config::LoadedFile& file,
                                                 PluginCatalog catalog,
                                                 config::Diagnostics& diagnostics,
                                                 const Snapshot* previous = nullptr);

  /// `previous` with other routes: what did not change is shared with it, so that one of 100,000
  /// routes changes in a hundredth of a second. Null as above; places in `diagnostics` are those of
  /// the routes.
  static std::shared_ptr<const Snapshot> compile(const Snapshot& previous,
                                                 const RouteChanges& changes, PluginCatalog catalog,
                                                 config::Diagnostics& diagnostics);

  const Settings& settings() const noexcept { return base_->settings; }

  const Router& router() const noexcept { return *router_; }

  /// Global plugins that run where no route matched.
  const Pipeline& without_route() const noexcept { return without_route_; }

  /// What listeners with TLS show.
  const tls::CertificatesPtr& certificates() const noexcept { return base_->certificates; }

  /// What a listener with TLS asks of its clients, by its address in the configuration; null:
  /// nothing.
  tls::ClientVerificationsPtr client_verifications(std::string_view listener) const;

  /// Whether any listener asks its clients for a certificate.
  bool verifies_clients() const noexcept { return !base_->client_verifications.empty(); }

  const Consumers& consumers() const noexcept { return base_->consumers; }

  /// Called by whoever installs it; the first one counts. From then on the time of credentials
  /// runs.
  void begin(WallTime now) const noexcept {
    std::int64_t never_yet = 0;
    base_->live_since.compare_exchange_strong(never_yet, now.time_since_epoch().count());
  }

  WallTime live_since() const noexcept {
    return WallTime(WallTime::duration(base_->live_since.load(std::memory_order_relaxed)));
  }

  /// Whether a group of several targets has this id: whose turn it is, workers keep.
  bool balances(std::string_view id) const noexcept;

  std::size_t service_count() const noexcept { return base_->services.size(); }

  std::size_t route_count() const noexcept { return router_->size(); }

 private:
  friend class SnapshotCompiler;
  Snapshot() = default;

  /// All but routes: shared by the snapshots of a row of changes.
  struct Base {
    Settings settings;
    config::RouterFlavor router_flavor = config::RouterFlavor::traditional_compatible;
    tls::CertificatesPtr certificates;
    ListenerVerifications client_verifications;
    Consumers consumers;
    TargetGroups upstreams;
    std::vector<std::string_view> balanced;  ///< ids of groups, sorted
    CompiledPlugins plugins;
    PluginScopes scopes;
    std::vector<std::unique_ptr<const Service>> services;
    mutable std::atomic<std::int64_t> live_since = 0;
  };

  std::shared_ptr<const Base> base_;
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
