#pragma once
// The loop of one worker: completions, timers, ready coroutines, in turns. Everything on it is
// single-threaded but post().

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "base/time.h"
#include "runtime/engine.h"
#include "runtime/op.h"
#include "runtime/timer_wheel.h"
#include "runtime/waiter.h"

namespace sluice {

/// What is to be done once at the end of a turn: sends that one turn collected, cancels.
class TurnEnd {
 public:
  TurnEnd() = default;
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;
  virtual void at_turn_end() noexcept = 0;

 protected:
  ~TurnEnd() { entry_.unlink(); }

 private:
  friend class Loop;

  struct Entry : Waiter {
    TurnEnd* owner = nullptr;
  } entry_;
};

class Loop {
 public:
  explicit Loop(Engine& engine);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// The clock: read once a turn.
  TimePoint now() const noexcept { return now_; }

  WallTime wall() const noexcept {
    return wall_base_ + std::chrono::duration_cast<WallTime::duration>(now_ - now_base_);
  }

  std::uint64_t random() { return engine_.random(); }

  Engine& engine() noexcept { return engine_; }

  /// Completions, timers, ready, last, flushes, cancels. Sleeps until `until` at the latest, and
  /// never while anything is ready.
  void turn(TimePoint until);
  /// Turns until stop() is called.
  void run();
  /// Callable from any thread.
  void stop() noexcept;

  bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

  /// Resumed by a later step of this turn or the next one; safe in any callback.
  void make_ready(Waiter& waiter) noexcept {
    waiter.unlink();
    waiter.woken = true;
    ready_.append(waiter);
  }

  /// Resumed in this turn, once nothing else is ready.
  void make_last(Waiter& waiter) noexcept {
    waiter.unlink();
    waiter.woken = true;
    last_.append(waiter);
  }

  /// Makes it ready at `when`, not earlier, at most 1 ms and a turn later. `never` arms nothing.
  void wake_at(Timer& timer, TimePoint when) noexcept {
    if (when != never) wheel_.add(timer, when);
  }

  /// False after 64 inline completions in one turn: suspend and be fair (see yield()).
  bool may_go_on() noexcept { return inline_left_-- > 0; }

  void at_turn_end(TurnEnd& end) noexcept {
    if (end.entry_.linked()) return;
    end.entry_.owner = &end;
    turn_ends_.append(end.entry_);
  }

  /// Runs `work` in a turn of this loop; callable from any thread. The only way in from outside.
  void post(std::move_only_function<void()> work);

  /// Wakes who waits in rings() then, in a turn of this loop. Callable from any thread and from a
  /// signal handler, where post() is not: the reason lies in what the handler stored before.
  void ring() noexcept;

  WaitList& rings() noexcept { return rings_; }

  bool start(Op& op);
  /// Ends an operation that nobody wants any more.
  void abandon(Op& op) noexcept;

  /// Called by the engine, inside wait(): time has passed.
  void read_clock() noexcept { now_ = std::max(now_, engine_.now()); }

  /// Called by the engine, inside wait(), behind read_clock().
  void complete(Op& op, std::int64_t result) noexcept;

  /// How long the last turns were busy, 0 to 1: balances accepts, feeds overload. Any thread.
  double load() const noexcept { return load_.load(std::memory_order_relaxed); }

 private:
  void run_ready();
  void run_posted();
  void free_op(Op& op) noexcept;

  Engine& engine_;
  TimePoint now_;
  TimePoint now_base_;
  WallTime wall_base_;
  WaitList ready_;
  WaitList last_;
  WaitList turn_ends_;
  WaitList rings_;
  TimerWheel wheel_;
  int inline_left_ = 0;
  std::int64_t ops_pending_ = 0;

  std::mutex posted_mutex_;
  std::vector<std::move_only_function<void()>> posted_;
  std::atomic<bool> has_posted_ = false;  ///< or rung
  std::atomic<bool> rung_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<double> load_ = 0;
};

template <class Kind>
bool OpHandle<Kind>::start() {
  return loop_->start(*op_);
}

template <class Kind>
void OpHandle<Kind>::reset() noexcept {
  if (op_ != nullptr) loop_->abandon(*std::exchange(op_, nullptr));
}

/// Suspends until `list` wakes the caller, or until `deadline`: co_await wait_for(loop, list,
/// deadline) is true when woken. Registered at once, which keeps what that needs out of the frame
/// that waits: to be awaited where it is made.
class [[nodiscard]] TimedWait {
 public:
  TimedWait(Loop& loop, WaitList& list, TimePoint deadline) noexcept {
    list.push(waiter_);
    loop.wake_at(timer_, deadline);
  }

  TimedWait(const TimedWait&) = delete;
  TimedWait& operator=(const TimedWait&) = delete;

  bool await_ready() const noexcept { return false; }

  void await_suspend(std::coroutine_handle<> frame) noexcept {
    waiter_.frame = timer_.frame = frame;
  }

  bool await_resume() noexcept {
    waiter_.unlink();
    timer_.unlink();
    return waiter_.woken;
  }

 private:
  Waiter waiter_;
  Timer timer_;
};

inline TimedWait wait_for(Loop& loop, WaitList& list, TimePoint deadline = never) {
  return {loop, list, deadline};
}

/// As TimedWait, and `stop` ends it too: false then. Null, or not set yet.
class [[nodiscard]] StoppableWait {
 public:
  StoppableWait(Loop& loop, WaitList& list, TimePoint deadline, Event* stop) noexcept
      : wait_(loop, list, deadline) {
    if (stop != nullptr) stop->waiting().push(stopped_);
  }

  bool await_ready() const noexcept { return false; }

  void await_suspend(std::coroutine_handle<> frame) noexcept {
    wait_.await_suspend(frame);
    stopped_.frame = frame;
  }

  bool await_resume() noexcept {
    stopped_.unlink();
    return wait_.await_resume();
  }

 private:
  TimedWait wait_;
  Waiter stopped_;
};

inline StoppableWait wait_for(Loop& loop, WaitList& list, TimePoint deadline, Event* stop) {
  return {loop, list, deadline, stop};
}

/// co_await sleep_until(loop, when).
class [[nodiscard]] Sleep {
 public:
  Sleep(Loop& loop, TimePoint when) : loop_(loop), when_(when) {}

  Sleep(const Sleep&) = delete;
  Sleep& operator=(const Sleep&) = delete;

  bool await_ready() const noexcept { return false; }

  void await_suspend(std::coroutine_handle<> frame) noexcept {
    timer_.frame = frame;
    loop_.wake_at(timer_, when_);
  }

  void await_resume() const noexcept {}

 private:
  Loop& loop_;
  TimePoint when_;
  Timer timer_;
};

inline Sleep sleep_until(Loop& loop, TimePoint when) {
  return {loop, when};
}

/// Goes to the back of the ready list: co_await yield(loop).
class [[nodiscard]] Yield {
 public:
  explicit Yield(Loop& loop) : loop_(loop) {}

  Yield(const Yield&) = delete;
  Yield& operator=(const Yield&) = delete;

  bool await_ready() const noexcept { return false; }

  void await_suspend(std::coroutine_handle<> frame) noexcept {
    waiter_.frame = frame;
    loop_.make_ready(waiter_);
  }

  void await_resume() const noexcept {}

 private:
  Loop& loop_;
  Waiter waiter_;
};

inline Yield yield(Loop& loop) {
  return Yield(loop);
}

}  // namespace sluice
