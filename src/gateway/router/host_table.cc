#include "gateway/router/host_table.h"

#include <algorithm>

namespace sluice {

void HostTable::put(const HostRoutes* old, std::shared_ptr<const HostRoutes> routes) {
  if (old != nullptr) {
    std::ranges::find(slots_, old, &Slot::routes)->routes = routes.get();
    *std::ranges::find(owned_, old, &std::shared_ptr<const HostRoutes>::get) = std::move(routes);
    return;
  }
  owned_.push_back(std::move(routes));
  if (owned_.size() * 2 > slots_.size())
    resize(slots_.size() * 2);
  else
    place(owned_.back().get());
}

void HostTable::remove(const HostRoutes* old) {
  owned_.erase(std::ranges::find(owned_, old, &std::shared_ptr<const HostRoutes>::get));
  resize(slots_.size());
}

void HostTable::reserve(std::size_t hosts) {
  std::size_t slots = slots_.size();
  while (slots < hosts * 2)
    slots *= 2;
  owned_.reserve(hosts);
  resize(slots);
}

void HostTable::resize(std::size_t slots) {
  slots_.assign(slots, Slot());
  mask_ = slots - 1;
  for (const auto& routes : owned_)
    place(routes.get());
}

void HostTable::place(const HostRoutes* routes) {
  const std::uint64_t hash = hash_of(routes->host());
  std::size_t at = hash & mask_;
  while (slots_[at].routes != nullptr)
    at = (at + 1) & mask_;
  slots_[at] = {hash, routes};
}

}  // namespace sluice
