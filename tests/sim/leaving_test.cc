// Clients leave at any moment, send half of something or nonsense: nobody else notices, and nothing
// is left of them.

#include <gtest/gtest.h>

#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/upstream.h"

namespace sluice::sim {
namespace {

/// From a few microseconds to seconds: every phase of an exchange is hit.
nanoseconds some_time(World& world) {
  return microseconds(10u << world.dice.below(18));
}

/// A request, or the beginning of one, and then nothing more.
Task<Done> send_a_part(World& world) {
  Ask ask = plain_ask(world);
  ask.closes = false;
  std::string text = ask.head() + std::string(ask.has_body ? ask.up : 0, 'x');
  if (ask.has_body && ask.up_chunked)
    text = ask.head() + chunked(std::string(ask.up, 'x'), "", world.dice);
  text.resize(world.dice.below(text.size()));
  auto stream = co_await world.connect();
  if (!stream) co_return Done{};
  static_cast<void>(
      co_await world.send(**stream, std::move(text), world.dice.one_in(8) && ask.up < 400));
  if (world.dice.one_in(2)) co_await (*stream)->end(world.loop().now() + seconds(60));
  co_await world.pause(some_time(world));
  co_return Done{};
}

/// No request at all: refused, the connection closed, nothing behind it answered.
Task<Done> send_nonsense(World& world) {
  static constexpr std::string_view texts[] = {
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET\r\n\r\n",
      "hello gateway\r\n\r\n",
      "GET /sim/down HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET /sim/down HTTP/1.1\nHost: a\n\n",
      "GET  /sim/down HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /sim/down HTTP/1.1\r\nHost: a\r\nContent-Length: 1e3\r\n\r\n",
      "POST /sim/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: "
      "3\r\n\r\n0\r\n\r\n"};
  std::string text(texts[world.dice.below(std::size(texts))]);
  if (world.dice.one_in(3)) text = pattern(world.new_token(), 1 + world.dice.below(600));
  if (text[0] == '\r' || text[0] == '\n') text[0] = 'x';
  text += "\r\n\r\nGET /sim/down?token=smuggled& HTTP/1.1\r\nHost: sim.test\r\n\r\n";
  auto stream = co_await world.connect();
  if (!stream) co_return Done{};
  Wire wire(*std::move(stream));
  static_cast<void>(co_await world.send(wire.stream(), std::move(text)));
  const Raw raw = co_await read_raw(world, wire, {});
  world.expect(raw.heads.size() == 1,
               "nonsense got " + std::to_string(raw.heads.size()) + " answers");
  for (const Head& head : raw.heads) {
    world.expect(head.status() >= 400 && head.status() < 600, "nonsense got " + head.start);
    world.expect(head.get("connection") == "close", "nonsense, and the connection goes on");
  }
  world.expect(world.ledger.sights_of("smuggled") == 0, "a request behind nonsense was answered");
  co_return Done{};
}

std::vector<Ask> asks_for_one(World& world, bool leaves) {
  std::vector<Ask> asks;
  for (std::size_t n = 1 + world.dice.below(4); n > 0; --n) {
    asks.push_back(world.dice.one_in(4) ? early_ask(world) : plain_ask(world));
    if (leaves && world.dice.one_in(4)) asks.back().action = world.dice.one_in(2) ? "hang" : "deaf";
  }
  return asks;
}

void play(World& world) {
  world.install({});
  world.add_upstream("10.0.0.1:80");
  Manner manner;
  for (std::size_t i = 1 + world.dice.below(2); i > 0; --i)
    world.spawn(ask_all(world, asks_for_one(world, false), manner));
  for (std::size_t i = 1 + world.dice.below(4); i > 0; --i) {
    manner.pipelines = world.dice.one_in(2);
    switch (world.dice.below(4)) {
      case 0:
        world.spawn(send_a_part(world));
        break;
      case 1:
        world.spawn(send_nonsense(world));
        break;
      default:
        world.spawn(ask_and_leave(world, asks_for_one(world, true), manner, some_time(world)));
    }
  }
  world.run();
}

TEST(Simulation, StandsClientsThatLeaveAtAnyMoment) {
  play_seeds({"leaving", play}, 200);
}

}  // namespace
}  // namespace sluice::sim
