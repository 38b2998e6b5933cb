#pragma once
// Which target gets the next request: weighted round-robin, one pointer a worker, as Kong's
// (kong.md §5).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "runtime/resolver.h"
#include "tls/client_context.h"

namespace sluice::upstream {

/// One place that requests may go to.
struct Target {
  std::string host;  ///< name or IP address
  std::uint16_t port = 80;
  std::uint32_t weight = 100;
  std::string authority;           ///< what Host becomes: without port 80
  std::optional<Address> address;  ///< when `host` is an IP address: nothing to resolve
};

/// A load-balanced name, or a service's own host as the only target. Immutable, in the snapshot.
struct TargetGroup {
  std::string id;  ///< of the upstream entity; the balancer's state is kept under it across reloads
  std::string host_header;
  std::vector<Target> targets;  ///< without those of weight 0
  std::uint64_t weight_total = 0;
  tls::Shown certificate;  ///< what its targets see of services that show none themselves
};

/// Which address of a resolved name gets a request's next try, as RFC 2782 says: of those that did
/// not fail it one of the lowest priority, by weight. When all are in `failed`, they go from it
/// first. `chance` is any number. Precondition: `addresses` is not empty, and by priority.
const Address& pick_address(const std::vector<ResolvedAddress>& addresses,
                            std::vector<Address>& failed, std::uint64_t chance);

/// The worker's place in one group's turn: smooth weighted round-robin, so that a heavy target does
/// not get its share in a burst.
class RoundRobin {
 public:
  /// The next target that is not in `tried`, by index; empty when all were tried.
  std::optional<std::size_t> pick(const TargetGroup& group, const std::vector<bool>& tried);

 private:
  std::vector<std::int64_t> credit_;
};

/// Node state of one worker.
class Balancers {
 public:
  std::optional<std::size_t> pick(const TargetGroup& group, const std::vector<bool>& tried);

  /// Forgets the groups that are not in use any more: is_used(id).
  template <class IsUsed>
  void forget(IsUsed&& is_used) {
    std::erase_if(by_id_, [&](const auto& entry) { return !is_used(entry.first); });
  }

  std::size_t size() const noexcept { return by_id_.size(); }

 private:
  std::unordered_map<std::string, RoundRobin> by_id_;
};

}  // namespace sluice::upstream
