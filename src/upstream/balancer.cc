#include "upstream/balancer.h"

namespace sluice::upstream {

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
