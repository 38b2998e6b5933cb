#pragma once
// Names for time. Durations carry their unit in the type; only runtime/ reads a clock.

#include <chrono>

namespace sluice {

using TimePoint = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// A deadline that never comes.
inline constexpr TimePoint never = TimePoint::max();

/// The deadline `wait` after `now`, never earlier than `now` and never beyond `never`.
constexpr TimePoint after(TimePoint now, nanoseconds wait) {
  if (wait <= nanoseconds::zero()) return now;
  return wait > never - now ? never : now + wait;
}

}  // namespace sluice
