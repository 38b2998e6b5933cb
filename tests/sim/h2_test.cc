// HTTP/2 on either side, mixed with HTTP/1.1: many exchanges on a connection, some of which their
// clients leave at a random moment, between kernels that split, delay and reset.

#include <gtest/gtest.h>

#include "http/h2/client.h"
#include "http/h2/server.h"
#include "runtime/listener.h"
#include "runtime/socket_stream.h"
#include "sim/client.h"
#include "sim/seeds.h"
#include "sim/world.h"

namespace sluice::sim {
namespace {

/// What byte `at` of a body with this seed is.
char byte_of(std::uint64_t seed, std::size_t at) {
  return static_cast<char>('a' + (seed * 131 + at * 7 + at / 253) % 26);
}

std::string pattern(std::uint64_t seed, std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = byte_of(seed, i);
  return text;
}

/// A body in pieces, with pauses; tells its length or not.
class PiecedBody final : public http::Body {
 public:
  PiecedBody(World& world, std::string text, bool tells)
      : world_(world), text_(std::move(text)), tells_(tells) {}

  Task<Result<Chunk>> read() override {
    if (world_.dice.one_in(4)) co_await world_.pause(milliseconds(5));
    const std::size_t left = text_.size() - at_;
    const std::size_t size = left == 0 ? 0 : 1 + world_.dice.below(left);
    Chunk piece = Chunk::copy_of(std::string_view(text_).substr(at_, size));
    at_ += size;
    co_return piece;
  }

  std::optional<std::uint64_t> length() const override {
    return tells_ ? std::optional<std::uint64_t>(text_.size()) : std::nullopt;
  }

 private:
  World& world_;
  std::string text_;
  std::size_t at_ = 0;
  bool tells_;
};

/// An origin in the version that its connections speak: gives back what it gets.
class Origin final : public http::Handler {
 public:
  Origin(World& world, bool http2)
      : world_(world),
        http2_(http2),
        accepting_(world.loop(), 1),
        connections_(world.loop(), 1000) {
    const Address address = Address::parse("10.0.0.1:80").value();
    static_cast<void>(accepting_.spawn(accept(world.engine().listen(address, {}).value())));
  }

  Task<Done> respond(http::Incoming& incoming, const http::ClientPtr&) override {
    auto request = incoming.take();
    http::Response response;
    if (!request) {
      response.status = 400;
    } else if (request->target.starts_with("/sim/early")) {
      response.status = 413;
      response.body = std::make_unique<http::TextBody>(Chunk::copy_of("too much"));
    } else if (request->target.starts_with("/sim/slow")) {
      co_await world_.pause(milliseconds(200));
    } else if (request->body != nullptr) {
      std::string text;
      for (;;) {
        auto chunk = co_await request->body->read();
        if (!chunk) co_return Done{};
        if (chunk->empty()) break;
        text += chunk->text();
      }
      response.body = std::make_unique<PiecedBody>(world_, std::move(text), world_.dice.one_in(2));
    }
    if (request) request->body = nullptr;
    co_await incoming.send(std::move(response));
    co_return Done{};
  }

 private:
  Task<Done> accept(SocketPtr socket) {
    Acceptor acceptor(world_.loop(), std::move(socket));
    for (;;) {
      auto accepted = co_await acceptor.accept();
      if (!accepted) {
        co_await world_.pause(milliseconds(10));
        continue;
      }
      const auto serve = http2_ ? http::h2::serve : http::serve;
      static_cast<void>(connections_.spawn(
          serve(world_.loop(), std::make_unique<SocketStream>(world_.loop(), accepted->socket),
                settings_, *this, std::make_shared<http::Client>(), closing_)));
    }
  }

  World& world_;
  bool http2_;
  http::ServerSettings settings_;
  Event closing_;
  Scope accepting_;
  Scope connections_;
};

struct Home final : http::h2::ClientHome {
  void on_change() noexcept override {}
};

/// A client's connection, and what drives it.
struct Connection {
  explicit Connection(World& world) : driver(world.loop(), 1) {}

  Home home;
  http::h1::ClientSettings settings;
  std::shared_ptr<http::h2::ClientConnection> http2;
  Scope driver;
};

/// One exchange; nothing bad happens unless `may_fail`.
Task<Done> ask(World& world, Connection& connection, std::uint64_t seed, bool may_fail) {
  if (!connection.http2->has_room()) co_return Done{};
  const std::size_t kind = world.dice.below(10);
  const std::size_t size = world.size() / 4;
  const bool posts = kind < 7;
  http::Request request;
  request.method = posts ? "POST" : "GET";
  request.scheme = "http";
  request.authority = "h";
  request.target = kind == 6 ? "/sim/early" : kind == 5 ? "/sim/slow" : "/sim/echo";
  http::Lease::Attempt attempt;
  if (posts)
    attempt.body = std::make_unique<PiecedBody>(world, pattern(seed, size), world.dice.one_in(2));
  auto lease = connection.http2->lease();
  http::Lease& place = *lease;
  auto response = co_await place.send(std::move(lease), request, attempt);
  if (!response) {
    world.expect(may_fail, "no response: " + response.error().detail.text());
    co_return Done{};
  }
  std::string text;
  while (response->body != nullptr) {
    auto chunk = co_await response->body->read();
    if (!chunk) {
      world.expect(may_fail, "a cut response: " + chunk.error().detail.text());
      co_return Done{};
    }
    if (chunk->empty()) break;
    text += chunk->text();
  }
  if (response->status != 200) {
    world.expect(kind == 6 || may_fail, "status " + std::to_string(response->status));
    co_return Done{};
  }
  // A response that seems whole is the right one, whatever else went wrong.
  const bool echoes = posts && kind < 5;
  world.expect(!echoes || text == pattern(seed, size),
               "another body: " + std::to_string(text.size()) + " of " + std::to_string(size));
  co_return Done{};
}

/// Leaves its exchange at a random moment.
Task<Done> leave(World& world, Connection& connection, std::uint64_t seed) {
  Event tired;
  Scope clock(world.loop(), 1);
  static_cast<void>(clock.spawn([](World& its_world, Event& event) -> Task<Done> {
    co_await its_world.pause(milliseconds(20));
    event.set(its_world.loop());
    co_return Done{};
  }(world, tired)));
  co_await Until(ask(world, connection, seed, true), tired);
  co_return Done{};
}

Task<Done> client(World& world, bool may_fail, bool leaves) {
  auto stream = co_await world.connect();
  if (!stream) {
    world.expect(may_fail, "no connection");
    co_return Done{};
  }
  Connection connection(world);
  connection.http2 = std::make_shared<http::h2::ClientConnection>(
      world.loop(), *std::move(stream), connection.settings, seconds(60), connection.home);
  static_cast<void>(connection.driver.spawn(http::h2::ClientConnection::run(connection.http2)));
  {
    Scope exchanges(world.loop(), 64);
    const std::size_t count = 1 + world.dice.below(world.is_slow() ? 4 : 12);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t seed = world.dice.next();
      static_cast<void>(exchanges.spawn(leaves && world.dice.one_in(2)
                                            ? leave(world, connection, seed)
                                            : ask(world, connection, seed, may_fail)));
      if (world.dice.one_in(3)) co_await world.pause(milliseconds(3));
    }
    co_await exchanges.join();
  }
  connection.http2->shut_down();
  co_await connection.driver.join();
  connection.http2 = nullptr;
  co_return Done{};
}

void play(World& world, bool may_fail, bool leaves) {
  const bool upstream_http2 = world.dice.one_in(2);
  Configuration configuration;
  configuration.h2c = true;
  if (upstream_http2) configuration.service = "  protocol_version: 2\n";
  world.install(configuration);
  Origin origin(world, upstream_http2);
  for (std::size_t i = 1 + world.dice.below(3); i > 0; --i)
    world.spawn(client(world, may_fail, leaves));
  world.run();
}

void play_well(World& world) {
  play(world, false, false);
}

void play_leaving(World& world) {
  play(world, true, true);
}

void calm(SimFaults& faults, Random&) {
  faults.connect_fails = faults.connect_hangs = faults.connection_resets = 0;
}

void resetting(SimFaults& faults, Random& dice) {
  calm(faults, dice);
  faults.connection_resets = 3;
}

TEST(Simulation, EchoesOverHttp2ByteForByteWhenNothingBadHappens) {
  play_seeds({"h2", play_well, calm}, 300);
}

TEST(Simulation, ClientsOfHttp2LeaveTheirExchangesAndHarmNobodyElse) {
  play_seeds({"h2_leaving", play_leaving, calm}, 400);
}

TEST(Simulation, ResetsOfHttp2ConnectionsNeverMakeAWrongAnswerAndLeaveNothingBehind) {
  play_seeds({"h2_resets", play_leaving, resetting}, 400);
}

}  // namespace
}  // namespace sluice::sim
