#pragma once
// Responses of OCSP (RFC 6960) as a configuration names them for stapling.

#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace sluice::config {

enum class OcspFlaw : std::uint8_t {
  none,
  malformed,          ///< no response in DER, or one of a responder that refused to answer
  other_certificate,  ///< it speaks of other certificates
  bad_signature,      ///< neither the issuer nor who it appointed has signed it
  not_good,           ///< it says that the certificate is revoked, or unknown
};

struct OcspAnswer {
  OcspFlaw flaw = OcspFlaw::none;
  WallTime since{};                  ///< thisUpdate
  WallTime until = WallTime::max();  ///< nextUpdate, where there is one
  bool expired = false;              ///< by the system's clock
};

/// What a response in DER says of the first of the certificates in PEM. Its signature is verified
/// where the issuer is the second of them.
OcspAnswer read_ocsp(std::string_view certificates_pem, std::string_view der);

}  // namespace sluice::config
