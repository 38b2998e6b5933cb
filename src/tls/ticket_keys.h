#pragma once
// Keys of session tickets (RFC 5077 §4, RFC 8446 §4.6.1): a new one every hour, the same on all
// workers, without a word between them.

#include <array>
#include <chrono>
#include <cstdint>
#include <span>

#include "base/time.h"

namespace sluice::tls {

struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> cipher{};  ///< AES-256
  std::array<unsigned char, 32> mac{};     ///< HMAC-SHA-256
};

/// One worker's view. Each hour's secret is a hash of the one before, which is then forgotten: who
/// takes a node's memory reads no ticket of the hours before the last.
class TicketKeys {
 public:
  static constexpr std::chrono::hours period{1};
  /// Tickets are good for at least this long.
  static constexpr std::chrono::hours lifetime{1};

  using Secret = std::array<unsigned char, 32>;

  /// Begins with the process's own secret.
  explicit TicketKeys(WallTime now);
  TicketKeys(const Secret& secret, WallTime now);

  /// For new tickets.
  const TicketKey& current(WallTime now);
  /// Null for a name that is unknown or too old.
  const TicketKey* find(std::span<const unsigned char, 16> name, WallTime now);

 private:
  void move_to(WallTime now);

  std::int64_t hour_;
  Secret secret_;
  TicketKey current_;
  TicketKey previous_;
};

}  // namespace sluice::tls
