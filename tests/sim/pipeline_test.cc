// Plugins that refuse, read bodies ahead, change them and depend on who calls, while clients and
// upstreams are as slow and broken up as the kernel likes: everybody gets their own.

#include <gtest/gtest.h>

#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/upstream.h"

namespace sluice::sim {
namespace {

constexpr std::size_t body_bytes_max = 10'000;

Ask ask_with_key(World& world) {
  Ask ask = plain_ask(world);
  switch (world.dice.below(4)) {
    case 0:
      ask.more += "&apikey=wrong";
      ask.refusals = {401};
      return ask;
    case 1:
      ask.refusals = {401};
      return ask;
    default:
      ask.more += world.dice.one_in(2) ? "&apikey=key-of-ann" : "&apikey=key-of-bob";
  }
  // Bob may send more than everybody.
  const bool is_bob = ask.more.ends_with("bob");
  if (ask.has_body && ask.up > body_bytes_max && !is_bob) ask.refusals = {413, 417};
  return ask;
}

void play(World& world) {
  Configuration configuration;
  configuration.consumers =
      "[{username: ann, keyauth_credentials: [{key: key-of-ann}]}, {username: bob, "
      "keyauth_credentials: [{key: key-of-bob}]}]";
  configuration.plugins =
      "- {name: key-auth}\n"
      "- {name: request-size-limiting, config: {allowed_payload_size: 10000, size_unit: bytes}}\n"
      "- {name: request-size-limiting, consumer: bob, config: {allowed_payload_size: 100}}\n"
      "- {name: request-transformer, config: {add: {headers: [\"X-Added:1\"]}}}\n"
      "- {name: response-transformer, consumer: ann, config: {add: {headers: [\"X-For:ann\"]}}}\n"
      "- {name: cors}\n";
  world.install(configuration);
  world.add_upstream("10.0.0.1:80");
  const std::size_t clients = 1 + world.dice.below(world.is_slow() ? 3 : 5);
  for (std::size_t i = 0; i < clients; ++i) {
    std::vector<Ask> asks;
    for (std::size_t n = 1 + world.dice.below(world.is_slow() ? 3 : 6); n > 0; --n)
      asks.push_back(ask_with_key(world));
    Manner manner;
    manner.pipelines = world.dice.one_in(3);
    if (world.dice.one_in(4))
      world.spawn(ask_and_leave(world, std::move(asks), manner, milliseconds(200)));
    else
      world.spawn(ask_all(world, std::move(asks), manner));
  }
  world.run();
}

TEST(Simulation, PluginsGiveEverybodyTheirOwn) {
  play_seeds({"pipeline", play}, 200);
}

}  // namespace
}  // namespace sluice::sim
