// A connection to an upstream, by the frames that the upstream sends.

#include "http/h2/client.h"

#include <gtest/gtest.h>

#include "http/h2/fuzz_frames.h"
#include "runtime/engine/sim.h"
#include "runtime/listener.h"
#include "runtime/scope.h"
#include "runtime/socket_stream.h"

namespace sluice::http::h2 {
namespace {

struct Home final : ClientHome {
  void on_change() noexcept override { ++changes; }

  int changes = 0;
};

/// Gets a response, and reads it to its end or not at all.
Task<Done> get(Loop& loop, ClientConnection& connection, bool reads, Event& enough) {
  Request request;
  request.method = "GET";
  request.scheme = "http";
  request.authority = "h";
  request.target = "/";
  Lease::Attempt attempt;
  LeasePtr lease = connection.lease();
  Lease& place = *lease;
  auto response = co_await place.send(std::move(lease), request, attempt);
  if (!response) co_return Done{};
  while (reads) {
    auto chunk = co_await response->body->read();
    if (!chunk || chunk->empty()) co_return Done{};
  }
  co_await wait_for(loop, enough.waiting());
  co_return Done{};
}

constexpr std::uint8_t last_stream = 31;
constexpr std::size_t rounds = 31;  // of 2 KiB on the first stream: its window, nearly

/// Rounds of 2 KiB on the first stream and 16 KiB on each other, in one piece.
Task<Done> send_rounds(Loop& loop, Stream& stream) {
  const auto write = [&](std::string text) {
    return stream.write(Chunks(Chunk::copy_of(text)), Flush::now, never);
  };
  std::string heads;
  std::string round;
  for (std::uint8_t id = 1; id <= last_stream; id += 2) {
    heads += fuzz::frame(fuzz::type::headers, fuzz::flag::end_headers, id,
                         fuzz::field(":status", "200"));
    round += fuzz::frame(fuzz::type::data, 0, id, std::string(id == 1 ? 2048 : 16'000, 'd'));
  }
  co_await write(std::move(heads));
  for (std::size_t i = 0; i < rounds; ++i) {
    co_await write(round);
    co_await sleep_until(loop, loop.now() + milliseconds(10));
  }
  co_return Done{};
}

Task<Done> drain(Stream& stream) {
  for (;;) {
    auto chunk = co_await stream.read(read_bytes, never);
    if (!chunk || chunk->empty()) co_return Done{};
  }
}

/// `held`: bytes that live at the end of all rounds.
Task<Done> play(Loop& loop, SocketPtr listening, Address where, std::int64_t& held) {
  Acceptor acceptor(loop, std::move(listening));
  auto stream = co_await connect_stream(loop, where, never);
  auto accepted = co_await acceptor.accept();
  if (!stream || !accepted) co_return Done{};
  SocketStream upstream(loop, std::move(accepted->socket));
  Home home;
  const h1::ClientSettings settings;
  const std::int64_t before = memory::live_bytes();
  const auto connection =
      std::make_shared<ClientConnection>(loop, *std::move(stream), settings, seconds(60), home);
  Scope scope(loop, 40);
  Event enough;
  static_cast<void>(scope.spawn(ClientConnection::run(connection)));
  static_cast<void>(scope.spawn(drain(upstream)));
  co_await upstream.write(Chunks(Chunk::copy_of(fuzz::frame(fuzz::type::settings, 0, 0, ""))),
                          Flush::now, never);
  co_await sleep_until(loop, loop.now() + milliseconds(10));
  for (std::uint8_t id = 1; id <= last_stream; id += 2)
    static_cast<void>(scope.spawn(get(loop, *connection, id != 1, enough)));
  co_await sleep_until(loop, loop.now() + milliseconds(10));
  co_await send_rounds(loop, upstream);
  EXPECT_EQ(connection->active(), std::size_t{(last_stream + 1) / 2});
  held = memory::live_bytes() - before;
  scope.cancel();
  co_await scope.join();
  co_return Done{};
}

/// Drops a lease behind the end of its connection; `changes`: what the home heard of that.
Task<Done> outlive(Loop& loop, SocketPtr listening, Address where, bool is_cut, int& changes) {
  Acceptor acceptor(loop, std::move(listening));
  auto stream = co_await connect_stream(loop, where, never);
  auto accepted = co_await acceptor.accept();
  if (!stream || !accepted) co_return Done{};
  auto upstream = std::make_unique<SocketStream>(loop, std::move(accepted->socket));
  Home home;
  const h1::ClientSettings settings;
  const auto connection =
      std::make_shared<ClientConnection>(loop, *std::move(stream), settings, seconds(60), home);
  Scope scope(loop, 2);
  static_cast<void>(scope.spawn(ClientConnection::run(connection)));
  LeasePtr lease = connection->lease();
  if (is_cut) {
    scope.cancel();
  } else {
    upstream.reset();
  }
  co_await scope.join();
  EXPECT_TRUE(connection->is_over());
  const int before = home.changes;
  lease.reset();
  changes = home.changes - before;
  co_return Done{};
}

// A worker died of it: a pool is forgotten once it has no connections, whatever leases there are.
TEST(H2Client, ALeaseThatOutlivesItsConnectionTellsNobody) {
  for (const bool is_cut : {false, true}) {
    SimEngine engine(1, SimFaults());
    Loop loop(engine);
    auto listening = engine.listen(*Address::parse("127.0.0.1:80"), {}).value();
    const Address where = engine.local_address(*listening);
    int changes = -1;
    Scope main(loop, 1);
    static_cast<void>(main.spawn(outlive(loop, std::move(listening), where, is_cut, changes)));

    for (int turn = 0; main.size() > 0 && turn < 100'000; ++turn)
      loop.turn(never);

    EXPECT_EQ(changes, 0) << is_cut;
  }
}

// A piece of 2 KiB kept the whole read alive that it came with, up to 256 KiB: a hundred times what
// the window allows.
TEST(H2Client, WhatNobodyReadsKeepsLittleMoreThanItsWindow) {
  SimFaults faults;
  faults.delay_max = microseconds(0);
  faults.piece_max = faults.buffer_bytes = 512 * 1024;
  SimEngine engine(1, faults);
  Loop loop(engine);
  auto listening = engine.listen(*Address::parse("127.0.0.1:80"), {}).value();
  const Address where = engine.local_address(*listening);
  std::int64_t held = 0;
  Scope main(loop, 1);
  static_cast<void>(main.spawn(play(loop, std::move(listening), where, held)));

  for (int turn = 0; main.size() > 0 && turn < 100'000; ++turn)
    loop.turn(never);

  EXPECT_EQ(main.size(), 0U);
  EXPECT_GT(held, 2048 * std::int64_t{rounds});
  EXPECT_LT(held, 20 * 65'535);
}

}  // namespace
}  // namespace sluice::http::h2
