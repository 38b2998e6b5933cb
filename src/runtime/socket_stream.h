#pragma once
// Stream over a socket of any engine. Its operations belong to the stream, never to a frame: a
// destroyed read loses no byte.

#include <cstdint>
#include <optional>

#include "base/memory.h"
#include "runtime/loop.h"
#include "runtime/stream.h"

namespace sluice {

class SocketStream final : public Stream, public memory::Pooled, private OpSink, private TurnEnd {
 public:
  SocketStream(Loop& loop, SocketPtr socket);

  ~SocketStream() override {
    if (relay_ != nullptr) relay_->detach();
  }

  Task<Result<Chunk>> read(std::size_t wanted, TimePoint deadline) override;
  Task<Result<Done>> write(Chunks bytes, Flush flush, TimePoint deadline) override;
  Task<Result<Done>> end(TimePoint deadline) override;
  Task<Result<std::size_t>> read_into(PipePtr& pipe, std::size_t wanted,
                                      TimePoint deadline) override;
  Task<Result<Done>> write_from(const PipePtr& pipe, std::size_t size, TimePoint deadline) override;

  bool takes_pipes() const override { return true; }

  Event& gone() override;
  bool is_quiet() override;

  WaitList* arrival(std::size_t wanted, Relay* relay) override {
    if (!unread_.empty() || try_receive(wanted)) return nullptr;
    if (relay != nullptr) relay->attach(relay_);
    return &reader_;
  }

  std::uint64_t received() const override { return received_bytes_; }

  void unread(Chunk bytes) override { unread_ = std::move(bytes); }

 private:
  void on_completion(Op& op) noexcept override;

  void at_turn_end() noexcept override {
    send_queued();
    room_.wake_all(loop_);  // what completes here at once, nobody else tells
  }

  bool try_receive(std::size_t wanted);
  bool pass_on();
  Result<Chunk> take_received();
  Task<Result<Chunk>> read_later(std::size_t wanted, TimePoint deadline);
  Task<Result<Done>> write_later(TimePoint deadline);
  Task<Result<Done>> leave(TimePoint deadline);
  void queue(Chunks&& bytes);
  void send_queued() noexcept;
  void account_sent(std::int64_t result) noexcept;

  Loop& loop_;
  SocketPtr socket_;
  OpHandle<Op> receive_;
  OpHandle<SendOp> send_;       ///< what the kernel is given, or will be at the end of the turn
  OpHandle<SendOp> next_send_;  ///< what was written while send_ is pending
  OpHandle<Op> hang_up_;
  bool received_ = false;  ///< receive_ holds a result that nobody took yet
  int write_error_ = 0;    ///< errno of the first failed send
  std::uint64_t received_bytes_ = 0;
  std::uint32_t read_size_ =
      0;                    ///< of the next read, when the transfer asks for more than the caller
  std::size_t queued_ = 0;  ///< bytes that the kernel has not taken
  std::uint64_t sent_ = 0;
  Relay* relay_ = nullptr;
  Chunk unread_;
  WaitList reader_;
  WaitList room_;
  Event gone_;
};

/// Connects to `address`. Error(connect_timeout, connect_failed), with the address in the detail.
Task<Result<StreamPtr>> connect_stream(Loop& loop, const Address& address, TimePoint deadline);

/// Error for an errno, naming what failed.
Error io_error(int error, std::string_view what);

}  // namespace sluice
