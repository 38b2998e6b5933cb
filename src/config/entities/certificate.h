#pragma once
// Certificates, the server names that get them, and authorities.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/entities/common.h"
#include "config/ocsp.h"

namespace sluice::config {

/// Which server name gets which certificate.
struct Sni {
  Uuid id;
  std::string name;  ///< exact, `*.example.com`, `example.*` or `*`
  Reference certificate;
  std::vector<std::string> tags;

  std::uint32_t certificate_index = 0;  ///< in LoadedFile::certificates
  Place place;

  static constexpr std::string_view type_name = "sni";
  static constexpr auto fields();
};

struct Certificate {
  Uuid id;
  std::string cert;  ///< PEM, with the chain behind it
  std::string key;   ///< PEM
  std::optional<std::string> cert_alt;
  std::optional<std::string> key_alt;
  std::optional<std::string> ocsp;      ///< DER after loading, as the next one
  std::optional<std::string> ocsp_alt;  ///< of cert_alt
  std::vector<Sni> snis;                ///< empty after loading: LoadedFile::snis has them
  std::vector<std::string> tags;
  OcspAnswer ocsp_answer;  ///< what `ocsp` says of `cert`
  OcspAnswer ocsp_alt_answer;
  Place place;

  static constexpr std::string_view type_name = "certificate";
  static constexpr auto fields();
  static void check(Certificate& certificate, const Given& given);
};

struct CaCertificate {
  Uuid id;
  std::string cert;  ///< PEM, one certificate
  std::optional<std::string> cert_digest;
  std::vector<std::string> tags;
  Place place;

  static constexpr std::string_view type_name = "ca_certificate";
  static constexpr auto fields();
  static void check(CaCertificate& certificate, const Given& given);
};

bool is_sni(std::string_view text);

}  // namespace sluice::config
