#pragma once
// A connection's bytes, whatever carries them: TCP, TLS, a unix socket, memory.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/chunk.h"
#include "base/error.h"
#include "base/time.h"
#include "runtime/op.h"
#include "runtime/task.h"

namespace sluice {

enum class Flush : std::uint8_t {
  now,
  end_of_turn,  ///< joins what the same turn produces, and never waits longer
};

/// Free in front of the bytes of a read of up to read_bytes, where the engine can: a head that is
/// rewritten leaves with its body in one piece.
inline constexpr std::size_t read_headroom = 512;
/// The first read of a request: nearly every head fits, and one that comes slowly keeps its block.
inline constexpr std::size_t request_bytes = 8 * 1024 - read_headroom;
/// The first read of an answer: a head with a body of 16 KiB comes in one piece, in a block of 32
/// KiB.
inline constexpr std::size_t read_bytes = 32 * 1024 - read_headroom;
/// The largest buffer of one read, and what a pipe holds: beyond, memory costs more than calls save
/// (docs/decisions/0008).
inline constexpr std::size_t read_bytes_max = 256 * 1024;

/// The first read of what comes in messages, and the next one behind a message of `size` bytes.
constexpr std::size_t read_behind(std::size_t size) noexcept {
  return size < request_bytes ? request_bytes : read_bytes;
}

class Stream;

/// A way on for what arrives while its reader waits for Stream::arrival(): bytes go to another
/// stream without the reader being woken. Lives in the frame that waits; all that it refers to
/// outlives it.
class Relay {
 public:
  /// `moved_at`: when bytes last came this way; `sent` counts them along.
  Relay(Stream& to, TimePoint& moved_at, std::uint64_t& sent) noexcept
      : to_(to), moved_at_(moved_at), sent_(sent) {}

  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  ~Relay() { detach(); }

  /// For who gives the bytes: a second place for the time, and what the next read asks for, which
  /// follows the messages' size.
  void set_source(TimePoint& moved_at, std::size_t& wanted) noexcept {
    source_moved_at_ = &moved_at;
    wanted_ = &wanted;
  }

  /// Whether `to` has no room, or takes nothing any more: its next write waits, or fails.
  bool is_stuck() const noexcept { return stuck_; }

  // For the stream that gives.

  /// `place` points here until the end of either.
  void attach(Relay*& place) noexcept {
    place_ = &place;
    place = this;
  }

  void detach() noexcept {
    if (place_ != nullptr) *std::exchange(place_, nullptr) = nullptr;
  }

  std::size_t wanted() const noexcept { return *wanted_; }

  /// False when it is stuck.
  bool pass(Chunk bytes, TimePoint now);

 private:
  Stream& to_;
  TimePoint& moved_at_;
  std::uint64_t& sent_;
  TimePoint* source_moved_at_ = nullptr;
  std::size_t* wanted_ = nullptr;
  Relay** place_ = nullptr;
  bool stuck_ = false;
};

/// One read and any number of writes may be pending at once.
class Stream {
 public:
  /// Aborts; what is in flight is abandoned.
  virtual ~Stream() = default;

  /// At least one byte; empty at the peer's end. `wanted` is what the caller hopes for in one
  /// piece: a transfer of read_bytes and more that fills its buffers gets larger ones, up to
  /// read_bytes_max.
  /// Error(timed_out, closed, io_failed).
  virtual Task<Result<Chunk>> read(std::size_t wanted, TimePoint deadline) = 0;
  /// Not a coroutine: takes the bytes in the call, in the order of calls, however much is queued,
  /// and nothing takes them back; the Task only waits for room and may be dropped. It fails when no
  /// byte left until the deadline; while bytes leave, the deadline moves on. A failure does not
  /// forbid to read.
  virtual Task<Result<Done>> write(Chunks bytes, Flush flush, TimePoint deadline) = 0;

  /// As read(), but the bytes stay in the kernel, in `pipe`, which is made for them: how many they
  /// are. 0 when read() must be asked, which has bytes already, or cannot leave them there, or
  /// knows why there are none. A destroyed Task may lose bytes: the stream is then good for nothing
  /// but its end.
  virtual Task<Result<std::size_t>> read_into(PipePtr&, std::size_t, TimePoint) {
    return Result<std::size_t>(0);
  }

  /// Writes `size` bytes that `pipe` holds, behind all that is queued; ends when the last has left.
  /// Fails when no byte left until the deadline, which moves on while bytes leave. Nothing else is
  /// written meanwhile. Precondition: takes_pipes().
  virtual Task<Result<Done>> write_from(const PipePtr&, std::size_t, TimePoint) {
    return fail(ErrorCode::internal, "this stream takes no pipe");
  }

  /// Whether bytes can pass by: those of read_into() of another stream of this loop.
  virtual bool takes_pipes() const { return false; }

  /// Bytes that reads gave so far.
  virtual std::uint64_t received() const = 0;
  /// After all that is queued: half-close.
  virtual Task<Result<Done>> end(TimePoint deadline) = 0;
  /// Set once the peer reset or ended its side, also behind unread bytes. Layers ask the stream
  /// below.
  virtual Event& gone() = 0;
  /// For idle connections: begins to read ahead. False when a byte or the end came that nobody
  /// asked for.
  virtual bool is_quiet() = 0;
  /// For who waits long, without the frames of a read(wanted): begins to read ahead, and returns
  /// the list that is woken once bytes or the end came, or may have. Null when read() must be
  /// asked. With a `relay`, which has its source, a stream that can passes on what comes, and wakes
  /// only for what it cannot: the end, an error, more than a read takes, a relay that is stuck.
  virtual WaitList* arrival(std::size_t wanted, Relay* relay) = 0;
  /// Gives bytes back to the next read: for sniffers (PROXY protocol, SNI, HTTP/2 preface).
  virtual void unread(Chunk bytes) = 0;
};

using StreamPtr = std::unique_ptr<Stream>;

inline bool Relay::pass(Chunk bytes, TimePoint now) {
  sent_ += bytes.size();
  moved_at_ = *source_moved_at_ = now;
  *wanted_ = read_behind(bytes.size());
  // Dropped, it takes nothing back.
  auto writing = to_.write(Chunks(std::move(bytes)), Flush::end_of_turn, never);
  stuck_ = !writing.await_ready() || !writing.await_resume();
  return !stuck_;
}

}  // namespace sluice
