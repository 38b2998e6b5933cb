#pragma once
// The two ends of a stream's data: what the peer sends, as a Body; and a Body, sent to the peer.

#include <memory>

#include "http/h2/session.h"

namespace sluice::http::h2 {

/// Reads what the peer sends. Outlives connection and stream, and then reads an Error. Destroyed
/// before the end, it gives back what nobody reads.
class StreamBody : public Body, public memory::Pooled {
 public:
  /// Times out after `idle` without data; where it `converses`, without data in either direction.
  StreamBody(StatePtr state, std::optional<std::uint64_t> length, milliseconds idle,
             bool converses = false)
      : state_(std::move(state)), length_(length), idle_(idle), converses_(converses) {}

  ~StreamBody() override;

  Task<Result<Chunk>> read() override;

  std::optional<std::uint64_t> length() const override { return length_; }

  const Headers* trailers() const override {
    return state_->in_trailers.empty() ? nullptr : &state_->in_trailers;
  }

 protected:
  StreamState& state() noexcept { return *state_; }

 private:
  std::optional<Result<Chunk>> next();
  Task<Result<Chunk>> read_later();

  StatePtr state_;
  std::optional<std::uint64_t> length_;
  milliseconds idle_;
  bool converses_;
};

/// How sending a body ended.
enum class Sent : std::uint8_t {
  whole,
  body_failed,   ///< the body read an Error, or another size than it declared
  peer_gone,     ///< the stream or the connection closed
  peer_is_slow,  ///< it took nothing for `patience`
};

struct SentBody {
  Sent how = Sent::whole;
  Error error;  ///< of the body
};

/// Reads `body` to its end and sends it, trailers too, which need no asking in HTTP/2; its head was
/// submitted. Ends when all was given to the stream's queue, and the queue is short.
Task<SentBody> send_body(StreamState& state, Body& body, milliseconds patience);

/// Ends when END_STREAM has left. False when it cannot leave within `patience` without progress.
Task<bool> finish_sending(StreamState& state, milliseconds patience);

}  // namespace sluice::http::h2
