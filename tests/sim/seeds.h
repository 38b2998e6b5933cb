#pragma once
// Runs a scenario for many seeds, and says how to see a failing one again.

#include <cstddef>
#include <string_view>

#include "sim/world.h"

namespace sluice::sim {

struct Family {
  std::string_view name;
  void (*play)(World& world);
  /// Changes what SimFaults::of_seed chose; may be null.
  void (*change)(SimFaults& faults, Random& dice) = nullptr;
};

/// SLUICE_SIM_SEED=N plays that seed alone, and tells what happens; SLUICE_SIM_FIRST and
/// SLUICE_SIM_SEEDS choose a range. Some seeds are played twice: the same seed must do the same.
void play_seeds(const Family& family, std::size_t seeds);

/// Whether the environment chooses none: what many seeds together come to can be expected.
bool plays_all_seeds();

}  // namespace sluice::sim
