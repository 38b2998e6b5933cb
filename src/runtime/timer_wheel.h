#pragma once
// Deadlines of one loop: a hierarchical wheel, constant time to arm and to disarm. Ticks are
// milliseconds.

#include <array>
#include <cstdint>

#include "base/time.h"
#include "runtime/waiter.h"

namespace sluice {

class TimerWheel {
 public:
  explicit TimerWheel(TimePoint start) : start_(start) {}

  /// Replaces an earlier arming.
  void add(Timer& timer, TimePoint when) noexcept;
  /// When advance() must be called again at the latest; `never` when nothing is armed.
  TimePoint next() const noexcept;
  /// Makes ready whose time has come.
  void advance(Loop& loop, TimePoint now) noexcept;

 private:
  static constexpr unsigned levels = 4;
  static constexpr unsigned slots = 256;
  static constexpr unsigned words = slots / 64;

  std::uint64_t tick_at_or_after(TimePoint when) const noexcept;
  void place(Timer& timer) noexcept;
  bool expire(Loop& loop, unsigned slot) noexcept;
  void cascade(unsigned level) noexcept;
  /// The first non-empty slot of a level at or after `from`, cyclically, as a distance; `slots`
  /// when there is none.
  unsigned distance(unsigned level, unsigned from) const noexcept;

  TimePoint start_;
  std::uint64_t tick_ = 0;  ///< all slots before it are done
  std::array<std::array<WaitList, slots>, levels> lists_;
  // A set bit may stand over an empty list (timers leave without telling); a clear one never over a
  // full list.
  mutable std::array<std::array<std::uint64_t, words>, levels> used_{};
};

}  // namespace sluice
