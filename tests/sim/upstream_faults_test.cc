// Upstreams that refuse, die, break off or talk nonsense: what is safe to repeat is repeated,
// nothing else is.

#include <algorithm>

#include <gtest/gtest.h>

#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/upstream.h"

namespace sluice::sim {
namespace {

// What the gateway keeps of a body for another attempt; see replay_bytes in gateway/proxy.cc.
constexpr std::size_t surely_repeatable = 30'000;
constexpr std::uint64_t retries = 5;

bool may_repeat(const Ask& ask) {
  return ask.method != "POST" && ask.method != "PATCH";
}

/// Dies before the first byte of the answer, so many times.
Ask dropped_ask(World& world) {
  Ask ask = plain_ask(world);
  ask.action = "drop";
  ask.status = 200;
  ask.hints = 0;
  ask.how = world.dice.one_in(2) ? "cl" : "chunked";
  const std::uint64_t times = 1 + world.dice.below(7);
  ask.more = "&times=" + std::to_string(times);
  if (!may_repeat(ask) || times > retries) {
    ask.refusals = {502};
    // The gateway may have told the client that the connection ends, or that the upload is not
    // wanted any more.
    ask.log_error = "upstream_closed";
  } else if (ask.up > surely_repeatable) {
    ask.refusals = {0, 502};
  }
  return ask;
}

/// Ends inside its answer: the client must be able to tell.
Ask cut_ask(World& world) {
  Ask ask = plain_ask(world);
  ask.action = "cut";
  if (ask.method == "HEAD") ask.method = "GET";
  ask.status = 200;
  ask.http_1_0 = ask.keeps_1_0 = false;
  ask.how = world.dice.one_in(2) ? "cl" : "chunked";
  ask.down_trailer = false;
  ask.down = 1 + world.size();
  ask.more = "&cut=" + std::to_string(1 + world.dice.below(ask.down));
  ask.must_break = true;
  ask.log_error = "upstream_closed";
  return ask;
}

Ask cut_head_ask(World& world) {
  Ask ask = plain_ask(world);
  ask.action = "cut";
  ask.status = 200;
  ask.hints = 0;
  ask.how = "cl";
  ask.down = 0;
  ask.more = "&cut=" + std::to_string(1 + world.dice.below(40));
  ask.refusals = {502};
  return ask;
}

Ask garbage_ask(World& world) {
  Ask ask = plain_ask(world);
  ask.action = "garbage";
  ask.hints = 0;
  ask.refusals = {502};
  return ask;
}

Ask talkative_ask(World& world) {
  Ask ask = plain_ask(world);
  ask.action = "down";
  ask.hints = static_cast<int>(11 + world.dice.below(20));
  ask.refusals = {502};
  return ask;
}

void play_faults(World& world) {
  Configuration configuration;
  configuration.several_targets = world.dice.one_in(2);
  world.install(configuration);
  world.add_upstream("10.0.0.1:80");
  world.add_upstream("10.0.0.2:80");
  Manner manner;
  for (std::size_t clients = 1 + world.dice.below(3); clients > 0; --clients) {
    std::vector<Ask> asks;
    for (std::size_t n = 1 + world.dice.below(4); n > 0; --n) {
      switch (world.dice.below(8)) {
        case 0:
          asks.push_back(cut_ask(world));
          break;
        case 1:
          asks.push_back(cut_head_ask(world));
          break;
        case 2:
          asks.push_back(garbage_ask(world));
          break;
        case 3:
          asks.push_back(talkative_ask(world));
          break;
        case 4:
        case 5:
          asks.push_back(dropped_ask(world));
          break;
        default:
          asks.push_back(plain_ask(world));
      }
    }
    manner.pipelines = world.dice.one_in(3);
    world.spawn(ask_all(world, std::move(asks), manner));
  }
  world.run();
}

/// A hostile answer behind an answer: who asks next must not get it (security 1.9).
void play_surplus(World& world) {
  world.install({});
  world.add_upstream("10.0.0.1:80");
  std::vector<Ask> asks;
  for (std::size_t n = 2 + world.dice.below(3); n > 0; --n) {
    asks.push_back(plain_ask(world));
    if (world.dice.one_in(2)) {
      asks.back().action = "surplus";
      asks.back().status = 200;
      asks.back().more = "";
      asks.back().how = world.dice.one_in(2) ? "cl" : "chunked";
    }
    asks.back().wait_behind = seconds(2);  // until all of it is there
    asks.back().closes = false;
  }
  world.spawn(ask_all(world, std::move(asks), {}));
  world.run();
}

/// Connections die while they idle, and some just when they are used again.
void play_idle_ends(World& world) {
  world.install({});
  world.add_upstream("10.0.0.1:80").idle_max = milliseconds(1 + world.dice.below(40));
  for (std::size_t clients = 1 + world.dice.below(4); clients > 0; --clients) {
    std::vector<Ask> asks;
    for (std::size_t n = 2 + world.dice.below(6); n > 0; --n) {
      Ask ask = plain_ask(world);
      if (ask.method != "GET" && ask.method != "HEAD") ask.up = std::min(ask.up, surely_repeatable);
      if (!may_repeat(ask)) ask.refusals = {0, 502};
      asks.push_back(std::move(ask));
    }
    world.spawn(ask_all(world, std::move(asks), {}));
  }
  world.run();
}

/// Connects are refused and connections break by chance, those of clients too: whatever is whole is
/// right.
void play_chaos(World& world) {
  Configuration configuration;
  configuration.several_targets = world.dice.one_in(2);
  world.install(configuration);
  world.add_upstream("10.0.0.1:80");
  world.add_upstream("10.0.0.2:80").idle_max = milliseconds(world.dice.below(40));
  for (std::size_t clients = 1 + world.dice.below(4); clients > 0; --clients) {
    std::vector<Ask> asks;
    for (std::size_t n = 1 + world.dice.below(5); n > 0; --n) {
      asks.push_back(world.dice.one_in(5) ? early_ask(world) : plain_ask(world));
      asks.back().refusals = {0, 502};
      asks.back().may_break =
          world.engine().faults().connection_resets > 0 || asks.back().answers_early();
    }
    Manner manner;
    manner.pipelines = world.dice.one_in(3);
    world.spawn(ask_all(world, std::move(asks), manner));
  }
  world.run();
  if (world.engine().faults().connection_resets > 0) return;
  // Connects alone fail: then only after all attempts.
  for (const Entry& entry : world.ledger.entries)
    if (entry.error == "connect_failed")
      world.expect(entry.tries == retries + 1,
                   "gave up after " + std::to_string(entry.tries) + " attempts");
}

TEST(Simulation, RepeatsWhatIsSafeAndReportsTheRest) {
  play_seeds({"upstream faults", play_faults}, 150);
}

TEST(Simulation, KeepsSurplusBytesOfAnUpstreamFromEverybody) {
  play_seeds({"surplus", play_surplus}, 40);
}

TEST(Simulation, RepeatsWhatMetAnIdleConnectionThatEnds) {
  play_seeds({"idle ends", play_idle_ends}, 100);
}

TEST(Simulation, NeverRepeatsPostsWhenConnectionsBreak) {
  play_seeds({"chaos", play_chaos,
              [](SimFaults& faults, Random& dice) {
                if (!dice.one_in(3))
                  faults.connect_fails = static_cast<unsigned>(2 + dice.below(6));
                if (!dice.one_in(3))
                  faults.connection_resets = static_cast<unsigned>(1 + dice.below(6));
              }},
             150);
}

}  // namespace
}  // namespace sluice::sim
