// Upgrades: both directions at once, each end first, refusals, bytes that come too early, clients
// that leave.

#include <gtest/gtest.h>

#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/upstream.h"

namespace sluice::sim {
namespace {

Ask tunnel_ask(World& world) {
  Ask ask;
  ask.token = world.new_token();
  ask.action = "tunnel";
  ask.up = 1 + world.size();
  return ask;
}

Task<Done> upload(World& world, Stream& stream, std::string bytes, bool ends) {
  if (co_await world.send(stream, std::move(bytes)) && ends)
    co_await stream.end(world.loop().now() + seconds(600));
  co_return Done{};
}

/// Sends and receives at once; whoever is to end it does, and the other hears of it.
Task<Done> use_tunnel(World& world) {
  Ask ask = tunnel_ask(world);
  const bool client_ends = world.dice.one_in(2);
  const std::size_t expected = client_ends ? ask.up : 1 + world.dice.below(ask.up);
  if (!client_ends) ask.more = "&until=" + std::to_string(expected);
  const std::string bytes = pattern(ask.token + "u", ask.up);
  // Bytes that do not wait for the 101: kept until it comes.
  const std::size_t early = world.dice.one_in(3) ? world.dice.below(ask.up) : 0;

  auto stream = co_await world.connect();
  Wire wire(*std::move(stream));
  static_cast<void>(co_await world.send(wire.stream(), ask.head() + bytes.substr(0, early)));
  const Head head = co_await wire.read_head();
  // When the upstream ends first, bytes that it never read make its end a reset, which may overtake
  // what it sent.
  const bool may_be_cut = !client_ends && expected < ask.up;
  world.expect(head.status() == 101 || (may_be_cut && head.ended == Ended::cut),
               ask.token + " was not upgraded: " + head.start);
  if (head.status() != 101) co_return Done{};
  check_answer_head(world, head, ask.token);
  world.expect(head.get("upgrade") == "echo" && head.get("connection") == "Upgrade",
               ask.token + " has a bad 101");
  world.expect(head.get("x-token") == ask.token, ask.token + " got another request's tunnel");

  Scope sending(world.loop(), 1);
  static_cast<void>(sending.spawn(upload(world, wire.stream(), bytes.substr(early), client_ends)));
  std::string got;
  for (;;) {
    const std::string piece = co_await wire.read_some();
    if (piece.empty()) break;
    got += piece;
  }
  world.say("client: " + ask.token + " got " + std::to_string(got.size()) + " of " +
            std::to_string(expected));
  world.expect(got.size() == expected || may_be_cut,
               ask.token + " lost bytes of the tunnel: " + std::to_string(got.size()) + " of " +
                   std::to_string(expected));
  world.expect(bytes.compare(0, got.size(), got) == 0,
               ask.token + " got other bytes from the tunnel");
  world.ledger.receipts.push_back({ask.token, head.get("x-kong-request-id"), 101, 0, 0});
  co_return Done{};
}

/// Answered with something else than 101: what comes behind is a request, never a tunnel
/// (security 1.8).
std::vector<Ask> refused_asks(World& world) {
  Ask refused = plain_ask(world);
  refused.action = "refuse";
  refused.method = "GET";
  refused.has_body = refused.up_chunked = refused.up_trailer = refused.expects_continue =
      refused.closes = false;
  refused.http_1_0 = refused.keeps_1_0 = false;
  refused.up = 0;
  if (refused.how == "close") refused.how = "cl";
  Ask behind = plain_ask(world);
  return {std::move(refused), std::move(behind)};
}

Task<Done> leave_tunnel(World& world) {
  Event leave;
  Scope timer(world.loop(), 1);
  static_cast<void>(timer.spawn([](World& its_world, Event& event) -> Task<Done> {
    co_await its_world.pause(microseconds(10u << its_world.dice.below(16)));
    event.set(its_world.loop());
    co_return Done{};
  }(world, leave)));
  static_cast<void>(co_await Until(use_tunnel(world), leave));
  co_return Done{};
}

void play(World& world) {
  world.install({});
  world.add_upstream("10.0.0.1:80");
  for (std::size_t clients = 1 + world.dice.below(4); clients > 0; --clients) {
    Manner manner;
    manner.pipelines = world.dice.one_in(2);
    switch (world.dice.below(6)) {
      case 0:
        world.spawn(ask_all(world, refused_asks(world), manner));
        break;
      case 1:
        world.spawn(ask_all(world, {plain_ask(world), plain_ask(world)}, manner));
        break;
      case 2:
        world.spawn(leave_tunnel(world));
        break;
      default:
        world.spawn(use_tunnel(world));
    }
  }
  world.run();
}

TEST(Simulation, CarriesTunnelsBothWays) {
  play_seeds({"tunnels", play}, 120);
}

}  // namespace
}  // namespace sluice::sim
