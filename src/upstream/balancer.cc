#include "upstream/balancer.h"

#include <algorithm>
#include <utility>

namespace sluice::upstream {

const Address& pick_address(const std::vector<ResolvedAddress>& addresses,
                            std::vector<Address>& failed, std::uint64_t chance) {
  if (addresses.size() == 1) return addresses.front().address;
  const auto has_failed = [&](const ResolvedAddress& each) {
    return std::ranges::find(failed, each.address) != failed.end();
  };
  if (std::ranges::all_of(addresses, has_failed))
    std::erase_if(failed, [&](const Address& each) {
      return std::ranges::find(addresses, each, &ResolvedAddress::address) != addresses.end();
    });
  const std::uint16_t priority = std::ranges::find_if_not(addresses, has_failed)->priority;
  const auto weight_of = [&](const ResolvedAddress& each) -> std::uint64_t {
    if (each.priority != priority || has_failed(each)) return 0;
    return std::max<std::uint64_t>(each.weight, 1);
  };
  std::uint64_t total = 0;
  for (const ResolvedAddress& each : addresses)
    total += weight_of(each);
  std::uint64_t left = chance % total;
  for (const ResolvedAddress& each : addresses) {
    const std::uint64_t weight = weight_of(each);
    if (left < weight) return each.address;
    left -= weight;
  }
  std::unreachable();
}

std::optional<std::size_t> RoundRobin::pick(const TargetGroup& group,
                                            const std::vector<bool>& tried) {
  const auto& targets = group.targets;
  if (credit_.size() != targets.size()) credit_.assign(targets.size(), 0);
  std::optional<std::size_t> best;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (i < tried.size() && tried[i]) continue;
    credit_[i] += targets[i].weight;
    total += targets[i].weight;
    if (!best || credit_[i] > credit_[*best]) best = i;
  }
  if (best) credit_[*best] -= total;
  return best;
}

std::optional<std::size_t> Balancers::pick(const TargetGroup& group,
                                           const std::vector<bool>& tried) {
  // Most services have one host: no state, no look-up.
  if (group.targets.size() == 1)
    return tried.empty() || !tried[0] ? std::optional<std::size_t>(0) : std::nullopt;
  if (group.targets.empty()) return std::nullopt;
  return by_id_[group.id].pick(group, tried);
}

}  // namespace sluice::upstream
