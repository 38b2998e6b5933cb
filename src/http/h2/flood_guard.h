#pragma once
// What a peer may ask of a connection beyond exchanges that get somewhere: pings, settings, resets,
// empty frames. Spent as from a bucket that time and work refill.

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace sluice::http::h2 {

/// What each frame costs. Attacks and their names: CVE-2019-9511 to 9518 (floods of control and
/// empty frames), CVE-2023-44487 (rapid reset), CVE-2025-8671 (resets that the server is made to
/// send).
namespace cost {
inline constexpr std::int64_t control = 1;         ///< PING, SETTINGS, PRIORITY, WINDOW_UPDATE
inline constexpr std::int64_t empty_frame = 100;   ///< no data, and no end
inline constexpr std::int64_t reset = 10;          ///< RST_STREAM, by either side
inline constexpr std::int64_t violation = 20;      ///< a frame that the protocol forbids
inline constexpr std::int64_t field_too_many = 2;  ///< in a section that is too large already
}  // namespace cost

class FloodGuard {
 public:
  explicit FloodGuard(TimePoint now) : at_(now) {}

  /// False when the peer asked for too much: end the connection.
  bool spend(std::int64_t units, TimePoint now) noexcept {
    refill(now);
    left_ -= units;
    return left_ >= 0;
  }

  /// A data frame moved, or an exchange came to its end: the peer may say something about it.
  void earn(std::int64_t units) noexcept { left_ = std::min(left_ + units, capacity); }

 private:
  // A browser that leaves a page resets its hundred streams at once; gRPC pings and opens windows
  // with each message. Neither goes on for ever without a message.
  static constexpr std::int64_t capacity = 2000;
  static constexpr std::int64_t units_per_second = 200;

  void refill(TimePoint now) noexcept {
    const auto passed = std::chrono::duration_cast<milliseconds>(now - at_);
    if (passed.count() < 10) return;
    earn(std::min<std::int64_t>(passed.count(), 60'000) * units_per_second / 1000);
    at_ = now;
  }

  std::int64_t left_ = capacity;
  TimePoint at_;
};

}  // namespace sluice::http::h2
