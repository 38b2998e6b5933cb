#include "tls/authorities.h"

#include <array>

#include <openssl/sha.h>

#include "tls/openssl.h"

namespace sluice::tls {

std::string digest(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  std::string hex;
  for (const unsigned char byte : hash) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

Authorities::Authorities() : store_(X509_STORE_new()), names_(sk_X509_NAME_new_null()) {}

Result<AuthoritiesPtr> Authorities::parse(const std::vector<std::string>& pems) {
  forget_errors();
  std::shared_ptr<Authorities> authorities(new Authorities);
  for (const std::string& pem : pems) {
    const BioOwner reader = reader_of(pem);
    const CertificateOwner certificate(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
    if (certificate == nullptr || X509_STORE_add_cert(authorities->store_, certificate.get()) != 1)
      return fail(ErrorCode::invalid_configuration,
                  "no certificate of an authority in PEM: " + error_text());
    prepare(certificate.get());
    sk_X509_NAME_push(authorities->names_, X509_NAME_dup(X509_get_subject_name(certificate.get())));
  }
  return authorities;
}

AuthoritiesPtr Authorities::of_system() {
  static const AuthoritiesPtr shared = [] {
    std::shared_ptr<Authorities> authorities(new Authorities);
    X509_STORE_set_default_paths(authorities->store_);
    forget_errors();
    return authorities;
  }();
  return shared;
}

Authorities::~Authorities() {
  X509_STORE_free(store_);
  sk_X509_NAME_pop_free(names_, X509_NAME_free);
}

}  // namespace sluice::tls
