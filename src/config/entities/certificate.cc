// Rules between the fields of certificates and authorities.

#include "config/entities/certificate.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "config/entities/certificate_fields.h"
#include "config/pem.h"

namespace sluice::config {
namespace {

/// `file:/path` stands for what the file holds, read again with each load. False where it cannot be
/// read; the path is no secret, other than what else may stand in its place.
bool take_file(const Given& given, std::string_view field, std::string& pem,
               std::string_view format = "PEM") {
  constexpr std::string_view scheme = "file:";
  constexpr std::size_t bytes_max = 1 << 20;
  if (!pem.starts_with(scheme)) return true;
  const std::string path = pem.substr(scheme.size());
  errno = 0;
  // Whoever opens a pipe waits for its writer.
  std::error_code unknown;
  const bool is_pipe = std::filesystem::is_fifo(path, unknown);
  std::ifstream file;
  if (!is_pipe) file.open(path, std::ios::binary);
  std::string text(bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  const int problem = errno;
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.eof() && !text.empty()) {
    pem = std::move(text);
    return true;
  }
  const std::string why = is_pipe        ? "it is a pipe"
                          : problem != 0 ? std::generic_category().message(problem)
                          : text.empty() ? "it is empty"
                                         : "it has more than 1 MiB";
  given.error(
      field, fmt::format("must name a readable file of {}, cannot read {}: {}", format, path, why));
  pem.clear();
  return false;
}

/// For what is no PEM, but looks like the path of a file.
std::string_view path_hint(std::string_view text) {
  const bool is_path = text.find('\n') == std::string_view::npos &&
                       (text.starts_with('/') || text.starts_with("./") || text.ends_with(".pem") ||
                        text.ends_with(".crt") || text.ends_with(".key"));
  return is_path ? "; write file:/path for what a file holds" : "";
}

/// False where one of the two is wrong.
bool check_pair(const Given& given, std::string_view cert_field, const std::string& cert,
                std::string_view key_field, const std::string& key) {
  const bool has_cert = is_certificate_chain(cert);
  const bool has_key = is_private_key(key);
  if (!has_cert)
    given.error(cert_field,
                fmt::format("must be one or more certificates in PEM{}", path_hint(cert)));
  if (!has_key)
    given.error(key_field,
                fmt::format("must be a private key in PEM, without password{}", path_hint(key)));
  if (has_cert && is_expired(cert))
    given.error(cert_field, "has expired: no client accepts it; renew it, or leave it out");
  if (has_cert && is_early(cert))
    given.warning(cert_field, "is not valid yet: no client accepts it before its time begins");
  if (!has_cert || !has_key) return false;
  if (is_key_of(cert, key)) return true;
  if (is_key_within(cert, key)) {
    given.error(cert_field,
                fmt::format("must begin with the node's own certificate, that of \"{}\", which "
                            "stands behind another one",
                            key_field));
    return false;
  }
  given.error(key_field, std::string("must be the key of \"").append(cert_field).append("\""));
  return false;
}

/// A response that has expired, or says nothing good, is not shown to clients: no reason to refuse
/// the rest. One that is not of the certificate is a mistake.
void check_ocsp(const Given& given, std::string_view field, const std::string& cert,
                std::optional<std::string>& der, OcspAnswer& answer) {
  if (!der) return;
  if (!take_file(given, field, *der, "DER")) return;
  answer = read_ocsp(cert, *der);
  switch (answer.flaw) {
    case OcspFlaw::malformed:
      return given.error(field, "must be a successful response of OCSP in DER");
    case OcspFlaw::other_certificate:
      return given.error(field, "must be about the certificate beside it");
    case OcspFlaw::bad_signature:
      return given.error(field, "must be signed by the issuer of the certificate, or for it");
    case OcspFlaw::not_good:
      given.warning(field, "says that the certificate is revoked or unknown: it is not stapled");
      break;
    case OcspFlaw::none:
      if (answer.expired) given.warning(field, "has expired: it is not stapled");
      return;
  }
  der.reset();
}

}  // namespace

bool is_sni(std::string_view text) {
  // A client names no address (RFC 6066 §3), and one that connects to an address names nothing.
  in_addr address;
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) == 1) return false;
  return text == "*" || (is_host_pattern(text) && text.find(':') == std::string_view::npos &&
                         !text.starts_with('['));
}

void Certificate::check(Certificate& certificate, const Given& given) {
  bool read = take_file(given, "cert", certificate.cert);
  read &= take_file(given, "key", certificate.key);
  if (certificate.cert_alt) read &= take_file(given, "cert_alt", *certificate.cert_alt);
  if (certificate.key_alt) read &= take_file(given, "key_alt", *certificate.key_alt);
  if (!read) return;
  bool right = check_pair(given, "cert", certificate.cert, "key", certificate.key);
  check_ocsp(given, "ocsp", certificate.cert, certificate.ocsp, certificate.ocsp_answer);
  if (certificate.ocsp_alt && !certificate.cert_alt)
    given.error("ocsp_alt", "must not be given without \"cert_alt\"");
  if (certificate.cert_alt.has_value() != certificate.key_alt.has_value()) {
    given.error("\"cert_alt\" and \"key_alt\" must be given together");
    return;
  }
  if (!certificate.cert_alt) return;
  check_ocsp(given, "ocsp_alt", *certificate.cert_alt, certificate.ocsp_alt,
             certificate.ocsp_alt_answer);
  right &= check_pair(given, "cert_alt", *certificate.cert_alt, "key_alt", *certificate.key_alt);
  if (right &&
      key_kind_of_certificate(certificate.cert) == key_kind_of_certificate(*certificate.cert_alt))
    given.error("cert_alt", "must have another kind of key than \"cert\", such as RSA and ECDSA");
}

void CaCertificate::check(CaCertificate& certificate, const Given& given) {
  if (!take_file(given, "cert", certificate.cert)) return;
  if (!is_one_certificate(certificate.cert))
    given.error("cert",
                fmt::format("must be one certificate in PEM{}", path_hint(certificate.cert)));
  else if (!is_authority(certificate.cert))
    given.error("cert", "must be the certificate of an authority (CA:TRUE)");
  else if (is_expired(certificate.cert))
    given.warning("cert", "has expired: nothing that it signed is accepted");
}

}  // namespace sluice::config
