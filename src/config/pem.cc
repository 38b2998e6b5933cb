// OpenSSL's readers of PEM, asked one question at a time.

#include "config/pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/openssl_owner.h"

namespace sluice::config {
namespace {

using Bio = Owned<BIO, BIO_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Certificate = Owned<X509, X509_free>;

Bio reader_of(std::string_view pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// No terminal is asked for the password of an encrypted key.
int no_password(char*, int, int, void*) {
  return -1;
}

Key private_key(std::string_view pem) {
  const Bio bio = reader_of(pem);
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return key;
}

Certificate first_certificate(std::string_view pem) {
  const Bio bio = reader_of(pem);
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return certificate;
}

/// 0 where anything in it is no certificate.
int count_certificates(std::string_view pem) {
  const Bio bio = reader_of(pem);
  int count = 0;
  for (;;) {
    const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (certificate == nullptr) break;
    ++count;
  }
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return is_end ? count : 0;
}

}  // namespace

bool is_public_key(std::string_view pem) {
  const Bio bio = reader_of(pem);
  const Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return key != nullptr;
}

bool is_private_key(std::string_view pem) {
  return private_key(pem) != nullptr;
}

bool is_certificate_chain(std::string_view pem) {
  return count_certificates(pem) > 0;
}

bool is_one_certificate(std::string_view pem) {
  return count_certificates(pem) == 1;
}

KeyKind key_kind_of_certificate(std::string_view pem) {
  const Certificate certificate = first_certificate(pem);
  const EVP_PKEY* key = certificate == nullptr ? nullptr : X509_get0_pubkey(certificate.get());
  if (key == nullptr) return KeyKind::none;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return KeyKind::rsa;
    case EVP_PKEY_EC:
      return KeyKind::ec;
    default:
      return KeyKind::other;
  }
}

bool is_key_of(std::string_view certificate_pem, std::string_view key_pem) {
  const Certificate certificate = first_certificate(certificate_pem);
  const Key key = private_key(key_pem);
  const bool belongs = certificate != nullptr && key != nullptr &&
                       X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return belongs;
}

bool is_key_within(std::string_view chain_pem, std::string_view key_pem) {
  const Bio bio = reader_of(chain_pem);
  const Key key = private_key(key_pem);
  bool belongs = false;
  while (key != nullptr && !belongs) {
    const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (certificate == nullptr) break;
    belongs = X509_check_private_key(certificate.get(), key.get()) == 1;
  }
  ERR_clear_error();
  return belongs;
}

bool is_authority(std::string_view pem) {
  const Certificate certificate = first_certificate(pem);
  return certificate != nullptr && X509_check_ca(certificate.get()) == 1;
}

bool is_expired(std::string_view pem) {
  const Certificate certificate = first_certificate(pem);
  return certificate != nullptr && X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0;
}

bool is_early(std::string_view pem) {
  const Certificate certificate = first_certificate(pem);
  return certificate != nullptr &&
         X509_cmp_current_time(X509_get0_notBefore(certificate.get())) > 0;
}

}  // namespace sluice::config
