#pragma once
// Certificates, and how upstreams are spoken to: from the configuration to what handshakes use.

#include <cstdint>
#include <vector>

#include "config/load.h"
#include "tls/certificates.h"
#include "tls/client_verification.h"
#include "upstream/transport.h"

namespace sluice {

/// `file` and `diagnostics` outlive it.
class TlsCompiler {
 public:
  TlsCompiler(const config::LoadedFile& file, config::Diagnostics& diagnostics);

  /// What listeners with TLS show.
  const tls::CertificatesPtr& certificates() const noexcept { return certificates_; }

  /// A certificate of the file, for upstreams that ask.
  tls::Shown shown_certificate(std::uint32_t index) const;

  /// How a service's upstream is spoken to. Verification is on unless the service turns it off,
  /// against the system's authorities unless it names others.
  upstream::Transport transport_of(const config::Service& service);

  /// What a listener asks of its clients; null: nothing.
  tls::ClientVerificationsPtr verifications_of(const config::ListenerSettings& listener);

  /// Something could not be used; the diagnostics say what.
  bool failed() const noexcept { return failed_; }

 private:
  void add_pair(tls::Identity& identity, std::string_view cert, std::string_view key,
                tls::Staple staple, config::Place place);
  tls::ClientVerificationPtr verification_of(const config::ClientCertificateSettings& from);
  tls::ClientPolicyPtr policy_of(const config::Service& service);
  void refuse(config::Place place, std::string_view field, const Error& error);

  const config::LoadedFile& file_;
  config::Diagnostics& diagnostics_;
  std::vector<tls::IdentityPtr> identities_;  ///< of file_.certificates
  tls::CertificatesPtr certificates_;
  bool failed_ = false;
};

}  // namespace sluice
