// Rules between the fields of a credential, and what of it is not served yet.

#include "config/entities/credentials.h"

#include <fmt/format.h>

#include "config/entities/credentials_fields.h"
#include "config/pem.h"

namespace sluice::config {

bool is_redirect_uri(std::string_view text) {
  const std::size_t scheme = text.find("://");
  return scheme != std::string_view::npos && scheme > 0 && scheme + 3 < text.size() &&
         text.find_first_of("# \t") == std::string_view::npos;
}

void JwtSecret::check(JwtSecret& credential, const Given& given) {
  const bool is_symmetric = credential.algorithm <= JwtAlgorithm::hs512;
  const std::string_view needed = is_symmetric ? "secret" : "rsa_public_key";
  if (!given.has(needed))
    given.error(fmt::format("field \"{}\" is required with algorithm \"{}\"", needed,
                            name_of(credential.algorithm)));
  else if (!is_symmetric && !is_public_key(*credential.rsa_public_key))
    given.error("rsa_public_key", "must be a public key in PEM");
}

void OAuth2Credential::check(OAuth2Credential& credential, const Given& given) {
  if (credential.client_type == OAuth2ClientType::confidential && !credential.client_secret)
    given.error("field \"client_secret\" is required of a confidential client");
}

}  // namespace sluice::config
