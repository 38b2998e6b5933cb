// Every timeout, in virtual time: it comes when it should, with the answer and the log line that it
// should, and not while something moves.

#include <gtest/gtest.h>

#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/upstream.h"

namespace sluice::sim {
namespace {

// As configured below.
constexpr seconds header{2}, body_idle{3}, keep_alive{4}, write_idle{5}, tunnel_idle{6},
    pool_idle{3};
constexpr milliseconds connect_timeout{1500}, read_timeout{2500}, write_timeout{3500},
    request_timeout{1800};
// The gateway's clock starts before the client sees why, and the client hears of the end late.
constexpr milliseconds on_the_way{200}, tolerance{400};

Configuration configuration() {
  Configuration result;
  result.gateway = "  upstream: {keepalive_idle_timeout: 3}\n";
  result.service =
      "  retries: 1\n  connect_timeout: 1500\n  read_timeout: 2500\n  write_timeout: 3500\n";
  result.more =
      "- name: hurried\n  host: 10.0.0.1\n  port: 80\n  request_timeout: 1800\n  routes:\n"
      "  - {name: hurried, paths: [/hurried], strip_path: false}\n";
  return result;
}

class Clock {
 public:
  explicit Clock(World& world) : world_(world), from_(world.loop().now()) {}

  void expect(nanoseconds expected, const std::string& what) const {
    const nanoseconds took = world_.loop().now() - from_;
    world_.expect(took >= expected - on_the_way && took <= expected + tolerance,
                  what + " took " + std::to_string(took / milliseconds(1)) + " ms, not " +
                      std::to_string(expected / milliseconds(1)));
  }

 private:
  World& world_;
  TimePoint from_;
};

/// Sends `text` on a connection of its own, then reads until the gateway ends it.
Task<Raw> send_and_wait(World& world, std::string text, std::string method = "GET") {
  auto stream = co_await world.connect();
  Wire wire(*std::move(stream));
  static_cast<void>(co_await world.send(wire.stream(), std::move(text)));
  co_return co_await read_raw(world, wire, {std::move(method)});
}

void expect_one(World& world, const Raw& raw, int status, const std::string& what) {
  world.expect(raw.heads.size() == 1 && raw.heads[0].status() == status,
               what + " got " + (raw.heads.empty() ? "nothing" : raw.heads[0].start) + ", not " +
                   std::to_string(status));
}

Task<Done> says_nothing(World& world) {
  const Clock clock(world);
  const Raw raw = co_await send_and_wait(world, "");
  clock.expect(header, "a silent client");
  world.expect(raw.heads.empty() && raw.clean, "a silent client got an answer");
  co_return Done{};
}

Task<Done> stops_in_head(World& world) {
  const Clock clock(world);
  const std::string text = Ask{.token = world.new_token()}.head();
  const Raw raw =
      co_await send_and_wait(world, text.substr(0, 1 + world.dice.below(text.size() - 2)));
  // The answer comes at once, the end as soon as the client has it.
  clock.expect(header, "half a head");
  expect_one(world, raw, 408, "half a head");
  co_return Done{};
}

/// A byte now and then does not help: the head's time is absolute.
Task<Done> dribbles_head(World& world) {
  auto stream = co_await world.connect();
  Wire wire(*std::move(stream));
  const Clock clock(world);
  Scope sender(world.loop(), 1);
  static_cast<void>(sender.spawn([](World& its_world, Wire& its_wire) -> Task<Done> {
    const std::string text = Ask{.token = its_world.new_token()}.head();
    for (const char byte : text) {
      if (!co_await its_world.send(its_wire.stream(), std::string(1, byte))) break;
      co_await sleep_until(its_world.loop(), its_world.loop().now() + milliseconds(100));
    }
    co_return Done{};
  }(world, wire)));
  const Raw raw = co_await read_raw(world, wire, {"GET"});
  clock.expect(header, "a head in drops");
  expect_one(world, raw, 408, "a head in drops");
  co_return Done{};
}

Ask upload_of(World& world, std::size_t size) {
  Ask ask;
  ask.token = world.new_token();
  ask.method = "POST";
  ask.action = "echo";
  ask.has_body = true;
  ask.up = size;
  ask.up_chunked = world.dice.one_in(2);
  return ask;
}

Task<Done> stops_in_body(World& world) {
  const Ask ask = upload_of(world, 1000);
  const Clock clock(world);
  const std::string part =
      ask.up_chunked ? "1f4\r\n" + std::string(world.dice.below(400), 'x') : std::string(400, 'x');
  const Raw raw = co_await send_and_wait(world, ask.head() + part, "POST");
  clock.expect(body_idle, "half a body");
  expect_one(world, raw, 408, "half a body");
  world.ledger.expected_errors[ask.token] = "request_timeout";
  co_return Done{};
}

/// Slow, but never silent for long: longer than each timeout, and served.
Task<Done> uploads_slowly(World& world) {
  Ask ask = upload_of(world, 8);
  ask.up_chunked = false;
  const std::string body = pattern(ask.token + "u", ask.up);
  auto stream = co_await world.connect();
  Wire wire(*std::move(stream));
  static_cast<void>(co_await world.send(wire.stream(), ask.head()));
  for (const char byte : body) {
    co_await sleep_until(world.loop(), world.loop().now() + milliseconds(1400));
    static_cast<void>(co_await world.send(wire.stream(), std::string(1, byte)));
  }
  const Head head = co_await wire.read_head();
  world.expect(head.status() == 200 && head.get("x-token") == ask.token,
               "a slow upload got " + head.start);
  if (head.ended == Ended::whole) {
    const Content content = co_await wire.read_body(head, true);
    world.expect(content.bytes == body, "a slow upload came back otherwise");
  }
  co_return Done{};
}

Task<Done> idles(World& world) {
  Ask ask = plain_ask(world);
  ask.closes = ask.http_1_0 = ask.keeps_1_0 = ask.has_body = ask.up_trailer = ask.expects_continue =
      false;
  ask.more.clear();
  ask.method = "GET";
  ask.action = "down";
  auto stream = co_await world.connect();
  Wire wire(*std::move(stream));
  static_cast<void>(co_await world.send(wire.stream(), ask.head()));
  Head head = co_await wire.read_head();
  while (head.status() == 103)
    head = co_await wire.read_head();
  if (ask.status != 204 && ask.status != 304)
    static_cast<void>(co_await wire.read_body(head, true));
  const Clock clock(world);
  const std::string more = co_await wire.read_some();
  clock.expect(keep_alive, "an idle connection");
  world.expect(more.empty(), "bytes on an idle connection");
  co_return Done{};
}

Task<Done> upstream_hangs(World& world, std::string prefix, nanoseconds expected,
                          std::string error) {
  Ask ask = plain_ask(world);
  ask.action = "hang";
  ask.prefix = std::move(prefix);
  ask.expects_continue = false;
  ask.refusals = {504};
  ask.log_error = std::move(error);
  ask.up = std::min<std::size_t>(ask.up, 500);  // the upstream's time begins behind the upload
  const Clock clock(world);
  Manner manner;
  manner.idle_max = milliseconds(1);
  const std::string token = ask.token;
  ask.closes = !ask.http_1_0;
  co_await ask_on_one(world, {std::move(ask)}, manner);
  clock.expect(expected, token + " at an upstream that hangs");
  co_return Done{};
}

Task<Done> connect_hangs(World& world) {
  Ask ask = plain_ask(world);
  ask.refusals = {504};
  ask.expects_continue = false;
  auto stream = co_await world.connect();
  Wire wire(*std::move(stream));
  // No connection of the pool may help.
  world.worker().pools.close_idle();
  world.engine().faults().connect_hangs = 1;
  const Clock clock(world);
  ask.method = "GET";
  ask.has_body = ask.up_trailer = ask.http_1_0 = ask.keeps_1_0 = false;
  ask.closes = true;
  static_cast<void>(co_await world.send(wire.stream(), ask.head()));
  const Raw raw = co_await read_raw(world, wire, {"GET"});
  world.engine().faults().connect_hangs = 0;
  clock.expect(2 * connect_timeout, "a connect that hangs");
  expect_one(world, raw, 504, "a connect that hangs");
  co_return Done{};
}

/// Takes no byte of a large answer: the gateway does not keep it for ever.
Task<Done> reads_nothing(World& world) {
  Ask ask;
  ask.token = world.new_token();
  ask.down = 3'000'000;
  ask.how = world.dice.one_in(2) ? "cl" : "chunked";
  world.ledger.expected_errors[ask.token] = "client_gone";
  auto stream = co_await world.connect();
  static_cast<void>(co_await world.send(**stream, ask.head()));
  const Clock clock(world);
  Event& gone = (*stream)->gone();
  if (!gone.is_set()) co_await wait_for(world.loop(), gone.waiting());
  clock.expect(write_idle, "a client that reads nothing");
  co_return Done{};
}

Task<Done> upstream_is_deaf(World& world) {
  Ask ask = upload_of(world, 3'000'000);
  ask.action = "deaf";
  ask.refusals = {504};
  ask.log_error = "upstream_write_timeout";
  const Clock clock(world);
  const std::string token = ask.token;
  co_await ask_on_one(world, {std::move(ask)}, {});
  clock.expect(write_timeout, token + " at an upstream that takes nothing");
  co_return Done{};
}

/// The tunnel is silent in both directions, from the beginning or behind some messages.
Task<Done> tunnel_idles(World& world) {
  Ask ask;
  ask.token = world.new_token();
  ask.action = "tunnel";
  ask.up = 5;
  ask.more = "&quiet=1";
  auto stream = co_await world.connect();
  Wire wire(*std::move(stream));
  static_cast<void>(co_await world.send(wire.stream(), ask.head()));
  const Head head = co_await wire.read_head();
  world.expect(head.status() == 101, "no tunnel: " + head.start);
  // The upstream waits for one more.
  for (const char byte : pattern(ask.token + "u", 5).substr(1 + world.dice.below(5))) {
    co_await sleep_until(world.loop(), world.loop().now() + seconds(3));
    static_cast<void>(co_await world.send(wire.stream(), std::string(1, byte)));
  }
  const Clock clock(world);
  const std::string bytes = co_await wire.read_some();
  clock.expect(tunnel_idle, "a silent tunnel");
  world.expect(bytes.empty(), "bytes from a silent tunnel");
  co_return Done{};
}

/// Only one direction moves, for longer than the idle time: then the other one still works.
Task<Done> tunnel_moves_one_way(World& world) {
  Ask ask;
  ask.token = world.new_token();
  ask.action = "tunnel";
  ask.up = 5;
  const bool client_talks = world.dice.one_in(2);
  ask.more = client_talks ? "&quiet=1" : "&ticks=5";
  const std::string expected =
      (client_talks ? "" : pattern(ask.token + "t", 5)) + pattern(ask.token + "u", 5);
  auto stream = co_await world.connect();
  Wire wire(*std::move(stream));
  static_cast<void>(co_await world.send(wire.stream(), ask.head()));
  const Head head = co_await wire.read_head();
  world.expect(head.status() == 101, "no tunnel: " + head.start);
  std::string got;
  if (!client_talks) got = (co_await wire.read_length(5)).bytes;
  for (const char byte : pattern(ask.token + "u", 5)) {
    if (client_talks) co_await sleep_until(world.loop(), world.loop().now() + seconds(2));
    static_cast<void>(co_await world.send(wire.stream(), std::string(1, byte)));
  }
  got += (co_await wire.read_length(5)).bytes;
  world.expect(got == expected, ask.token + ": a tunnel that moved one way broke");
  co_return Done{};
}

Task<Done> script(World& world, std::uint64_t number) {
  switch (number) {
    case 0:
      return says_nothing(world);
    case 1:
      return stops_in_head(world);
    case 2:
      return dribbles_head(world);
    case 3:
      return stops_in_body(world);
    case 4:
      return uploads_slowly(world);
    case 5:
      return idles(world);
    case 6:
      return upstream_hangs(world, "/sim/", read_timeout, "upstream_read_timeout");
    case 7:
      return upstream_hangs(world, "/hurried/", request_timeout, "deadline_exceeded");
    case 8:
      return reads_nothing(world);
    case 9:
      return upstream_is_deaf(world);
    case 10:
      return tunnel_idles(world);
    case 11:
      return tunnel_moves_one_way(world);
    default:
      return ask_all(world, {plain_ask(world), plain_ask(world)}, {});
  }
}

void play(World& world) {
  Configuration settings = configuration();
  settings.timeouts =
      "header: 2, body_idle: 3, keep_alive: 4, write_idle: 5, tunnel_idle: 6, linger: 1";
  world.install(settings);
  const Upstream& upstream = world.add_upstream("10.0.0.1:80");
  for (std::size_t i = 2 + world.dice.below(4); i > 0; --i)
    world.spawn(script(world, world.dice.below(13)));
  world.run();
  world.pass(pool_idle + seconds(2));
  world.expect(upstream.open_connections() == 0, "an idle upstream connection was not closed");
  if (world.dice.one_in(4)) world.spawn(connect_hangs(world));
  world.run();
}

TEST(Simulation, KeepsEveryTimeout) {
  play_seeds({"timeouts", play,
              [](SimFaults& faults, Random&) {
                faults.piece_max = std::max<std::size_t>(faults.piece_max, 4000);
              }},
             150);
}

}  // namespace
}  // namespace sluice::sim
