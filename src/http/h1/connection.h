#pragma once
// What both ends of an HTTP/1.1 connection share: buffered reading, bodies in both framings, heads
// as bytes.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "http/h1/chunked.h"
#include "http/h1/head.h"
#include "http/message.h"
#include "runtime/loop.h"
#include "runtime/stream.h"

namespace sluice::http::h1 {

/// A stream, and the bytes that were read from it and belong to whoever reads next.
class Input {
 public:
  explicit Input(StreamPtr stream) : stream_(std::move(stream)) {}

  Stream& stream() noexcept { return *stream_; }

  const Chunk& buffered() const noexcept { return buffered_; }

  void put_back(Chunk bytes) noexcept { buffered_ = std::move(bytes); }

  void consume(std::size_t size) noexcept {
    buffered_.remove_prefix(size);
    if (buffered_.empty()) buffered_ = Chunk();
  }

  /// Bytes that were taken out so far.
  std::uint64_t consumed() const noexcept { return stream_->received() - buffered_.size(); }

  /// As Stream::arrival(): where to wait before a read. Null when bytes are buffered, too.
  WaitList* arrival(std::size_t wanted = read_bytes, Relay* relay = nullptr) {
    return buffered_.empty() ? stream_->arrival(std::min(wanted, piece_max_), relay) : nullptr;
  }

  /// From now on no read() asks for more, nor does a wait for one.
  void limit_pieces(std::size_t bytes) noexcept { piece_max_ = bytes; }

  /// Buffered bytes, or else what the stream has, as Stream::read(). Empty at the end.
  Task<Result<Chunk>> read_some(std::size_t wanted, TimePoint deadline) {
    if (!buffered_.empty()) return Result<Chunk>(std::exchange(buffered_, Chunk()));
    return stream_->read(wanted, deadline);
  }

  /// `expected` is what is known to come.
  Task<Result<Chunk>> read(TimePoint deadline, std::uint64_t expected = 0) {
    const auto wanted = std::clamp<std::uint64_t>(expected, read_bytes, read_bytes_max);
    return read_some(std::min(static_cast<std::size_t>(wanted), piece_max_), deadline);
  }

  /// Of a tunnel: bytes as they come, in blocks of the size that the last ones needed.
  Task<Result<Chunk>> read_raw(TimePoint deadline) { return read_some(raw_bytes_, deadline); }

  /// Of a tunnel that last `moved_at`.
  WaitList* raw_arrival(Relay& relay, TimePoint& moved_at) {
    relay.set_source(moved_at, raw_bytes_);
    return arrival(raw_bytes_, &relay);
  }

  void took_raw(std::size_t size) noexcept { raw_bytes_ = read_behind(size); }

  /// The size of the head that is buffered whole; 0 when more bytes are needed.
  Result<std::size_t> buffered_head(const Limits& limits) const {
    if (const std::size_t size = complete_head_size(buffered_.text(), limits)) return size;
    return HeadScanner().scan(buffered_.text(), limits);
  }

  /// Reads until a whole head is buffered, contiguous, and returns its size: consume() it.
  /// Error(closed) when the stream ended: with an empty detail when it ended before the first byte.
  /// `wanted` is as for Stream::read().
  Task<Result<std::size_t>> read_head(const Limits& limits, std::size_t wanted, TimePoint deadline);

 private:
  StreamPtr stream_;
  Chunk buffered_;
  std::size_t raw_bytes_ = request_bytes;
  std::size_t piece_max_ = read_bytes_max;
};

/// Takes one framed body from an Input: the rules of both sides.
class BodyReader {
 public:
  BodyReader(Framing framing, const Limits& limits);

  /// Empty at the end. Error(closed) when the stream ended inside the body, Error(bad_request) for
  /// broken chunks.
  Task<Result<Chunk>> read(Input& input, TimePoint deadline);

  bool finished() const noexcept { return finished_; }

  /// Of a body that ends with its stream: an empty read was its end.
  void end() noexcept { finished_ = true; }

  /// As Body::read_into(), for bodies of known length.
  Task<Result<std::size_t>> read_into(Input& input, PipePtr& pipe, TimePoint deadline);

  bool can_read_into(const Input& input) const noexcept {
    return framing_.kind == Framing::Kind::length && !finished_ && input.buffered().empty();
  }

  std::optional<std::uint64_t> length() const noexcept {
    return framing_.kind == Framing::Kind::length ? std::optional(framing_.length) : std::nullopt;
  }

  const Headers* trailers() const noexcept { return chunked_ ? &chunked_->trailers() : nullptr; }

  /// From now on raw bytes until the end of the stream: a tunnel.
  void become_tunnel() noexcept;

 private:
  Result<Chunk> take(Chunk bytes, Input& input);
  Task<Result<Chunk>> read_later(Input& input, Task<Result<Chunk>> reading, TimePoint deadline);

  Framing framing_;
  std::uint64_t left_ = 0;
  bool finished_ = false;
  std::unique_ptr<ChunkedDecoder> chunked_;
};

/// A body on its way from socket to socket: how far it came, and what ended it there.
struct Passage {
  std::uint64_t left;              ///< bytes that are still to come
  std::uint64_t& sent;             ///< counts along
  std::optional<Error> unread;     ///< the body failed
  std::optional<Error> unwritten;  ///< its new stream takes no more
};

/// From here on, pages that stay in the kernel are worth the calls that a pipe costs.
inline constexpr std::uint64_t passed_body_min = 128 * 1024;

/// Moves what it can of a body to `stream` without a copy (docs/decisions/0010); what is left then
/// is to be read. `patience`: without a byte taken by the stream. True when any bytes moved.
/// Precondition: stream.takes_pipes().
Task<bool> pass_body(Loop& loop, Body& body, Stream& stream, milliseconds patience,
                     Passage& passage);

/// How a body that is sent is framed.
enum class Coding : std::uint8_t { none, length, chunked, until_close };

/// One piece of a body, framed. The last piece of a chunked body is made by end_of_chunks().
Chunks frame_chunk(Coding coding, Chunk bytes);
Chunks end_of_chunks(const Headers* trailers);

/// Appends text to a head that is being composed; grows as needed.
class HeadWriter {
 public:
  explicit HeadWriter(std::size_t expected) { take_room(Chunk::with_room(expected)); }

  HeadWriter& operator<<(std::string_view text) {
    if (text.size() > room_left()) [[unlikely]]
      grow(text.size());
    at_ = copy_short(at_, text);
    return *this;
  }

  HeadWriter& operator<<(std::uint64_t number);

  void field(std::string_view name, std::string_view value) {
    *this << name << ": " << value << "\r\n";
  }

  void fields(const Headers& headers);

  Chunk take() noexcept {
    head_.extend(static_cast<std::size_t>(at_ - begin_));
    return std::move(head_);
  }

 private:
  /// Bytes that still fit without growing.
  std::size_t room_left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  void take_room(Chunk empty) noexcept {
    head_ = std::move(empty);
    const auto room = head_.room();
    begin_ = at_ = room.data();
    end_ = begin_ + room.size();
  }

  void grow(std::size_t size);

  Chunk head_;  ///< empty until take()
  char* begin_;
  char* at_;
  char* end_;
};

/// Standard reason phrase; empty for unknown codes.
std::string_view reason_phrase(std::uint16_t status) noexcept;

}  // namespace sluice::http::h1
