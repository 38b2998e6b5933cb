#pragma once
// Runs a task to its end on a loop of any engine, from ordinary test code.

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "runtime/engine/sim.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace sluice::testing {

template <class T>
Task<Done> store(Task<T> task, std::optional<T>& result) {
  result.emplace(co_await std::move(task));
  co_return Done{};
}

/// Turns the loop until `done`. A simulated kernel that can do nothing more or that needs more than
/// an hour of its time (periodic timers go on for ever), and a minute of real time, end the test.
template <class Condition>
void turn_until(Loop& loop, Condition done) {
  auto* sim = dynamic_cast<SimEngine*>(&loop.engine());
  const TimePoint limit = loop.engine().now() + (sim != nullptr ? seconds(3600) : seconds(60));
  while (!done()) {
    loop.turn(sim != nullptr ? never : loop.engine().now() + milliseconds(100));
    const bool hangs = (sim != nullptr && sim->stalled()) || loop.engine().now() > limit;
    if (!hangs || done()) continue;
    std::fprintf(stderr, "nothing more will happen, and the test is not done\n");
    std::abort();
  }
}

template <class T>
T run(Loop& loop, Task<T> task) {
  std::optional<T> result;
  Scope scope(loop, 1);
  if (!scope.spawn(store(std::move(task), result))) std::abort();
  turn_until(loop, [&] { return result.has_value(); });
  return *std::move(result);
}

}  // namespace sluice::testing
