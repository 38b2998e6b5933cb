#pragma once
// For tests of what every engine keeps: streams on epoll, and on the simulated kernel with many
// seeds.

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/memory.h"
#include "runtime/engine/epoll.h"
#include "runtime/engine/sim.h"
#include "runtime/listener.h"
#include "runtime/socket_stream.h"
#include "support/run.h"

namespace sluice::testing {

/// 0 is epoll; every other number is a seed of the simulated kernel.
class EngineContract : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  EngineContract() {
    if (GetParam() == 0)
      engine_ = *make_epoll_engine({.pipes_max = 1});
    else
      engine_ = std::make_unique<SimEngine>(GetParam(), SimFaults::of_seed(GetParam()));
    loop_ = std::make_unique<Loop>(*engine_);
    std::signal(SIGPIPE, SIG_IGN);  // as the node does
    listener_ = engine_->listen(Address::parse("127.0.0.1:0").value(), {}).value();
    where_ = engine_->local_address(*listener_);
  }

  ~EngineContract() override {
    listener_ = SocketPtr();
    if (auto* sim = dynamic_cast<SimEngine*>(engine_.get())) {
      for (int i = 0; i < 200 && sim->open_sockets() > 0; ++i)
        loop_->turn(loop_->now() + milliseconds(10));
      EXPECT_EQ(sim->open_sockets(), 0u) << "a socket is left behind";
    }
    loop_.reset();
    EXPECT_EQ(memory::live_bytes(), 0) << "a frame, chunk or operation is left behind";
  }

  static bool on_kernel() { return GetParam() == 0; }

  struct Pair {
    StreamPtr client, server;
  };

  Task<Pair> connected() {
    Acceptor acceptor(*loop_, listener_);
    auto client = co_await connect_stream(*loop_, where_, never);
    auto accepted = co_await acceptor.accept();
    EXPECT_TRUE(client.has_value() && accepted.has_value());
    co_return Pair{std::move(*client), std::make_unique<SocketStream>(*loop_, accepted->socket)};
  }

  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Loop> loop_;
  SocketPtr listener_;
  Address where_;
};

inline std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

inline Task<Done> send_all(Stream& stream, std::string text, std::size_t piece, bool wait) {
  for (std::size_t at = 0; at < text.size(); at += piece) {
    auto written = stream.write(Chunks(Chunk::copy_of(std::string_view(text).substr(at, piece))),
                                at % 3 == 0 ? Flush::now : Flush::end_of_turn, never);
    if (wait) EXPECT_TRUE((co_await std::move(written)).has_value());
  }
  EXPECT_TRUE((co_await stream.end(never)).has_value());
  co_return Done{};
}

inline Task<std::string> receive_all(Loop& loop, Stream& stream, std::size_t wanted) {
  std::string text;
  for (;;) {
    auto chunk = co_await stream.read(wanted, never);
    if (!chunk) co_return "error " + chunk.error().detail.text();
    if (chunk->empty()) co_return text;
    text += chunk->text();
    static_cast<void>(loop);
  }
}

}  // namespace sluice::testing
