// A worker over its memory limit refuses before any work, and serves again once there is room.

#include <gtest/gtest.h>

#include "base/chunk.h"
#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/upstream.h"

namespace sluice::sim {
namespace {

std::vector<Ask> asks_of(World& world, std::set<int> refusals) {
  std::vector<Ask> asks;
  for (std::size_t n = 1 + world.dice.below(3); n > 0; --n) {
    asks.push_back(plain_ask(world));
    asks.back().refusals = refusals;
  }
  return asks;
}

void play(World& world) {
  Configuration configuration;
  configuration.gateway = "  limits: {worker_memory: 16777216}\n";
  world.install(configuration);
  world.add_upstream("10.0.0.1:80");
  {
    // As much as other exchanges of this worker might hold.
    const Chunk ballast = Chunk::with_room(16'777'216);
    for (std::size_t i = 1 + world.dice.below(3); i > 0; --i)
      world.spawn(ask_all(world, asks_of(world, {503}), {}));
    world.run();
    world.expect(world.ledger.sights.empty(),
                 "an upstream got a request of a worker over its limit");
    for (const Entry& entry : world.ledger.entries)
      world.expect(entry.error == "overloaded", "was refused with " + entry.error);
    // At its limit in the middle of things: what has begun goes on.
    for (std::size_t i = 0; i < 2; ++i)
      world.spawn(ask_all(world, asks_of(world, {0, 503}), {}));
    world.pass(milliseconds(world.dice.below(50)));
  }
  world.run();
  const std::size_t before = world.ledger.entries.size();
  for (std::size_t i = 1 + world.dice.below(3); i > 0; --i)
    world.spawn(ask_all(world, asks_of(world, {}), {}));
  world.run();
  world.expect(world.ledger.entries.size() > before, "nothing was served again");
}

TEST(Simulation, RefusesOverTheMemoryLimitAndRecovers) {
  play_seeds({"memory", play}, 80);
}

}  // namespace
}  // namespace sluice::sim
