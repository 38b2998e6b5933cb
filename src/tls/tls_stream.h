#pragma once
// TLS as a layer over another stream: OpenSSL sees bytes in memory, never a socket.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/memory.h"
#include "runtime/loop.h"
#include "runtime/stream.h"

struct ssl_st;

namespace sluice::tls {

class SessionSlot;
struct ServerHandshake;

class TlsStream final : public Stream, public memory::Pooled {
 public:
  /// Owns `ssl`, whose role is set: see ServerContext and ClientContext.
  TlsStream(Loop& loop, StreamPtr lower, ssl_st* ssl);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream() override;

  /// The handshake: nothing else may be called before it ended well. Error(tls_failed) with
  /// OpenSSL's reason; Error(closed, timed_out, io_failed) of the stream below.
  Task<Result<Done>> shake(TimePoint deadline);

  Task<Result<Chunk>> read(std::size_t wanted, TimePoint deadline) override;
  Task<Result<Done>> write(Chunks bytes, Flush flush, TimePoint deadline) override;
  /// close_notify (RFC 8446 §6.1), then the end of the stream below.
  Task<Result<Done>> end(TimePoint deadline) override;

  Event& gone() override { return lower_->gone(); }

  bool is_quiet() override;
  WaitList* arrival(std::size_t wanted, Relay* relay) override;

  std::uint64_t received() const override { return received_; }

  void unread(Chunk bytes) override { unread_ = std::move(bytes); }

  // After the handshake; texts live as long as the stream.
  std::string_view alpn() const noexcept;  ///< "" when nothing was agreed on
  std::string_view version() const noexcept;
  std::string_view cipher() const noexcept;
  bool resumed() const noexcept;

  Loop& loop() noexcept { return loop_; }

  ssl_st* ssl() noexcept { return ssl_; }

  /// Of a server, until it is over: see ServerContext.
  std::unique_ptr<ServerHandshake> handshake;

  /// Where sessions go that the server offers for further connections; null: nowhere.
  std::shared_ptr<SessionSlot> sessions;

 private:
  friend struct Transport;

  std::optional<Result<Chunk>> decrypt(std::size_t wanted);
  std::optional<Error> take_records(Chunk& plain);
  Task<Result<Chunk>> read_later(Task<Result<Chunk>> reading, std::size_t wanted,
                                 TimePoint deadline);
  Task<Result<Chunk>> read_in_turn(std::size_t wanted, TimePoint deadline);
  void feed(Chunk bytes) noexcept;
  bool encrypt(const Chunks& bytes);
  bool encrypt(std::string_view text);
  void answer();
  Error broken(std::string_view what);

  Loop& loop_;
  StreamPtr lower_;
  ssl_st* ssl_;
  Chunk in_;    ///< ciphertext that OpenSSL has not taken
  Chunks out_;  ///< ciphertext that the stream below has not been given
  Chunk unread_;
  std::uint64_t received_ = 0;
  std::uint32_t answers_ = 0;  ///< messages that the peer drew from us
  bool in_end_ = false;        ///< the stream below ended
  bool closed_ = false;        ///< the peer said that it sends no more
  bool failed_ = false;        ///< no further call of OpenSSL makes sense
};

}  // namespace sluice::tls
