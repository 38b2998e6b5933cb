#pragma once
// Certificates for tests that need their own times.

#include <chrono>
#include <string>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/openssl_owner.h"
#include "base/time.h"

namespace sluice::testing {

inline std::string text_of(const Owned<BIO, BIO_free>& written) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(written.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

struct Certified {
  Owned<X509, X509_free> certificate;
  Owned<EVP_PKEY, EVP_PKEY_free> key;

  std::string pem() const {
    const Owned<BIO, BIO_free> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), certificate.get());
    return text_of(out);
  }

  std::string key_pem() const {
    const Owned<BIO, BIO_free> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(out);
  }
};

/// In force since an hour before `now`; without an issuer it is its own. All but "client" may
/// issue.
inline Certified certify(const std::string& name, WallTime now, const char* until,
                         const Certified* issuer) {
  Certified made{Owned<X509, X509_free>(X509_new()),
                 Owned<EVP_PKEY, EVP_PKEY_free>(EVP_EC_gen("P-256"))};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  ASN1_TIME_set(X509_getm_notBefore(certificate),
                std::chrono::system_clock::to_time_t(now - std::chrono::hours(1)));
  ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), until);
  X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.data()),
                             static_cast<int>(name.size()), -1, 0);
  const Certified& by = issuer == nullptr ? made : *issuer;
  X509_set_issuer_name(certificate, X509_get_subject_name(by.certificate.get()));
  X509_set_pubkey(certificate, made.key.get());
  const Owned<X509_EXTENSION, X509_EXTENSION_free> constraints(X509V3_EXT_conf_nid(
      nullptr, nullptr, NID_basic_constraints, name == "client" ? "CA:FALSE" : "critical,CA:TRUE"));
  X509_add_ext(certificate, constraints.get(), -1);
  EXPECT_GT(X509_sign(certificate, by.key.get(), EVP_sha256()), 0);
  return made;
}

}  // namespace sluice::testing
