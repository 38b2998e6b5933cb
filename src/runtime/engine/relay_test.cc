// Relay on every engine: bytes go on without their reader, which is woken for all else.

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "runtime/scope.h"
#include "support/engine_contract.h"

namespace sluice {
namespace {

using testing::pattern;
using testing::receive_all;
using testing::run;
using testing::send_all;

class RelayContract : public testing::EngineContract {};

/// One way of a tunnel.
struct Way {
  Loop& loop;
  Stream& from;
  Stream& to;
  TimePoint sent_at{};
  TimePoint received_at{};
  std::uint64_t sent = 0;
  std::size_t wanted = request_bytes;
  int looks = 0;  ///< how often the reader was woken

  Task<Done> run() {
    for (;;) {
      Relay relay(to, sent_at, sent);
      relay.set_source(received_at, wanted);
      if (WaitList* const arrival = from.arrival(wanted, &relay)) co_await wait_for(loop, *arrival);
      relay.detach();
      ++looks;
      Chunks bytes;
      if (!relay.is_stuck()) {
        auto chunk = co_await from.read(wanted, never);
        if (!chunk || chunk->empty()) break;
        sent += chunk->size();
        sent_at = received_at = loop.now();
        bytes = Chunks(*std::move(chunk));
      }
      if (!co_await to.write(std::move(bytes), Flush::end_of_turn, never)) break;
    }
    co_await to.end(never);
    co_return Done{};
  }
};

TEST_P(RelayContract, PassesMessagesOnWithoutTheirReader) {
  auto [sender, in] = run(*loop_, connected());
  auto [out, receiver] = run(*loop_, connected());
  Way way{*loop_, *in, *out};
  Scope scope(*loop_, 1);
  ASSERT_TRUE(scope.spawn(way.run()));
  std::string sent;
  for (const std::size_t size : {1uz, 128uz, 500uz, 3000uz}) {
    const std::string message = pattern(size);
    sent += message;
    static_cast<void>(sender->write(Chunks(Chunk::copy_of(message)), Flush::now, never));
    std::string got;
    while (got.size() < size)
      got += run(*loop_, receiver->read(size, never))->text();
    EXPECT_EQ(got, message);
    EXPECT_EQ(way.sent_at, way.received_at);
    EXPECT_LE(loop_->now() - way.sent_at, seconds(5)) << "the time is that of the message";
  }
  EXPECT_EQ(way.sent, sent.size());
  // The simulated kernel runs out of buffers, and gives more than was asked for.
  if (on_kernel()) EXPECT_EQ(way.looks, 0);
  ASSERT_TRUE(run(*loop_, sender->end(never)).has_value());
  testing::turn_until(*loop_, [&] { return scope.size() == 0; });
  EXPECT_TRUE(run(*loop_, receiver->read(1, never))->empty());
}

TEST_P(RelayContract, PassesNoMoreOnThanTheReceiverTakes) {
  const SimFaults faults = SimFaults::of_seed(GetParam());
  if (!on_kernel() && faults.piece_max < 50) GTEST_SKIP() << "byte by byte this takes minutes";
  auto [sender, in] = run(*loop_, connected());
  auto [out, receiver] = run(*loop_, connected());
  Way way{*loop_, *in, *out};
  // More than both kernels hold, the sender's queue and the relay's.
  const std::string text = pattern(on_kernel() ? 12'000'000 : 250'000 + 2 * faults.buffer_bytes);
  Scope scope(*loop_, 3);
  ASSERT_TRUE(scope.spawn(way.run()));
  ASSERT_TRUE(scope.spawn(send_all(*sender, text, 50'000, true)));
  // Nobody reads: what is on its way is what kernels hold, and little of ours.
  std::uint64_t before = 1;
  for (std::uint64_t rest = 0; rest < 50; rest = way.sent == before ? rest + 1 : 0) {
    before = way.sent;
    loop_->turn(loop_->now() + milliseconds(2));
  }
  EXPECT_LT(way.sent, text.size());
  EXPECT_LT(memory::live_bytes(), 1 << 20);

  std::optional<std::string> got;
  ASSERT_TRUE(scope.spawn(testing::store(receive_all(*loop_, *receiver, read_bytes), got)));
  testing::turn_until(*loop_, [&] { return scope.size() == 0; });
  EXPECT_EQ(got->size(), text.size());
  EXPECT_EQ(got, text);
}

TEST_P(RelayContract, LosesNothingOfWhatARelayThatIsGoneHasNotPassedOn) {
  auto [sender, in] = run(*loop_, connected());
  auto [out, receiver] = run(*loop_, connected());
  const std::string text = pattern(50'000);
  Scope sending(*loop_, 1);
  Scope scope(*loop_, 1);
  Way way{*loop_, *in, *out};
  ASSERT_TRUE(scope.spawn(way.run()));
  ASSERT_TRUE(sending.spawn(send_all(*sender, text, 7'001, false)));
  testing::turn_until(*loop_, [&] { return way.sent > 0; });
  scope.cancel();
  loop_->turn(loop_->now());

  const std::string rest = run(*loop_, receive_all(*loop_, *in, read_bytes));
  EXPECT_EQ(rest, text.substr(static_cast<std::size_t>(way.sent)));
  ASSERT_TRUE(run(*loop_, out->end(never)).has_value());
  EXPECT_EQ(run(*loop_, receive_all(*loop_, *receiver, read_bytes)),
            text.substr(0, static_cast<std::size_t>(way.sent)));
}

TEST_P(RelayContract, LetsAStreamWithARelayEnd) {
  auto [sender, in] = run(*loop_, connected());
  auto [out, receiver] = run(*loop_, connected());
  TimePoint moved;
  std::uint64_t sent = 0;
  std::size_t wanted = request_bytes;
  Relay relay(*out, moved, sent);
  relay.set_source(moved, wanted);
  loop_->turn(loop_->now() + milliseconds(1));
  EXPECT_NE(in->arrival(wanted, &relay), nullptr);
  in.reset();
  loop_->turn(loop_->now() + milliseconds(1));
}

INSTANTIATE_TEST_SUITE_P(Epoll, RelayContract, ::testing::Values(0));
INSTANTIATE_TEST_SUITE_P(Simulated, RelayContract, ::testing::Range<std::uint64_t>(1, 16));

}  // namespace
}  // namespace sluice
