#pragma once
// One client's connection of the load generator, with TLS 1.3 or without. Non-blocking; OpenSSL
// reads ahead, so that a wake-up costs the generator one system call, not two a record.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "sockets.h"

namespace bench {

/// What TLS clients offer: one cipher, one curve, no resumption; any certificate is accepted.
class TlsClients {
 public:
  explicit TlsClients(const char* program) : context_(SSL_CTX_new(TLS_client_method())) {
    if (context_ == nullptr || SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(context_, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set1_groups_list(context_, "P-256") != 1) {
      fail(program, "OpenSSL has no TLS 1.3 with AES-128-GCM and P-256");
    }
    SSL_CTX_set_read_ahead(context_, 1);
    SSL_CTX_set_default_read_buffer_len(context_, 64 * 1024);
  }

  TlsClients(const TlsClients&) = delete;
  TlsClients& operator=(const TlsClients&) = delete;

  ~TlsClients() { SSL_CTX_free(context_); }

  SSL* begin(int descriptor) const {
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, descriptor);
    SSL_set_connect_state(ssl);
    return ssl;
  }

 private:
  SSL_CTX* context_;
};

class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  ~Connection() { end(); }

  /// Connects; `tls` may be null. False when it failed at once.
  bool open(const sockaddr_in& target, const TlsClients* tls) {
    descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    send_at_once(descriptor_);
    const int result =
        connect(descriptor_, reinterpret_cast<const sockaddr*>(&target), sizeof target);
    if (result != 0 && errno != EINPROGRESS) return false;
    if (tls != nullptr) ssl_ = tls->begin(descriptor_);
    return true;
  }

  void end() {
    SSL_free(ssl_);
    ssl_ = nullptr;
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = -1;
  }

  int descriptor() const noexcept { return descriptor_; }

  enum class Handshake : std::uint8_t { done, waits, failed };

  Handshake shake() {
    if (ssl_ == nullptr) return Handshake::done;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) return Handshake::done;
    return SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ ? Handshake::waits
                                                              : Handshake::failed;
  }

  /// Whether all of it left.
  bool write(std::string_view bytes) {
    if (ssl_ == nullptr)
      return send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
             static_cast<ssize_t>(bytes.size());
    ERR_clear_error();
    std::size_t written = 0;
    return SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written) == 1;
  }

  /// Up to `most` bytes that came; 0 when there are none now, or at the end. Those that are not
  /// wanted are thrown away, without TLS without a copy.
  std::size_t read(std::span<char> to, std::size_t most, bool is_wanted) {
    if (ssl_ == nullptr) {
      const ssize_t got = recv(descriptor_, to.data(), most, is_wanted ? 0 : MSG_TRUNC);
      return got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    ERR_clear_error();
    std::size_t got = 0;
    return SSL_read_ex(ssl_, to.data(), std::min(most, to.size()), &got) == 1 ? got : 0;
  }

  /// Whether a read of fewer bytes than it asked for means that there are no more.
  bool short_reads_drain() const noexcept { return ssl_ == nullptr; }

 private:
  int descriptor_ = -1;
  SSL* ssl_ = nullptr;
};

}  // namespace bench
