// Plays worlds one after another; reads the environment for which ones.

#include "sim/seeds.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include <gtest/gtest.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#endif
#endif

namespace sluice::sim {
namespace {

std::string_view current_family;
std::uint64_t current_seed = 0;

void say_how_to_replay() {
  std::fprintf(stderr, "%.*s, seed %llu; replay: ./dev sim --seed %llu\n",
               static_cast<int>(current_family.size()), current_family.data(),
               static_cast<unsigned long long>(current_seed),
               static_cast<unsigned long long>(current_seed));
}

/// A crash says which seed it was, too.
void watch_for_crashes() {
  std::signal(SIGABRT, [](int) { say_how_to_replay(); });
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  __sanitizer_set_death_callback(say_how_to_replay);
#endif
#endif
}

std::optional<std::uint64_t> number_of(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? std::nullopt : number_in(text);
}

struct Played {
  std::vector<std::string> failures;
  std::uint64_t trace = 0;
  std::size_t entries = 0;
};

Played play(const Family& family, std::uint64_t seed, bool verbose) {
  current_family = family.name;
  current_seed = seed;
  SimFaults faults = SimFaults::of_seed(seed);
  Random dice(seed ^ 0xfa017);
  if (family.change != nullptr) family.change(faults, dice);
  Played played;
  const std::int64_t live_before = memory::live_bytes();
  {
    World world(seed, faults, verbose);
    family.play(world);
    world.rest();
    played = {world.failures(), world.engine().trace(), world.ledger.entries.size()};
  }
  if (played.failures.empty() && memory::live_bytes() != live_before)
    played.failures.push_back("the world left " +
                              std::to_string(memory::live_bytes() - live_before) + " bytes behind");
  return played;
}

}  // namespace

void play_seeds(const Family& family, std::size_t seeds) {
  watch_for_crashes();
  const auto only = number_of("SLUICE_SIM_SEED");
  const std::uint64_t first = only.value_or(number_of("SLUICE_SIM_FIRST").value_or(1));
  const std::uint64_t count = only ? 1 : number_of("SLUICE_SIM_SEEDS").value_or(seeds);
  std::size_t failing = 0;
  std::size_t entries = 0;
  for (std::uint64_t seed = first; seed < first + count && failing < 5; ++seed) {
    Played played = play(family, seed, only.has_value());
    entries += played.entries;
    if (seed % 10 == 0 && !only && played.failures.empty()) {
      const Played again = play(family, seed, false);
      if (again.trace != played.trace)
        played.failures.push_back("the same seed did something else when played again");
    }
    if (played.failures.empty()) continue;
    ++failing;
    std::string text;
    for (const std::string& failure : played.failures)
      text += "\n  " + failure;
    ADD_FAILURE() << family.name << ", seed " << seed << ":" << text
                  << "\nreplay: ./dev sim --seed " << seed;
  }
  std::printf("%zu exchanges\n", entries);
}

bool plays_all_seeds() {
  return !number_of("SLUICE_SIM_SEED") && !number_of("SLUICE_SIM_FIRST") &&
         !number_of("SLUICE_SIM_SEEDS");
}

}  // namespace sluice::sim
