// Configurations change while exchanges run: no exchange fails for it, and old snapshots go when
// their last one ends.

#include <gtest/gtest.h>

#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/upstream.h"

namespace sluice::sim {
namespace {

Configuration random_configuration(World& world) {
  Configuration configuration;
  configuration.several_targets = world.dice.one_in(2);
  configuration.service = "  retries: " + std::to_string(1 + world.dice.below(8)) + "\n";
  if (world.dice.one_in(2))
    configuration.more =
        "- name: other\n  host: 10.0.0.2\n  port: 80\n  routes:\n"
        "  - {name: other, paths: [/other], strip_path: false}\n";
  if (world.dice.one_in(3)) configuration.gateway = "  upstream: {keepalive_pool_size: 1}\n";
  if (world.dice.one_in(3))
    configuration.gateway = "  limits: {requests_per_connection: 10000, header_count: 90}\n";
  return configuration;
}

Task<Done> reload(World& world) {
  for (std::size_t n = 1 + world.dice.below(8); n > 0; --n) {
    co_await world.pause(milliseconds(1u << world.dice.below(8)));
    world.say("reload");
    world.install(random_configuration(world));
  }
  co_return Done{};
}

void play(World& world) {
  world.install(random_configuration(world));
  world.add_upstream("10.0.0.1:80");
  world.add_upstream("10.0.0.2:80");
  for (std::size_t clients = 1 + world.dice.below(4); clients > 0; --clients) {
    std::vector<Ask> asks;
    for (std::size_t n = 1 + world.dice.below(5); n > 0; --n) {
      asks.push_back(world.dice.one_in(6) ? early_ask(world) : plain_ask(world));
      if (!asks.back().answers_early() && world.dice.one_in(4)) {
        asks.back().prefix = "/other/";  // of some configurations only
        asks.back().refusals = {0, 404};
      }
    }
    Manner manner;
    manner.pipelines = world.dice.one_in(3);
    if (world.dice.one_in(4))
      world.spawn(ask_and_leave(world, std::move(asks), manner, milliseconds(200)));
    else
      world.spawn(ask_all(world, std::move(asks), manner));
  }
  world.spawn(reload(world));
  world.run();
  world.pass(seconds(1));
}

TEST(Simulation, ReloadsWithoutAnyExchangeNoticing) {
  play_seeds({"reload", play}, 120);
}

}  // namespace
}  // namespace sluice::sim
