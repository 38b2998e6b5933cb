#include "runtime/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "runtime/loop.h"

namespace sluice {

std::uint64_t TimerWheel::tick_at_or_after(TimePoint when) const noexcept {
  if (when <= start_) return 0;
  return static_cast<std::uint64_t>(std::chrono::ceil<milliseconds>(when - start_).count());
}

void TimerWheel::add(Timer& timer, TimePoint when) noexcept {
  timer.unlink();
  timer.woken = false;
  timer.tick = std::max(tick_at_or_after(when), tick_);
  place(timer);
}

void TimerWheel::place(Timer& timer) noexcept {
  constexpr std::uint64_t range = std::uint64_t{1} << (8 * levels);
  const std::uint64_t tick = std::min(timer.tick, tick_ + range / 2);
  // The level is the highest byte in which the tick differs from the present: its slot is reached
  // before lower bytes matter.
  const std::uint64_t differs = tick ^ tick_;
  const unsigned level =
      differs == 0 ? 0
                   : std::min((static_cast<unsigned>(std::bit_width(differs)) - 1) / 8, levels - 1);
  const unsigned slot = (tick >> (8 * level)) & (slots - 1);
  lists_[level][slot].append(timer);
  used_[level][slot / 64] |= std::uint64_t{1} << (slot % 64);
}

unsigned TimerWheel::distance(unsigned level, unsigned from) const noexcept {
  for (unsigned step = 0; step < slots;) {
    const unsigned slot = (from + step) % slots;
    const std::uint64_t word = used_[level][slot / 64] >> (slot % 64);
    if (word == 0) {
      step += 64 - slot % 64;
      continue;
    }
    step += std::countr_zero(word);
    const unsigned found = (from + step) % slots;
    if (step < slots && !lists_[level][found].empty()) return step;
    used_[level][found / 64] &= ~(std::uint64_t{1} << (found % 64));
  }
  return slots;
}

TimePoint TimerWheel::next() const noexcept {
  // A level's slots lie between the present and the next turn of its byte, so the first used level
  // is the nearest.
  for (unsigned level = 0; level < levels; ++level) {
    const unsigned here = (tick_ >> (8 * level)) & (slots - 1);
    const unsigned steps = distance(level, here);
    if (steps == slots) continue;
    const std::uint64_t aligned = tick_ >> (8 * level) << (8 * level);
    const std::uint64_t tick = std::max(tick_, aligned + (std::uint64_t{steps} << (8 * level)));
    return start_ + milliseconds(tick);
  }
  return never;
}

bool TimerWheel::expire(Loop& loop, unsigned slot) noexcept {
  WaitList& due = lists_[0][slot];
  const bool any = !due.empty();
  while (!due.empty())
    loop.make_ready(due.front());
  used_[0][slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  return any;
}

void TimerWheel::cascade(unsigned level) noexcept {
  if (level == levels) return;
  const unsigned slot = (tick_ >> (8 * level)) & (slots - 1);
  if (slot == 0) cascade(level + 1);
  WaitList moving;
  moving.splice(lists_[level][slot]);
  used_[level][slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  while (!moving.empty()) {
    auto& timer = static_cast<Timer&>(moving.front());
    timer.unlink();
    place(timer);
  }
}

void TimerWheel::advance(Loop& loop, TimePoint now) noexcept {
  if (now < start_) return;
  const auto target =
      static_cast<std::uint64_t>(std::chrono::floor<milliseconds>(now - start_).count());
  while (tick_ <= target) {
    expire(loop, tick_ & (slots - 1));
    // Over a stretch with nothing in it, in one step; but stop where a byte turns, since timers
    // move down there.
    const unsigned steps = distance(0, (tick_ + 1) & (slots - 1)) + 1;
    const std::uint64_t turn = (tick_ | (slots - 1)) + 1;
    tick_ = std::min({tick_ + steps, turn, target + 1});
    if ((tick_ & (slots - 1)) == 0) cascade(1);
  }
}

}  // namespace sluice
