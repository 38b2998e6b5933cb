#include "tls/tls_stream.h"

#include <algorithm>
#include <array>
#include <string>

#include "tls/client_context.h"
#include "tls/openssl.h"
#include "tls/server_context.h"
#include "tls/transport.h"

namespace sluice::tls {
namespace {

// The content of a record (RFC 8446 §5.1).
constexpr std::size_t record_bytes = 16 * 1024;
// Small pieces of one write (a chunk's size line, its end) share a record.
constexpr std::size_t joined_bytes = 4096;
// KeyUpdates that a peer may ask for in a connection's life: each draws an answer that waits for
// it.
constexpr std::uint32_t answers_max = 256;
// What a handshake reads at a time.
constexpr std::size_t flight_bytes = 4096;

}  // namespace

TlsStream::TlsStream(Loop& loop, StreamPtr lower, ssl_st* ssl)
    : loop_(loop), lower_(std::move(lower)), ssl_(ssl) {
  Transport::attach(*this, ssl_);
}

TlsStream::~TlsStream() {
  // A session stays good though this connection ends without a goodbye.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

Error TlsStream::broken(std::string_view what) {
  failed_ = true;
  std::string text(what);
  if (const std::string why = error_text(); !why.empty()) text += ": " + why;
  if (const long verified = SSL_get_verify_result(ssl_); verified != X509_V_OK)
    text += std::string(": ") + X509_verify_cert_error_string(verified);
  return {ErrorCode::tls_failed, std::move(text)};
}

/// What OpenSSL has to say by itself leaves at once, and nobody waits for it.
void TlsStream::answer() {
  if (!out_.empty())
    static_cast<void>(lower_->write(std::exchange(out_, Chunks()), Flush::now, never));
}

/// OpenSSL takes all that is there before it asks for more.
void TlsStream::feed(Chunk bytes) noexcept {
  in_end_ = bytes.empty();
  in_ = std::move(bytes);
}

Task<Result<Done>> TlsStream::shake(TimePoint deadline) {
  for (;;) {
    forget_errors();
    const int result = SSL_do_handshake(ssl_);
    const int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
    answer();
    if (result == 1) co_return Done{};
    if (why != SSL_ERROR_WANT_READ) co_return std::unexpected(broken("TLS handshake"));
    CO_TRY(Chunk bytes, co_await lower_->read(flight_bytes, deadline));
    if (bytes.empty()) co_return fail(ErrorCode::closed, "the peer left during the TLS handshake");
    feed(std::move(bytes));
  }
}

/// What comes of the bytes at hand; nothing when more are needed.
std::optional<Result<Chunk>> TlsStream::decrypt(std::size_t wanted) {
  const bool pending = SSL_has_pending(ssl_) == 1;
  Chunk plain;
  if (!closed_ && !failed_ && (!in_.empty() || pending)) {
    const std::size_t expected = std::max(in_.size(), pending ? record_bytes : 1);
    plain = Chunk::with_room(std::clamp<std::size_t>(expected, 1, std::max(wanted, 1uz)));
    const auto error = take_records(plain);
    received_ += plain.size();
    // What came before an error is good, and the next read fails.
    if (error && plain.empty()) return std::unexpected(*error);
  }
  if (!plain.empty() || closed_) return plain;
  if (failed_) return fail(ErrorCode::tls_failed, "the TLS connection is broken");
  if (!in_end_) return std::nullopt;
  // Who cuts the connection must not be able to cut a message unnoticed (RFC 8446 §6.1).
  return fail(ErrorCode::closed, "the TLS connection ended without close_notify");
}

std::optional<Error> TlsStream::take_records(Chunk& plain) {
  for (auto room = plain.room(); !room.empty(); room = plain.room()) {
    forget_errors();
    std::size_t size = 0;
    const int result = SSL_read_ex(ssl_, room.data(), room.size(), &size);
    const int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
    if (!out_.empty() && ++answers_ > answers_max) {
      failed_ = true;
      return Error{ErrorCode::tls_failed, "too many key updates"};
    }
    answer();
    if (why == SSL_ERROR_NONE) {
      plain.extend(size);
      // OpenSSL is not asked for what cannot be there.
      if (in_.empty() && SSL_has_pending(ssl_) == 0) return std::nullopt;
      continue;
    }
    closed_ = why == SSL_ERROR_ZERO_RETURN;
    if (closed_ || why == SSL_ERROR_WANT_READ) return std::nullopt;
    return broken("TLS read");
  }
  return std::nullopt;
}

Task<Result<Chunk>> TlsStream::read(std::size_t wanted, TimePoint deadline) {
  if (!unread_.empty()) return Result<Chunk>(std::exchange(unread_, Chunk()));
  if (!loop_.may_go_on()) return read_in_turn(wanted, deadline);
  for (;;) {
    if (auto plain = decrypt(wanted)) return *std::move(plain);
    auto reading = lower_->read(wanted, deadline);
    if (!reading.await_ready()) return read_later(std::move(reading), wanted, deadline);
    auto bytes = reading.await_resume();
    if (!bytes) return std::unexpected(std::move(bytes).error());
    feed(*std::move(bytes));
  }
}

Task<Result<Chunk>> TlsStream::read_later(Task<Result<Chunk>> reading, std::size_t wanted,
                                          TimePoint deadline) {
  for (;;) {
    CO_TRY(Chunk bytes, co_await std::move(reading));
    feed(std::move(bytes));
    if (auto plain = decrypt(wanted)) co_return *std::move(plain);
    reading = lower_->read(wanted, deadline);
  }
}

Task<Result<Chunk>> TlsStream::read_in_turn(std::size_t wanted, TimePoint deadline) {
  co_await yield(loop_);
  co_return co_await read(wanted, deadline);
}

bool TlsStream::encrypt(std::string_view text) {
  forget_errors();
  std::size_t written = 0;
  return SSL_write_ex(ssl_, text.data(), text.size(), &written) == 1;
}

bool TlsStream::encrypt(const Chunks& bytes) {
  std::array<char, joined_bytes> joined;
  std::size_t size = 0;
  for (const Chunk& chunk : bytes) {
    const std::string_view text = chunk.text();
    if (size > 0 && size + text.size() > joined.size()) {
      if (!encrypt({joined.data(), std::exchange(size, 0)})) return false;
    }
    const bool alone = size == 0 && &chunk == &bytes[bytes.size() - 1];
    if (alone || text.size() > joined.size()) {
      if (!text.empty() && !encrypt(text)) return false;
      continue;
    }
    std::ranges::copy(text, joined.begin() + static_cast<std::ptrdiff_t>(size));
    size += text.size();
  }
  return size == 0 || encrypt({joined.data(), size});
}

Task<Result<Done>> TlsStream::write(Chunks bytes, Flush flush, TimePoint deadline) {
  if (failed_) return fail(ErrorCode::tls_failed, "the TLS connection is broken");
  const bool encrypted = encrypt(bytes);
  Chunks out = std::exchange(out_, Chunks());
  if (!encrypted) return std::unexpected(broken("TLS write"));
  return lower_->write(std::move(out), flush, deadline);
}

Task<Result<Done>> TlsStream::end(TimePoint deadline) {
  if (!failed_) {
    forget_errors();
    SSL_shutdown(ssl_);
    answer();
  }
  return lower_->end(deadline);
}

bool TlsStream::is_quiet() {
  if (!unread_.empty() || failed_ || closed_) return false;
  // A server sends tickets behind its handshake: they are no data.
  while (!lower_->is_quiet()) {
    auto reading = lower_->read(record_bytes, never);
    if (!reading.await_ready()) return true;
    auto bytes = reading.await_resume();
    if (!bytes || bytes->empty()) return false;
    feed(*std::move(bytes));
    if (auto plain = decrypt(record_bytes)) {
      if (*plain) unread_ = **std::move(plain);
      return false;
    }
  }
  return true;
}

WaitList* TlsStream::arrival(std::size_t wanted, Relay*) {
  if (!unread_.empty() || failed_ || closed_ || !in_.empty() || SSL_has_pending(ssl_) == 1)
    return nullptr;
  return lower_->arrival(wanted, nullptr);
}

std::string_view TlsStream::alpn() const noexcept {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string_view TlsStream::version() const noexcept {
  return SSL_get_version(ssl_);
}

std::string_view TlsStream::cipher() const noexcept {
  return SSL_get_cipher_name(ssl_);
}

bool TlsStream::resumed() const noexcept {
  return SSL_session_reused(ssl_) == 1;
}

}  // namespace sluice::tls
