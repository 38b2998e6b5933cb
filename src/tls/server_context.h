#pragma once
// A worker's side of TLS towards clients: one OpenSSL context, since a shared one is a lock and a
// count that all workers write.

#include <cstdint>
#include <memory>

#include "runtime/stream.h"
#include "tls/certificates.h"
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

class ServerContext {
 public:
  explicit ServerContext(Loop& loop);
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;
  ~ServerContext();

  /// For handshakes from now on. Precondition of accept(): called once.
  void use(CertificatesPtr certificates) { certificates_ = std::move(certificates); }

  /// The server's end of TLS over `lower`; shake() it. The stream may outlive the context.
  std::unique_ptr<TlsStream> accept(StreamPtr lower, const ServerOptions& options);

 private:
  friend struct ServerCallbacks;

  Loop& loop_;
  ssl_ctx_st* context_;
  CertificatesPtr certificates_;
  TicketKeys tickets_;
};

}  // namespace sluice::tls
