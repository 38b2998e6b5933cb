// What every engine keeps, through Loop and SocketStream: run on the simulated kernel with many
// seeds, and on epoll.

#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/scope.h"
#include "support/engine_contract.h"

namespace sluice {
namespace {

using testing::EngineContract;
using testing::pattern;
using testing::receive_all;
using testing::run;
using testing::send_all;

TEST_P(EngineContract, CarriesBytesBothWaysAtOnceInOrder) {
  auto [client, server] = run(*loop_, connected());
  const std::string up = pattern(300'000);
  const std::string down = pattern(200'001);

  Scope scope(*loop_, 4);
  std::optional<std::string> got_up, got_down;
  ASSERT_TRUE(scope.spawn(send_all(*client, up, 4096, true)));
  ASSERT_TRUE(scope.spawn(send_all(*server, down, 70'000, false)));
  ASSERT_TRUE(scope.spawn(testing::store(receive_all(*loop_, *server, 32'768), got_up)));
  ASSERT_TRUE(scope.spawn(testing::store(receive_all(*loop_, *client, 1000), got_down)));
  testing::turn_until(*loop_, [&] { return scope.size() == 0; });

  EXPECT_EQ(got_up, up);
  EXPECT_EQ(got_down, down);
}

/// Passes `size` bytes on: by the kernel where it can, by copies where it says so.
Task<std::size_t> pass_on(Stream& from, Stream& to, std::size_t size) {
  std::size_t by_pipe = 0;
  for (std::size_t done = 0; done < size;) {
    PipePtr pipe;
    const auto moved = co_await from.read_into(pipe, size - done, never);
    if (!moved) co_return 0uz;
    if (*moved > 0) {
      EXPECT_TRUE((co_await to.write_from(pipe, *moved, never)).has_value());
      by_pipe += *moved;
      done += *moved;
      continue;
    }
    auto chunk = co_await from.read(size - done, never);
    if (!chunk || chunk->empty()) co_return 0uz;
    done += chunk->size();
    EXPECT_TRUE((co_await to.write(Chunks(*std::move(chunk)), Flush::end_of_turn, never)));
  }
  EXPECT_TRUE((co_await to.end(never)).has_value());
  co_return by_pipe;
}

TEST_P(EngineContract, PassesBytesFromSocketToSocketInOrder) {
  auto [sender, in] = run(*loop_, connected());
  auto [receiver, out] = run(*loop_, connected());
  const std::string text = pattern(on_kernel() ? 4'000'003 : 40'003);

  Scope scope(*loop_, 4);
  std::optional<std::string> got;
  std::optional<std::size_t> by_pipe;
  ASSERT_TRUE(scope.spawn(send_all(*sender, text, 30'000, true)));
  static_cast<void>(out->write(Chunks(Chunk::copy_of("before ")), Flush::end_of_turn, never));
  ASSERT_TRUE(scope.spawn(testing::store(pass_on(*in, *out, text.size()), by_pipe)));
  ASSERT_TRUE(scope.spawn(testing::store(receive_all(*loop_, *receiver, 70'000), got)));
  testing::turn_until(*loop_, [&] { return scope.size() == 0; });

  EXPECT_EQ(got, "before " + text);
  if (on_kernel()) EXPECT_GT(by_pipe, text.size() / 2);
}

/// Passes all that comes on, until one side fails.
Task<Result<Done>> pass_until_failure(Loop& loop, Stream& from, Stream& to, nanoseconds patience) {
  for (;;) {
    PipePtr pipe;
    CO_TRY(const std::size_t moved, co_await from.read_into(pipe, 200'000, never));
    const TimePoint deadline = after(loop.now(), patience);
    if (moved > 0) {
      CO_TRY(Done done, co_await to.write_from(pipe, moved, deadline));
      static_cast<void>(done);
      continue;
    }
    CO_TRY(Chunk bytes, co_await from.read(200'000, never));
    CO_TRY(Done done, co_await to.write(Chunks(std::move(bytes)), Flush::now, deadline));
    static_cast<void>(done);
  }
}

TEST_P(EngineContract, PassingEndsWithTheReaderThatLeft) {
  auto [sender, in] = run(*loop_, connected());
  auto [receiver, out] = run(*loop_, connected());
  Scope scope(*loop_, 2);
  ASSERT_TRUE(
      scope.spawn(send_all(*sender, pattern(on_kernel() ? 3'000'000 : 100'000), 100'000, false)));
  receiver.reset();

  const auto result = run(*loop_, pass_until_failure(*loop_, *in, *out, seconds(1000)));

  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::closed);
  EXPECT_FALSE(run(*loop_, out->write(Chunks(Chunk::copy_of("x")), Flush::now, never)));
}

TEST_P(EngineContract, PassingWaitsNoLongerThanItsDeadlines) {
  auto [sender, in] = run(*loop_, connected());
  auto [receiver, out] = run(*loop_, connected());
  PipePtr pipe;

  const auto nothing = run(*loop_, in->read_into(pipe, 1000, loop_->now() + milliseconds(20)));
  ASSERT_FALSE(nothing.has_value());
  EXPECT_EQ(nothing.error().code, ErrorCode::timed_out);

  // Nobody reads: the socket fills up, then the pipe's bytes stay where they are.
  Scope scope(*loop_, 1);
  ASSERT_TRUE(
      scope.spawn(send_all(*sender, pattern(on_kernel() ? 30'000'000 : 500'000), 100'000, false)));
  const auto full = run(*loop_, pass_until_failure(*loop_, *in, *out, milliseconds(50)));
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code, ErrorCode::timed_out);
}

TEST_P(EngineContract, HoldsAPipeForBytesNotForWhoWaits) {
  if (!on_kernel()) return;
  auto [idle, waiting] = run(*loop_, connected());
  auto [busy, in] = run(*loop_, connected());
  Scope scope(*loop_, 1);
  PipePtr later;
  std::optional<Result<std::size_t>> moved;
  ASSERT_TRUE(scope.spawn(testing::store(waiting->read_into(later, 1000, never), moved)));

  // The engine's only pipe is free as long as nothing comes.
  static_cast<void>(busy->write(Chunks(Chunk::of_static("bytes")), Flush::now, never));
  PipePtr pipe;
  EXPECT_EQ(run(*loop_, in->read_into(pipe, 1000, never)).value(), 5u);
  static_cast<void>(idle->write(Chunks(Chunk::of_static("more")), Flush::now, never));
  testing::turn_until(*loop_, [&] { return moved.has_value(); });

  EXPECT_EQ(moved->value(), 0u) << "there is no second one";
  EXPECT_EQ(run(*loop_, waiting->read(100, never))->text(), "more");
}

TEST_P(EngineContract, LosesNoByteWhenReadsAreDestroyed) {
  auto [client, server] = run(*loop_, connected());
  const std::string text = pattern(20'000);
  Scope scope(*loop_, 1);
  ASSERT_TRUE(scope.spawn(send_all(*client, text, 777, true)));

  std::string got;
  for (int i = 0; i < 100'000 && got.size() < text.size(); ++i) {
    {
      std::optional<Result<Chunk>> abandoned;
      Scope reader(*loop_, 1);
      ASSERT_TRUE(reader.spawn(testing::store(server->read(1000, never), abandoned)));
      if (abandoned && *abandoned) got += (*abandoned)->text();
    }
    if (i % 3 == 0) loop_->turn(loop_->now() + milliseconds(1));
    if (i % 7 == 0) {
      auto chunk = run(*loop_, server->read(1000, loop_->now() + milliseconds(5)));
      if (chunk) got += chunk->text();
    }
  }

  EXPECT_EQ(got, text);
}

TEST_P(EngineContract, GivesUpAReadAtItsDeadlineAndGoesOnLater) {
  auto [client, server] = run(*loop_, connected());

  auto late = run(*loop_, server->read(100, loop_->now() + milliseconds(20)));
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, ErrorCode::timed_out);
  static_cast<void>(client->write(Chunks(Chunk::of_static("x")), Flush::now, never));
  auto chunk = run(*loop_, server->read(100, never));

  ASSERT_TRUE(chunk.has_value());
  EXPECT_EQ(chunk->text(), "x");
}

TEST_P(EngineContract, GivesUpAWriteThatThePeerDoesNotTake) {
  auto [client, server] = run(*loop_, connected());

  const auto write = [&]() -> Task<Result<Done>> {
    for (int i = 0; i < 1000; ++i) {
      auto written = co_await client->write(Chunks(Chunk::copy_of(pattern(100'000))), Flush::now,
                                            loop_->now() + milliseconds(50));
      if (!written) co_return std::unexpected(written.error());
    }
    co_return Done{};
  };
  auto result = run(*loop_, write());

  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::timed_out);
}

TEST_P(EngineContract, KeepsNoLargeBlocksForSmallPiecesThatWait) {
  auto [client, server] = run(*loop_, connected());
  std::size_t written = 0;
  while (written < 8'000'000) {  // until the peer's kernel takes no more
    static_cast<void>(client->write(Chunks(Chunk::copy_of(pattern(100'000))), Flush::now, never));
    written += 100'000;
  }
  const std::int64_t before = memory::live_bytes();

  for (int i = 0; i < 1000; ++i) {
    Chunk piece = Chunk::with_room(256 * 1024);
    piece.append("x");
    static_cast<void>(client->write(Chunks(std::move(piece)), Flush::end_of_turn, never));
  }

  EXPECT_LT(memory::live_bytes() - before, 2'000'000);
}

TEST_P(EngineContract, SaysThatThePeerIsGoneAlsoBehindUnreadBytes) {
  auto [client, server] = run(*loop_, connected());
  Event& gone = server->gone();
  EXPECT_FALSE(gone.is_set());

  static_cast<void>(client->write(Chunks(Chunk::of_static("unread")), Flush::now, never));
  ASSERT_TRUE(run(*loop_, client->end(never)).has_value());
  testing::turn_until(*loop_, [&] { return gone.is_set(); });

  auto chunk = run(*loop_, receive_all(*loop_, *server, 100));
  EXPECT_EQ(chunk, "unread");
}

TEST_P(EngineContract, TellsAnIdleConnectionFromOneThatEnded) {
  auto [client, server] = run(*loop_, connected());
  EXPECT_TRUE(client->is_quiet());
  loop_->turn(loop_->now() + milliseconds(1));
  EXPECT_TRUE(client->is_quiet());

  server.reset();
  testing::turn_until(*loop_, [&] { return !client->is_quiet(); });

  EXPECT_FALSE(client->is_quiet());
}

Task<bool> woken_by(Loop& loop, WaitList& list) {
  co_return co_await wait_for(loop, list);
}

Task<Done> count_rings(Loop& loop, int& count) {
  for (;; ++count)
    co_await wait_for(loop, loop.rings());
}

TEST_P(EngineContract, HearsARingFromASignalHandlerOrAThreadAtOnce) {
  static Loop* rung = nullptr;
  rung = loop_.get();
  struct sigaction ring{}, before{};
  ring.sa_handler = [](int) { rung->ring(); };
  ASSERT_EQ(::sigaction(SIGUSR1, &ring, &before), 0);
  int count = 0;
  Scope scope(*loop_, 1);
  ASSERT_TRUE(scope.spawn(count_rings(*loop_, count)));
  loop_->turn(loop_->now() + milliseconds(1));
  EXPECT_EQ(count, 0);

  std::raise(SIGUSR1);
  loop_->turn(never);
  EXPECT_EQ(count, 1);

  std::thread([&] { loop_->ring(); }).join();
  loop_->turn(never);
  EXPECT_EQ(count, 2);
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_P(EngineContract, WakesWhoWaitsForBytesWithoutReading) {
  auto [client, server] = run(*loop_, connected());
  for (const std::string_view text : {"first", "second"}) {
    WaitList* const arrival = server->arrival(read_bytes, nullptr);
    ASSERT_NE(arrival, nullptr);
    Scope scope(*loop_, 1);
    std::optional<bool> woken;
    ASSERT_TRUE(scope.spawn(testing::store(woken_by(*loop_, *arrival), woken)));
    loop_->turn(loop_->now() + milliseconds(1));
    EXPECT_FALSE(woken.has_value()) << "nothing came yet";

    static_cast<void>(client->write(Chunks(Chunk::of_static(text)), Flush::now, never));
    testing::turn_until(*loop_, [&] { return woken.has_value(); });

    std::string got;
    while (got.size() < text.size())
      got += run(*loop_, server->read(100, never))->text();
    EXPECT_EQ(got, text);
  }
  ASSERT_TRUE(run(*loop_, client->end(never)).has_value());
  testing::turn_until(*loop_, [&] { return server->arrival(read_bytes, nullptr) == nullptr; });
  EXPECT_TRUE(run(*loop_, server->read(100, never))->empty());
}

Task<Task<Done>> in_two(Loop& loop, std::shared_ptr<int> held, Event& go, int& ran) {
  co_await wait_for(loop, go.waiting());
  ++*held;
  co_return [](Loop& rest_loop, Event& again, int& count) -> Task<Done> {
    ++count;
    co_await wait_for(rest_loop, again.waiting());
    ++count;
    co_return Done{};
  }(loop, go, ran);
}

TEST_P(EngineContract, RunsTheRestOfATaskWithoutWhatItsBeginningHeld) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> alive = held;
  Event go;
  int ran = 0;
  Scope scope(*loop_, 1);
  ASSERT_TRUE(scope.spawn(in_two(*loop_, std::move(held), go, ran)));
  EXPECT_FALSE(scope.has_room());
  EXPECT_FALSE(alive.expired());

  go.set(*loop_);
  testing::turn_until(*loop_, [&] { return ran == 1; });
  EXPECT_TRUE(alive.expired());
  EXPECT_EQ(scope.size(), 1u);

  go.set(*loop_);
  testing::turn_until(*loop_, [&] { return scope.size() == 0; });
  EXPECT_EQ(ran, 2);
}

TEST_P(EngineContract, EndsTheWorkOnceTheEventIsSet) {
  auto [client, server] = run(*loop_, connected());
  const auto race = [&]() -> Task<bool> {
    auto result = co_await Until(client->read(10, never), client->gone());
    co_return !result.has_value() || !result->has_value() || (*result)->empty();
  };
  server.reset();
  EXPECT_TRUE(run(*loop_, race()));
}

TEST_P(EngineContract, RefusesAConnectWhereNobodyListens) {
  Address nowhere = where_;
  listener_ = SocketPtr();

  auto client = run(*loop_, connect_stream(*loop_, nowhere, never));

  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().code, ErrorCode::connect_failed);
}

TEST_P(EngineContract, LeavesNothingBehindWhenStreamsDieInTheMiddle) {
  for (int round = 0; round < 20; ++round) {
    auto [client, server] = run(*loop_, connected());
    static_cast<void>(client->write(Chunks(Chunk::copy_of(pattern(500'000))), Flush::now, never));
    std::optional<Result<Chunk>> got;
    Scope scope(*loop_, 2);
    ASSERT_TRUE(scope.spawn(testing::store(server->read(100, never), got)));
    for (int i = 0; i < round; ++i)
      loop_->turn(loop_->now());
    scope.cancel();
    loop_->turn(loop_->now());
    if (round % 2 == 0) client.reset();
  }
}

TEST_P(EngineContract, CarriesDatagrams) {
  SocketPtr socket = engine_->datagram_socket(Address::Family::ipv4).value();
  SocketPtr other = engine_->datagram_socket(Address::Family::ipv4).value();

  struct Sink final : OpSink {
    bool done = false;

    void on_completion(Op&) noexcept override { done = true; }
  } sink, ignored;

  // An epoll socket has a number only once it sent something.
  OpHandle<AddressedOp> first(*loop_, Op::Kind::send_to, other, ignored);
  first->address = where_;
  first->chunk = Chunk::of_static("?");
  first.start();
  Address to = engine_->local_address(*other);
  if (GetParam() == 0) to = Address::from_ip("127.0.0.1", to.port).value();

  OpHandle<AddressedOp> receive(*loop_, Op::Kind::receive_from, other, sink);
  if (receive.start()) sink.done = true;
  OpHandle<AddressedOp> send(*loop_, Op::Kind::send_to, socket, ignored);
  send->address = to;
  send->chunk = Chunk::of_static("datagram");
  send.start();
  testing::turn_until(*loop_, [&] { return sink.done; });

  EXPECT_EQ(receive->chunk.text(), "datagram");
}

INSTANTIATE_TEST_SUITE_P(Epoll, EngineContract, ::testing::Values(0));
INSTANTIATE_TEST_SUITE_P(Simulated, EngineContract, ::testing::Range<std::uint64_t>(1, 41));

TEST(SimEngine, DoesTheSameAgainForTheSameSeed) {
  const auto trace = [](std::uint64_t seed) {
    SimEngine engine(seed, SimFaults::of_seed(seed));
    Loop loop(engine);
    SocketPtr listener = engine.listen(Address::parse("10.0.0.1:80").value(), {}).value();
    const auto exchange = [&]() -> Task<std::string> {
      Acceptor acceptor(loop, listener);
      auto client = co_await connect_stream(loop, Address::parse("10.0.0.1:80").value(), never);
      auto accepted = co_await acceptor.accept();
      SocketStream server(loop, accepted->socket);
      static_cast<void>((*client)->write(Chunks(Chunk::copy_of(pattern(5000))), Flush::now, never));
      client->reset();
      co_return co_await receive_all(loop, server, 300);
    };
    run(loop, exchange());
    return engine.trace();
  };
  EXPECT_EQ(trace(7), trace(7));
  EXPECT_NE(trace(7), trace(8));
}

}  // namespace
}  // namespace sluice
