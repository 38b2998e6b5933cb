#include "runtime/socket_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace sluice {
namespace {

// Below this, bytes wait for the end of the turn if asked to. Above, joining gains nothing, and a
// turn's worth of waiting buffers would be cold in the cache by the time that they leave.
constexpr std::size_t flush_at_once = 8 * 1024;
// A write waits while more than this is queued: one relay buffer leaves before the next is read.
constexpr std::size_t room_bytes = 64 * 1024;

}  // namespace

Error io_error(int error, std::string_view what) {
  const bool closed = error == ECONNRESET || error == EPIPE || error == ECONNABORTED;
  return {closed ? ErrorCode::closed : ErrorCode::io_failed,
          std::string(what) + ": " + std::strerror(error)};
}

SocketStream::SocketStream(Loop& loop, SocketPtr socket)
    : loop_(loop), socket_(std::move(socket)) {}

Task<Result<Chunk>> SocketStream::read(std::size_t wanted, TimePoint deadline) {
  if (!unread_.empty()) return Result<Chunk>(std::exchange(unread_, Chunk()));
  if (loop_.may_go_on() && try_receive(wanted) && receive_->result != -ENOBUFS)
    return take_received();
  return read_later(wanted, deadline);
}

bool SocketStream::try_receive(std::size_t wanted) {
  if (received_) return true;
  if (receive_.pending()) return false;
  if (!receive_) receive_ = OpHandle<Op>(loop_, Op::Kind::receive, socket_, *this);
  receive_->wanted = static_cast<std::uint32_t>(wanted);
  if (wanted >= read_bytes) receive_->wanted = std::max(receive_->wanted, read_size_);
  receive_->headroom = receive_->wanted <= read_bytes ? read_headroom : 0;
  received_ = receive_.start();
  return received_;
}

Result<Chunk> SocketStream::take_received() {
  received_ = false;
  if (receive_->result < 0)
    return std::unexpected(io_error(static_cast<int>(-receive_->result), "read"));
  if (receive_->result == 0) {
    received_ = true;  // the end stays the end
    return Chunk();
  }
  Chunk chunk = std::move(receive_->chunk);
  received_bytes_ += chunk.size();
  // A full buffer means that more is waiting: a large transfer pays less for each byte with larger
  // reads.
  if (chunk.size() == receive_->wanted)
    read_size_ = std::min(receive_->wanted * 2, std::uint32_t{read_bytes_max});
  else if (chunk.size() < receive_->wanted / 4)
    read_size_ = 0;
  return chunk;
}

/// What arrived goes to the relay. False when the reader must look.
bool SocketStream::pass_on() {
  if (!try_receive(relay_->wanted())) return true;
  if (receive_->result <= 0) return false;
  const bool may_go_on = relay_->pass(*take_received(), loop_.now());
  // There is more already: with frames, which see to fairness.
  return !try_receive(relay_->wanted()) && may_go_on;
}

Task<Result<Chunk>> SocketStream::read_later(std::size_t wanted, TimePoint deadline) {
  if (!received_ && !receive_.pending()) co_await yield(loop_);
  for (;;) {
    if (try_receive(wanted)) {
      if (receive_->result != -ENOBUFS) co_return take_received();
      // The kernel is short of buffers: the same read goes on a moment later.
      received_ = false;
      if (loop_.now() >= deadline) co_return fail(ErrorCode::timed_out, "no buffers in time");
      co_await sleep_until(loop_, loop_.now() + milliseconds(1));
      continue;
    }
    if (!co_await wait_for(loop_, reader_, deadline) && !received_ && receive_.pending())
      co_return fail(ErrorCode::timed_out, "nothing to read in time");
  }
}

Task<Result<Done>> SocketStream::write(Chunks bytes, Flush flush, TimePoint deadline) {
  if (write_error_ == 0) {
    queue(std::move(bytes));
    if (!send_.pending()) {
      if (flush == Flush::now || queued_ >= flush_at_once)
        send_queued();
      else
        loop_.at_turn_end(*this);
    }
  }
  if (write_error_ != 0) return std::unexpected(io_error(write_error_, "write"));
  if (queued_ <= room_bytes) return Result<Done>(Done{});
  return write_later(deadline);
}

Task<Result<Done>> SocketStream::write_later(TimePoint deadline) {
  const nanoseconds patience = deadline == never ? nanoseconds::max() : deadline - loop_.now();
  while (queued_ > room_bytes && write_error_ == 0) {
    const std::uint64_t sent = sent_;
    const bool woken = co_await wait_for(loop_, room_, deadline);
    if (!woken && sent == sent_) co_return fail(ErrorCode::timed_out, "the peer takes no bytes");
    deadline = after(loop_.now(), patience);
  }
  if (write_error_ != 0) co_return std::unexpected(io_error(write_error_, "write"));
  co_return Done{};
}

/// Ends when all that is queued has left.
Task<Result<Done>> SocketStream::leave(TimePoint deadline) {
  if (!send_.pending()) send_queued();
  const nanoseconds patience = deadline == never ? nanoseconds::max() : deadline - loop_.now();
  while (queued_ > 0 && write_error_ == 0) {
    const std::uint64_t sent = sent_;
    if (!co_await wait_for(loop_, room_, deadline) && sent == sent_)
      co_return fail(ErrorCode::timed_out, "the peer takes no bytes");
    deadline = after(loop_.now(), patience);
  }
  if (write_error_ != 0) co_return std::unexpected(io_error(write_error_, "write"));
  co_return Done{};
}

Task<Result<Done>> SocketStream::end(TimePoint deadline) {
  CO_TRY(Done left, co_await leave(deadline));
  static_cast<void>(left);
  OpHandle<Op> shutdown(loop_, Op::Kind::shutdown, socket_, *this);
  shutdown.start();
  co_return Done{};
}

void SocketStream::queue(Chunks&& bytes) {
  // Behind all that was written before, also when send_ waits to be tried again.
  OpHandle<SendOp>& last = send_.pending() || next_send_ ? next_send_ : send_;
  if (!last) {
    last = OpHandle<SendOp>(loop_, Op::Kind::send, socket_, *this);
    if (!send_.pending()) {
      // Nearly all writes: nothing is before them.
      for (const Chunk& chunk : bytes)
        queued_ += chunk.size();
      last->bytes = std::move(bytes);
      return;
    }
  }
  for (Chunk& chunk : bytes) {
    if (chunk.empty()) continue;
    queued_ += chunk.size();
    // What waits must not keep large blocks alive for a few bytes each: a peer that sends in small
    // pieces to one that does not read would hold thousands of them.
    const bool waits = send_.pending() || last->bytes.size() >= 4;
    if (waits && chunk.footprint() > 4 * chunk.size()) chunk = Chunk::copy_of(chunk.text());
    last->bytes.push_back(std::move(chunk));
  }
}

void SocketStream::send_queued() noexcept {
  while (!send_.pending() && send_ && write_error_ == 0) {
    if (send_->bytes.empty()) {
      // Idle connections hold no operation for sending.
      send_.reset();
      send_ = std::move(next_send_);
      continue;
    }
    if (!send_.start()) return;
    account_sent(send_->result);
    if (send_->result == -ENOBUFS) return;
  }
}

void SocketStream::account_sent(std::int64_t result) noexcept {
  if (result == -ENOBUFS) {
    loop_.at_turn_end(*this);  // nothing was taken: again in the next turn
    return;
  }
  if (result < 0) {
    write_error_ = static_cast<int>(-result);
    queued_ = 0;
    next_send_.reset();
    send_->bytes.clear();
    return;
  }
  auto left = static_cast<std::size_t>(result);
  queued_ -= left;
  sent_ += left;
  if (queued_ == 0) {
    send_->bytes.clear();
    return;
  }
  std::size_t whole = 0;
  Chunks& bytes = send_->bytes;
  while (left > 0 && left >= bytes[whole].size())
    left -= bytes[whole++].size();
  bytes.drop_front(whole);
  if (left > 0) bytes[0].remove_prefix(left);
}

void SocketStream::on_completion(Op& op) noexcept {
  switch (op.kind) {
    case Op::Kind::receive:
      received_ = op.result != -EAGAIN;
      if (relay_ == nullptr || !pass_on()) reader_.wake_one(loop_);
      break;
    case Op::Kind::send:
      account_sent(op.result);
      if (op.result == -ENOBUFS) break;
      send_queued();
      room_.wake_all(loop_);
      break;
    case Op::Kind::hang_up:
      gone_.set(loop_);
      break;
    default:
      break;
  }
}

Event& SocketStream::gone() {
  if (!hang_up_ && !gone_.is_set()) {
    hang_up_ = OpHandle<Op>(loop_, Op::Kind::hang_up, socket_, *this);
    if (hang_up_.start()) gone_.set(loop_);
  }
  return gone_;
}

bool SocketStream::is_quiet() {
  return write_error_ == 0 && unread_.empty() && !try_receive(read_bytes);
}

namespace {

/// Fills or drains of one socket.
class Passing final : public OpSink {
 public:
  Passing(Loop& loop, Op::Kind kind, SocketPtr socket, const PipePtr& pipe = {})
      : loop_(loop), op_(loop, kind, std::move(socket), *this) {
    op_->pipe = pipe;
  }

  /// Bytes moved, or a negative errno; -ETIMEDOUT at the deadline.
  Task<std::int64_t> run(std::size_t wanted, TimePoint deadline) {
    op_->wanted = static_cast<std::uint32_t>(wanted);
    for (;;) {
      if (!loop_.may_go_on()) co_await yield(loop_);
      done_ = false;
      if (!op_.start() && !done_ && !co_await wait_for(loop_, waiting_, deadline) && !done_)
        co_return -ETIMEDOUT;
      if (op_->result == -EAGAIN) continue;
      if (op_->result != -ENOBUFS) co_return op_->result;
      if (loop_.now() >= deadline) co_return -ETIMEDOUT;
      co_await sleep_until(loop_, loop_.now() + milliseconds(1));
    }
  }

  PipePtr take_pipe() noexcept { return std::exchange(op_->pipe, PipePtr()); }

 private:
  void on_completion(Op&) noexcept override {
    done_ = true;
    waiting_.wake_all(loop_);
  }

  Loop& loop_;
  OpHandle<PipeOp> op_;
  bool done_ = false;
  WaitList waiting_;
};

}  // namespace

Task<Result<std::size_t>> SocketStream::read_into(PipePtr& pipe, std::size_t wanted,
                                                  TimePoint deadline) {
  if (!unread_.empty() || received_ || receive_.pending()) co_return 0uz;
  read_size_ = 0;  // the next message begins with a head, for which a large buffer is too much
  Passing passing(loop_, Op::Kind::fill, socket_);
  const std::int64_t moved = co_await passing.run(wanted, deadline);
  if (moved == -ETIMEDOUT) co_return fail(ErrorCode::timed_out, "nothing to read in time");
  // Copied instead: where all pipes are taken, splice cannot, or a sandbox does not let it.
  if (moved == -EMFILE || moved == -EINVAL || moved == -ENOSYS || moved == -EPERM) co_return 0uz;
  if (moved < 0) co_return std::unexpected(io_error(static_cast<int>(-moved), "read"));
  pipe = passing.take_pipe();
  received_bytes_ += static_cast<std::size_t>(moved);
  co_return static_cast<std::size_t>(moved);
}

Task<Result<Done>> SocketStream::write_from(const PipePtr& pipe, std::size_t size,
                                            TimePoint deadline) {
  const nanoseconds patience = deadline == never ? nanoseconds::max() : deadline - loop_.now();
  CO_TRY(Done left, co_await leave(deadline));
  static_cast<void>(left);
  Passing passing(loop_, Op::Kind::drain, socket_, pipe);
  while (size > 0) {
    const std::int64_t moved = co_await passing.run(size, after(loop_.now(), patience));
    if (moved == -ETIMEDOUT) co_return fail(ErrorCode::timed_out, "the peer takes no bytes");
    if (moved < 0) {
      write_error_ = static_cast<int>(-moved);
      co_return std::unexpected(io_error(write_error_, "write"));
    }
    size -= static_cast<std::size_t>(moved);
    sent_ += static_cast<std::size_t>(moved);
  }
  co_return Done{};
}

namespace {

class Connecting final : public OpSink {
 public:
  Connecting(Loop& loop, SocketPtr socket, const Address& address)
      : loop_(loop), op_(loop, Op::Kind::connect, std::move(socket), *this) {
    op_->address = address;
  }

  Task<Result<Done>> run(TimePoint deadline) {
    const std::string where = op_->address.text();
    bool done = op_.start();
    while (!done && !done_) {
      if (!co_await wait_for(loop_, waiting_, deadline) && !done_)
        co_return fail(ErrorCode::connect_timeout, "connect to " + where);
    }
    if (op_->result < 0)
      co_return fail(ErrorCode::connect_failed,
                     "connect to " + where + ": " + std::strerror(static_cast<int>(-op_->result)));
    co_return Done{};
  }

 private:
  void on_completion(Op&) noexcept override {
    done_ = true;
    waiting_.wake_all(loop_);
  }

  Loop& loop_;
  OpHandle<AddressedOp> op_;
  bool done_ = false;
  WaitList waiting_;
};

}  // namespace

Task<Result<StreamPtr>> connect_stream(Loop& loop, const Address& address, TimePoint deadline) {
  CO_TRY(SocketPtr socket, loop.engine().stream_socket(address.family));
  Connecting connecting(loop, socket, address);
  CO_TRY(Done done, co_await connecting.run(deadline));
  static_cast<void>(done);
  co_return std::make_unique<SocketStream>(loop, std::move(socket));
}

}  // namespace sluice
