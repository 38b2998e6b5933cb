// Rules between the fields of certificates and authorities.

#include "config/entities/certificate.h"

#include <string>

#include "config/entities/certificate_fields.h"
#include "config/pem.h"

namespace sluice::config {
namespace {

/// False where one of the two is wrong.
bool check_pair(const Given& given, std::string_view cert_field, const std::string& cert,
                std::string_view key_field, const std::string& key) {
  const bool has_cert = is_certificate_chain(cert);
  const bool has_key = is_private_key(key);
  if (!has_cert) given.error(cert_field, "must be one or more certificates in PEM");
  if (!has_key) given.error(key_field, "must be a private key in PEM, without password");
  if (!has_cert || !has_key) return false;
  if (is_key_of(cert, key)) return true;
  given.error(key_field, std::string("must be the key of \"").append(cert_field).append("\""));
  return false;
}

}  // namespace

bool is_sni(std::string_view text) {
  return text == "*" || (is_host_pattern(text) && text.find(':') == std::string_view::npos &&
                         !text.starts_with('['));
}

void Certificate::check(Certificate& certificate, const Given& given) {
  bool right = check_pair(given, "cert", certificate.cert, "key", certificate.key);
  if (certificate.cert_alt.has_value() != certificate.key_alt.has_value()) {
    given.error("\"cert_alt\" and \"key_alt\" must be given together");
    return;
  }
  if (!certificate.cert_alt) return;
  right &= check_pair(given, "cert_alt", *certificate.cert_alt, "key_alt", *certificate.key_alt);
  if (right &&
      key_kind_of_certificate(certificate.cert) == key_kind_of_certificate(*certificate.cert_alt))
    given.error("cert_alt", "must have another kind of key than \"cert\", such as RSA and ECDSA");
}

void CaCertificate::check(CaCertificate& certificate, const Given& given) {
  if (!is_one_certificate(certificate.cert))
    given.error("cert", "must be one certificate in PEM");
  else if (!is_authority(certificate.cert))
    given.error("cert", "must be the certificate of an authority (CA:TRUE)");
  else if (is_expired(certificate.cert))
    given.warning("cert", "has expired: nothing that it signed is accepted");
}

}  // namespace sluice::config
