// Bodies of known length that are large enough to stay in the kernel, in both directions, while
// either side answers early, breaks off or leaves: every byte arrives, or the cut shows.

#include <algorithm>

#include <gtest/gtest.h>

#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/upstream.h"

namespace sluice::sim {
namespace {

std::size_t large(World& world) {
  return 140'000 + world.dice.below(160'000);
}

Ask large_ask(World& world) {
  Ask ask;
  ask.token = world.new_token();
  const bool up = !world.dice.one_in(3);
  const bool down = !up || world.dice.one_in(3);
  if (up) {
    ask.method = world.dice.one_in(2) ? "PUT" : "POST";
    ask.has_body = true;
    ask.up = large(world);
    ask.action = world.dice.one_in(2) ? "echo" : "down";
    ask.expects_continue = world.dice.one_in(6);
  }
  if (down) ask.down = large(world);
  ask.closes = world.dice.one_in(8);
  return ask;
}

/// As early_ask(), but the upload is large and of known length.
Ask refused_ask(World& world) {
  Ask ask = early_ask(world);
  ask.up = large(world);
  ask.up_chunked = false;
  return ask;
}

/// Dies inside its answer, perhaps while the upload runs.
Ask cut_ask(World& world) {
  Ask ask = large_ask(world);
  ask.action = "cut";
  ask.down = large(world);
  ask.more = "&cut=" + std::to_string(1 + world.dice.below(ask.down));
  ask.must_break = true;
  ask.log_error = "upstream_closed";
  return ask;
}

std::vector<Ask> asks_for_one(World& world, bool leaves) {
  std::vector<Ask> asks;
  for (std::size_t n = 1 + world.dice.below(3); n > 0; --n) {
    switch (world.dice.below(6)) {
      case 0:
        asks.push_back(refused_ask(world));
        break;
      case 1:
        asks.push_back(cut_ask(world));
        if (leaves) asks.back().log_error.clear();  // perhaps before the upstream dies
        break;
      default:
        asks.push_back(large_ask(world));
        if (leaves && world.dice.one_in(4))
          asks.back().action = world.dice.one_in(2) ? "hang" : "deaf";
    }
  }
  return asks;
}

void large_pieces(SimFaults& faults, Random& dice) {
  faults.piece_max = std::max<std::size_t>(faults.piece_max, 1000 + dice.below(64 * 1024));
}

void play(World& world) {
  world.install({});
  world.add_upstream("10.0.0.1:80");
  for (std::size_t i = 1 + world.dice.below(2); i > 0; --i)
    world.spawn(ask_all(world, asks_for_one(world, false), {}));
  for (std::size_t i = world.dice.below(3); i > 0; --i)
    world.spawn(ask_and_leave(world, asks_for_one(world, true), {},
                              microseconds(10u << world.dice.below(16))));
  world.run();
}

TEST(Simulation, CarriesLargeBodiesBothWays) {
  play_seeds({"large", play, large_pieces}, 120);
}

}  // namespace
}  // namespace sluice::sim
