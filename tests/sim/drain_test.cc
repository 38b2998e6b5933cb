// The listener closes at a random moment: what has begun ends well, what idles ends now, nothing
// new begins.

#include <gtest/gtest.h>

#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/upstream.h"

namespace sluice::sim {
namespace {

Task<Done> drain(World& world) {
  co_await world.pause(milliseconds(1u << world.dice.below(11)));
  world.say("drain");
  world.close_listener();
  co_return Done{};
}

/// Its connection idles for ever: the drain must end it.
Task<Done> idle(World& world) {
  Ask ask = plain_ask(world);
  ask.closes = ask.http_1_0 = false;
  ask.may_break = true;
  Manner manner;
  manner.idle_max = seconds(50);
  return ask_on_one(world, {std::move(ask)}, manner);
}

void play(World& world) {
  world.install({});
  world.add_upstream("10.0.0.1:80");
  for (std::size_t clients = 1 + world.dice.below(4); clients > 0; --clients) {
    std::vector<Ask> asks;
    for (std::size_t n = 1 + world.dice.below(6); n > 0; --n) {
      Ask ask = world.dice.one_in(6) ? early_ask(world) : plain_ask(world);
      if (ask.action == "rude") ask.action = "early";
      asks.push_back(std::move(ask));
      asks.back().refusals.clear();
      asks.back().may_break = false;
    }
    Manner manner;
    manner.pipelines = world.dice.one_in(3);
    world.spawn(ask_all(world, std::move(asks), manner));
  }
  if (world.dice.one_in(2)) world.spawn(idle(world));
  world.spawn(drain(world));
  world.run();
  for (const Entry& entry : world.ledger.entries)
    world.expect(entry.error.empty(),
                 "the drain ended request " + entry.id + " with " + entry.error);
}

TEST(Simulation, DrainsWithoutBreakingWhatHasBegun) {
  play_seeds({"drain", play}, 120);
}

}  // namespace
}  // namespace sluice::sim
