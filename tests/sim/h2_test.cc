// HTTP/2 on either side, mixed with HTTP/1.1: many exchanges on a connection, some of which their
// clients leave at a random moment, between kernels that split, delay and reset, and upstreams that
// go away or end an exchange in each of its phases.

#include <gtest/gtest.h>

#include "http/h1/client_connection.h"
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

/// A body in pieces, with pauses; tells its length or not. One that is cut fails where it would
/// end, or before.
class PiecedBody final : public http::Body {
 public:
  PiecedBody(World& world, std::string text, bool tells, bool is_cut = false)
      : world_(world),
        text_(std::move(text)),
        tells_(tells),
        cut_at_(is_cut ? world.dice.below(text_.size() + (tells ? 0 : 1)) : SIZE_MAX) {}

  Task<Result<Chunk>> read() override {
    if (world_.dice.one_in(4)) co_await world_.pause(milliseconds(5));
    if (at_ >= cut_at_) co_return fail(ErrorCode::closed, "cut");
    const std::size_t left = std::min(text_.size(), cut_at_) - at_;
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
  std::size_t cut_at_;
};

/// How far exchanges came, by what became of them: whether a family of seeds hits each phase.
struct Phases {
  enum Phase : std::uint8_t { waiting, in_body, whole };

  enum Whose : std::uint8_t {
    left,    ///< a client's, which it gave up
    broken,  ///< a client's, which failed
    seen,    ///< an origin's, which ended in whatever way
  };

  std::size_t counts[3][2][3] = {};  ///< by the second number: HTTP/1.1, HTTP/2

  void expect_all() const {
    for (const Whose whose : {left, broken, seen})
      for (const std::size_t version : {0, 1})
        for (const Phase phase : {waiting, in_body})
          EXPECT_GE(counts[whose][version][phase], 5U)
              << "whose " << int{whose} << ", HTTP/" << version + 1 << ", phase " << int{phase};
    EXPECT_GE(counts[left][0][whole] + counts[left][1][whole], 1000U);
  }
};

Phases phases;

/// One exchange, counted when its frame ends.
struct Course {
  Course(Phases::Whose its_whose, bool is_http2) : whose(its_whose), http2(is_http2) {}

  Course(const Course&) = delete;
  Course& operator=(const Course&) = delete;

  ~Course() { ++phases.counts[whose][http2 ? 1 : 0][phase]; }

  Phases::Whose whose;
  bool http2;
  Phases::Phase phase = Phases::waiting;
};

/// An origin in the version that its connections speak: gives back what it gets.
class Origin final : public http::Handler {
 public:
  Origin(World& world, bool http2, std::string_view where = "10.0.0.1:80")
      : world_(world),
        http2_(http2),
        accepting_(world.loop(), 1),
        connections_(world.loop(), 1000) {
    // Few make requests wait, or connect.
    if (world.dice.one_in(2))
      settings_.streams = static_cast<std::uint32_t>(1 + world.dice.below(4));
    const Address address = Address::parse(where).value();
    static_cast<void>(accepting_.spawn(accept(world.engine().listen(address, {}).value())));
  }

  /// Its connections take no further requests: GOAWAY, or the end of a kept connection.
  void go_away() {
    for (const auto& closing : closings_)
      closing->set(world_.loop());
  }

  /// Its connections end, whatever they carry.
  void die() { connections_.cancel(); }

  Task<Done> respond(http::Incoming& incoming, const http::ClientPtr&) override {
    Course course(Phases::seen, http2_);
    auto request = incoming.take();
    http::Response response;
    if (request) see(*request);
    if (!request) {
      response.status = 400;
    } else if (request->target.ends_with("/early")) {
      response.status = 413;
      response.body = std::make_unique<http::TextBody>(Chunk::copy_of("too much"));
    } else if (request->target.ends_with("/slow")) {
      co_await world_.pause(milliseconds(200));
    } else if (request->target.ends_with("/drop")) {
      // In the middle of the upload, if there is one.
      if (request->body != nullptr) co_await request->body->read();
      co_return Done{};
    } else if (request->body != nullptr) {
      const bool is_cut = request->target.ends_with("/cut");
      std::string text;
      for (;;) {
        auto chunk = co_await request->body->read();
        if (!chunk) co_return Done{};
        if (chunk->empty()) break;
        text += chunk->text();
      }
      const auto seed = number_in(request->headers.get("x-seed").value_or(""));
      world_.expect(seed && text == pattern(*seed, text.size()) &&
                        std::to_string(text.size()) == request->headers.get("x-size"),
                    "an upload that was cut, or another one, seems whole");
      response.body =
          std::make_unique<PiecedBody>(world_, std::move(text), world_.dice.one_in(2), is_cut);
    }
    if (request) request->body = nullptr;
    course.phase = Phases::in_body;
    if (co_await incoming.send(std::move(response))) course.phase = Phases::whole;
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
      Event& closing = *closings_.emplace_back(std::make_unique<Event>());
      static_cast<void>(connections_.spawn(
          serve(world_.loop(), std::make_unique<SocketStream>(world_.loop(), accepted->socket),
                settings_, *this, std::make_shared<http::Client>(), closing)));
    }
  }

  /// For the books: who may be asked twice.
  void see(const http::Request& request) {
    world_.ledger.sights.push_back(
        {.id = std::string(request.headers.get("x-kong-request-id").value_or("")),
         .token = std::string(request.headers.get("x-token").value_or("")),
         .method = std::string(request.method)});
  }

  World& world_;
  bool http2_;
  http::ServerSettings settings_;
  std::vector<std::unique_ptr<Event>> closings_;  ///< one a connection
  Scope accepting_;
  Scope connections_;
};

struct Home final : http::h2::ClientHome {
  explicit Home(World& its_world) : world(its_world) {}

  void on_change() noexcept override { waiting.wake_all(world.loop()); }

  World& world;
  WaitList waiting;  ///< for a place
};

/// A client's connection, and what drives it.
struct Connection {
  explicit Connection(World& world) : home(world), driver(world.loop(), 1) {}

  Home home;
  std::vector<std::string_view> where = {"/sim"};  ///< paths of services
  http::h1::ClientSettings settings;
  std::shared_ptr<http::h2::ClientConnection> http2;
  Scope driver;
};

struct Manner {
  bool http2;
  bool may_fail;           ///< else nothing bad happens
  std::string_view where;  ///< path of a service
};

/// One exchange, on a connection of either version.
Task<Done> ask_by(World& world, http::LeasePtr lease, std::uint64_t seed, Manner manner) {
  static constexpr std::string_view ways[] = {"/echo", "/echo",  "/echo", "/echo", "/cut",
                                              "/slow", "/early", "/drop", "/echo", "/echo"};
  const std::size_t kind = world.dice.below(10);
  const bool posts = kind < 8;
  const bool is_cut = kind == 4;
  const std::size_t size = std::max<std::size_t>(world.size() / 4, is_cut ? 1 : 0);
  const bool ends_badly = is_cut || kind == 7;
  const std::string target = std::string(manner.where) + std::string(ways[kind]);
  http::Request request;
  request.method = posts ? "POST" : "GET";
  request.scheme = "http";
  request.authority = "h";
  request.target = target;
  const std::string token = world.new_token();
  static_cast<void>(request.headers.set("x-token", token));
  static_cast<void>(request.headers.set("x-seed", std::to_string(seed)));
  static_cast<void>(request.headers.set("x-size", std::to_string(size)));
  http::Lease::Attempt attempt;
  if (posts)
    attempt.body = std::make_unique<PiecedBody>(world, pattern(seed, size), world.dice.one_in(2));
  http::Lease& place = *lease;
  Course course(Phases::left, manner.http2);
  auto response = co_await place.send(std::move(lease), request, attempt);
  if (!response) {
    course.whose = Phases::broken;
    world.expect(manner.may_fail || ends_badly, "no response: " + response.error().detail.text());
    co_return Done{};
  }
  course.phase = Phases::in_body;
  std::string text;
  while (response->body != nullptr) {
    auto chunk = co_await response->body->read();
    if (!chunk) {
      course.whose = Phases::broken;
      world.expect(manner.may_fail || ends_badly, "a cut response: " + chunk.error().detail.text());
      co_return Done{};
    }
    if (chunk->empty()) break;
    text += chunk->text();
  }
  course.phase = Phases::whole;
  world.ledger.receipts.push_back(
      {token, std::string(response->headers.get("x-kong-request-id").value_or("")),
       response->status});
  if (response->status != 200) {
    world.expect(kind == 6 || manner.may_fail || ends_badly,
                 "status " + std::to_string(response->status));
    co_return Done{};
  }
  // A response that seems whole is the right one, whatever else went wrong.
  world.expect(!ends_badly, "what was cut seems whole");
  const bool echoes = posts && kind < 4;
  world.expect(!echoes || text == pattern(seed, size),
               "another body: " + std::to_string(text.size()) + " of " + std::to_string(size));
  co_return Done{};
}

Task<Done> ask(World& world, Connection& connection, std::uint64_t seed, bool may_fail) {
  while (!connection.http2->has_room()) {
    if (connection.http2->is_over()) co_return Done{};
    co_await wait_for(world.loop(), connection.home.waiting);
  }
  const std::string_view where = connection.where[world.dice.below(connection.where.size())];
  co_await ask_by(world, connection.http2->lease(), seed, {true, may_fail, where});
  co_return Done{};
}

/// Leaves an exchange, or a whole connection, at a random moment.
Task<Done> leave(World& world, Task<Done> asking) {
  Event tired;
  Scope clock(world.loop(), 1);
  static_cast<void>(clock.spawn([](World& its_world, Event& event) -> Task<Done> {
    // From a few microseconds on: every phase is hit.
    co_await its_world.pause(microseconds(20u << its_world.dice.below(12)));
    event.set(its_world.loop());
    co_return Done{};
  }(world, tired)));
  co_await Until(std::move(asking), tired);
  co_return Done{};
}

using Places = std::vector<std::string_view>;

Task<Done> client(World& world, bool may_fail, bool leaves, Places where = {"/sim"}) {
  auto stream = co_await world.connect();
  if (!stream) {
    world.expect(may_fail, "no connection");
    co_return Done{};
  }
  Connection connection(world);
  connection.where = std::move(where);
  connection.http2 = std::make_shared<http::h2::ClientConnection>(
      world.loop(), *std::move(stream), connection.settings, seconds(60), connection.home);
  static_cast<void>(connection.driver.spawn(http::h2::ClientConnection::run(connection.http2)));
  {
    Scope exchanges(world.loop(), 64);
    const std::size_t count = 1 + world.dice.below(world.is_slow() ? 4 : 12);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t seed = world.dice.next();
      static_cast<void>(exchanges.spawn(leaves && world.dice.one_in(2)
                                            ? leave(world, ask(world, connection, seed, true))
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

using OldConnection = std::unique_ptr<http::h1::ClientConnection>;

/// Keeps a connection of HTTP/1.1 for the next exchange.
struct OldHome final : http::h1::ConnectionHome {
  explicit OldHome(OldConnection& its_kept) : kept(its_kept) {}

  void give_back(OldConnection connection) noexcept override { kept = std::move(connection); }

  void forget() noexcept override {}

  OldConnection& kept;
};

/// HTTP/1.1: a connection for each exchange, or for several where they may fail: the gateway's time
/// for an idle one may be over.
Task<Done> old_client(World& world, bool may_fail, bool leaves, Places where) {
  const http::h1::ClientSettings settings;
  OldConnection kept;
  for (std::size_t i = 1 + world.dice.below(world.is_slow() ? 2 : 6); i > 0; --i) {
    OldConnection connection = std::exchange(kept, nullptr);
    if (connection == nullptr || !may_fail || world.dice.one_in(3)) {
      auto stream = co_await world.connect();
      if (!stream) co_return Done{};
      connection = std::make_unique<http::h1::ClientConnection>(*std::move(stream),
                                                                std::make_shared<OldHome>(kept));
    }
    auto lease = http::h1::make_lease(world.loop(), std::move(connection), settings);
    auto asking = ask_by(world, std::move(lease), world.dice.next(),
                         {false, may_fail || leaves, where[world.dice.below(where.size())]});
    if (leaves && world.dice.one_in(2)) asking = leave(world, std::move(asking));
    co_await std::move(asking);
  }
  co_return Done{};
}

Task<Done> send_away(World& world, Origin& origin, std::size_t times) {
  while (times-- > 0) {
    co_await world.pause(milliseconds(100));
    origin.go_away();
  }
  co_return Done{};
}

Task<Done> die(World& world, Origin& origin, std::size_t times) {
  while (times-- > 0) {
    co_await world.pause(microseconds(100u << world.dice.below(11)));
    origin.die();
  }
  co_return Done{};
}

Configuration both_versions() {
  Configuration configuration;
  configuration.h2c = true;
  configuration.more =
      "- name: two\n  url: http://10.0.0.2:80\n  protocol_version: 2\n  routes:\n"
      "  - {name: two, paths: [/two], strip_path: false}\n";
  return configuration;
}

/// Clients and upstreams of both versions in one world, on shared services.
void play_mixed(World& world) {
  const bool leaves = world.dice.one_in(2);
  const bool goes_away = world.dice.one_in(2);
  world.install(both_versions());
  Origin one(world, false);
  Origin two(world, true, "10.0.0.2:80");
  // A connection of HTTP/1.1 that is closed while a request is on its way leaves it unanswered.
  const Places places = goes_away ? Places{"/two"} : Places{"/sim", "/two"};
  // Nor does a peer wait for ever until the other has heard of the end.
  const bool may_fail = leaves || (goes_away && world.is_slow());
  for (std::size_t i = 2 + world.dice.below(3); i > 0; --i)
    world.spawn(world.dice.one_in(2) ? client(world, may_fail, leaves, places)
                                     : old_client(world, may_fail, leaves, places));
  if (goes_away) world.spawn(send_away(world, two, 1 + world.dice.below(4)));
  world.run();
}

/// The same, and nobody is reliable: connections break on both sides, clients leave exchanges and
/// connections, origins go away in order or without a word.
void play_hostile(World& world) {
  world.install(both_versions());
  Origin one(world, false);
  Origin two(world, true, "10.0.0.2:80");
  const Places places{"/sim", "/two"};
  for (std::size_t i = 2 + world.dice.below(3); i > 0; --i) {
    const bool leaves = world.dice.one_in(2);
    auto its_life = world.dice.one_in(2) ? client(world, true, leaves, places)
                                         : old_client(world, true, leaves, places);
    world.spawn(world.dice.one_in(4) ? leave(world, std::move(its_life)) : std::move(its_life));
  }
  for (Origin* origin : {&one, &two}) {
    if (world.dice.one_in(3)) world.spawn(send_away(world, *origin, 1 + world.dice.below(4)));
    if (world.dice.one_in(3)) world.spawn(die(world, *origin, 1 + world.dice.below(4)));
  }
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
  faults.reset_within = microseconds(100u << dice.below(12));
}

TEST(Simulation, EchoesOverHttp2ByteForByteWhenNothingBadHappens) {
  play_seeds({"h2", play_well, calm}, 300);
}

TEST(Simulation, BothVersionsOnBothSidesSurviveWhoGoesAwayInTheMiddle) {
  play_seeds({"h2_mixed", play_mixed, calm}, 600);
}

TEST(Simulation, ClientsOfHttp2LeaveTheirExchangesAndHarmNobodyElse) {
  play_seeds({"h2_leaving", play_leaving, calm}, 400);
}

TEST(Simulation, ResetsInBothVersionsNeverMakeAWrongAnswerAndLeaveNothingBehind) {
  phases = {};
  play_seeds({"h2_resets", play_hostile, resetting}, 1000);
  if (plays_all_seeds()) phases.expect_all();
}

}  // namespace
}  // namespace sluice::sim
