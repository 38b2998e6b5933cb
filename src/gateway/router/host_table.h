#pragma once
// From a host to its routes: one hash, and nearly always one line of memory before the routes
// themselves.

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/router/host_routes.h"

namespace sluice {

/// A copy shares the routes. Hosts come from the configuration, so that no peer can make them
/// collide.
class HostTable {
 public:
  bool empty() const noexcept { return owned_.empty(); }

  /// Null where there is none.
  const HostRoutes* find(std::string_view host) const noexcept {
    const std::uint64_t hash = hash_of(host);
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.routes == nullptr) return nullptr;
      if (slot.hash == hash && slot.routes->host() == host) return slot.routes;
    }
  }

  /// In no order.
  std::span<const std::shared_ptr<const HostRoutes>> all() const noexcept { return owned_; }

  /// Takes the place of `old`, which is the table's; null: the host is new.
  void put(const HostRoutes* old, std::shared_ptr<const HostRoutes> routes);
  void remove(const HostRoutes* old);
  void reserve(std::size_t hosts);

 private:
  struct Slot {
    std::uint64_t hash = 0;
    const HostRoutes* routes = nullptr;
  };

  static std::uint64_t mix(std::uint64_t left, std::uint64_t right) noexcept {
    const auto product = static_cast<unsigned __int128>(left) * right;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  static std::uint64_t hash_of(std::string_view host) noexcept;
  void resize(std::size_t slots);
  void place(const HostRoutes* routes);

  std::vector<Slot> slots_ = std::vector<Slot>(1);  ///< a power of two, half of them free
  std::size_t mask_ = 0;
  std::vector<std::shared_ptr<const HostRoutes>> owned_;
};

inline std::uint64_t HostTable::hash_of(std::string_view host) noexcept {
  const char* const text = host.data();
  const std::size_t size = host.size();
  std::uint64_t hash = size + 0x9E3779B97F4A7C15U;
  std::uint64_t word = 0;
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      std::memcpy(&word, text + at, 8);
      hash = mix(hash ^ word, 0xD6E8FEB86659FD93U);
    }
    // The last word overlaps the one before it.
    std::memcpy(&word, text + size - 8, 8);
  } else {
    for (std::size_t at = 0; at < size; ++at)
      word = word << 8 | static_cast<unsigned char>(text[at]);
  }
  return mix(hash ^ word, 0xA0761D6478BD642FU);
}

}  // namespace sluice
