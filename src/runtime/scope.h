#pragma once
// Tasks with a common life and one owner: the only way to run a task that nobody awaits.

#include <cstddef>

#include "runtime/loop.h"
#include "runtime/task.h"

namespace sluice {

/// Its owner joins or destroys it; members may only ask for cancel(). A finished member stops to
/// count at once; its frame, hence its parameters (not its locals), lives to the end of the turn.
class Scope final : private TurnEnd {
 public:
  Scope(Loop& loop, std::size_t limit);
  /// Destroys the members. Never called by one.
  ~Scope();

  /// Begins the task. False when full: the task is destroyed, never begun.
  [[nodiscard]] bool spawn(Task<Done> task);
  /// The same for a task whose beginning makes the rest: what the beginning held is gone when the
  /// rest runs.
  [[nodiscard]] bool spawn(Task<Task<Done>> beginning);
  /// Ends when no member is left.
  Task<Done> join();
  /// Destroys all members once the turn is over; callable by a member.
  void cancel() noexcept;

  std::size_t size() const noexcept { return size_; }

  bool has_room() const noexcept { return size_ < limit_ && !cancelled_; }

 private:
  struct Member;
  static Member drive(Scope& scope, Task<Done> task);
  static Member drive_both(Scope& scope, Task<Task<Done>> beginning);
  void begin(Member member);
  static void destroy(WaitList& members) noexcept;
  void at_turn_end() noexcept override;

  Loop& loop_;
  std::size_t limit_;
  std::size_t size_ = 0;
  bool cancelled_ = false;
  WaitList running_;
  WaitList finished_;
  WaitList joining_;
};

}  // namespace sluice
