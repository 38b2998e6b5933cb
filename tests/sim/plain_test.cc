// Nothing bad happens: every request is answered, by its own upstream's answer, byte for byte.

#include <gtest/gtest.h>

#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/upstream.h"

namespace sluice::sim {
namespace {

void play(World& world) {
  world.install({});
  world.add_upstream("10.0.0.1:80");
  const std::size_t clients = 1 + world.dice.below(world.is_slow() ? 3 : 5);
  for (std::size_t i = 0; i < clients; ++i) {
    std::vector<Ask> asks;
    for (std::size_t n = 1 + world.dice.below(world.is_slow() ? 3 : 6); n > 0; --n)
      asks.push_back(world.dice.one_in(6) ? early_ask(world) : plain_ask(world));
    Manner manner;
    manner.pipelines = world.dice.one_in(3);
    world.spawn(ask_all(world, std::move(asks), manner));
  }
  world.run();
}

TEST(Simulation, AnswersEveryRequestWhenNothingBadHappens) {
  play_seeds({"plain", play}, 200);
}

}  // namespace
}  // namespace sluice::sim
