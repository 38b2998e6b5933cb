#pragma once
// A worker's side of TLS towards clients: one OpenSSL context, since a shared one is a lock and a
// count that all workers write.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/stream.h"
#include "tls/certificates.h"
#include "tls/client_verification.h"
#include "tls/ticket_keys.h"
#include "tls/tls_stream.h"

struct ssl_ctx_st;

namespace sluice::tls {

enum class Version : std::uint8_t { tls_1_2, tls_1_3 };

/// Of one listener.
struct ServerOptions {
  Version min_version = Version::tls_1_2;
  bool http2 = true;  ///< ALPN offers h2
};

/// A handshake of a client: what the listener asks of it, and what came of it.
struct ServerHandshake {
  ServerOptions options;
  ClientVerificationsPtr verifications;  ///< null: no client is asked for a certificate

  // Known once the whole ClientHello was read, before anything depends on it.
  std::optional<std::string> server_name;  ///< SNI in its normal form; "" without
  ClientVerificationPtr verification;      ///< what was asked of the client

  // Known at the end.
  bool verified = false;     ///< the client proved that a certificate is its own, and it is good
  std::string_view problem;  ///< why the certificate that it showed is not good; static text
};

class ServerContext {
 public:
  explicit ServerContext(Loop& loop);
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;
  ~ServerContext();

  /// For handshakes from now on. Precondition of accept(): called once.
  void use(CertificatesPtr certificates) { certificates_ = std::move(certificates); }

  /// The server's end of TLS over `lower`; shake() it, then take_handshake(). The stream may
  /// outlive the context.
  std::unique_ptr<TlsStream> accept(StreamPtr lower, const ServerOptions& options,
                                    ClientVerificationsPtr verifications = nullptr);

  /// What came of a handshake that ended well. Once a stream of accept().
  static std::unique_ptr<const ServerHandshake> take_handshake(TlsStream& stream);

 private:
  friend struct ServerCallbacks;

  Loop& loop_;
  ssl_ctx_st* context_;
  CertificatesPtr certificates_;
  TicketKeys tickets_;
};

}  // namespace sluice::tls
