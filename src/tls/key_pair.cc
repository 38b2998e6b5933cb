#include "tls/key_pair.h"

#include <array>
#include <cstdlib>
#include <utility>

#include <openssl/rand.h>

#include "tls/openssl.h"

namespace sluice::tls {
namespace {

/// No terminal is asked for the password of an encrypted key.
int no_password(char*, int, int, void*) {
  return -1;
}

std::unexpected<Error> refuse(std::string_view what) {
  std::string text(what);
  if (const std::string why = error_text(); !why.empty()) text += ": " + why;
  return fail(ErrorCode::invalid_configuration, std::move(text));
}

/// Whether TLS has a signature for it: of elliptic curves these alone (RFC 8446 §4.2.3).
bool can_sign(const EVP_PKEY* key) {
  std::array<char, 32> group{};
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
      return true;
    case EVP_PKEY_EC:
      if (EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) != 1) return false;
      switch (OBJ_sn2nid(group.data())) {
        case NID_X9_62_prime256v1:
        case NID_secp384r1:
        case NID_secp521r1:
          return true;
        default:
          return false;
      }
    default:
      return false;
  }
}

long seconds_of(std::chrono::seconds time) {
  return static_cast<long>(time.count());
}

}  // namespace

KeyPair::~KeyPair() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
  sk_X509_pop_free(chain_, X509_free);
}

Result<KeyPairPtr> KeyPair::parse(std::string_view certificate, std::string_view key,
                                  Staple staple) {
  forget_errors();
  std::shared_ptr<KeyPair> pair(new KeyPair);
  const BioOwner certificates = reader_of(certificate);
  pair->certificate_ = PEM_read_bio_X509(certificates.get(), nullptr, no_password, nullptr);
  if (pair->certificate_ == nullptr) return refuse("no certificate in PEM");
  pair->chain_ = sk_X509_new_null();
  while (X509* next = PEM_read_bio_X509(certificates.get(), nullptr, no_password, nullptr))
    sk_X509_push(pair->chain_, next);
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return refuse("a malformed certificate behind the first");
  forget_errors();

  const BioOwner keys = reader_of(key);
  pair->key_ = PEM_read_bio_PrivateKey(keys.get(), nullptr, no_password, nullptr);
  if (pair->key_ == nullptr) return refuse("no private key in PEM without password");
  if (X509_check_private_key(pair->certificate_, pair->key_) != 1)
    return refuse("the key is not that of the certificate");
  if (!can_sign(pair->key_))
    return refuse(
        "TLS has no signature for its key: it must be RSA, P-256, P-384, P-521 or Ed25519");
  if (!pair->is_taken()) return refuse("OpenSSL does not take the certificate");
  pair->prepare_all();
  pair->staple_ = std::move(staple);
  return pair;
}

KeyPairPtr KeyPair::self_signed(std::string_view common_name, Kind kind) {
  std::shared_ptr<KeyPair> pair(new KeyPair);
  pair->key_ = kind == Kind::rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
  pair->certificate_ = X509_new();
  pair->chain_ = sk_X509_new_null();
  X509* certificate = pair->certificate_;
  X509_set_version(certificate, X509_VERSION_3);
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) std::abort();
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -seconds_of(std::chrono::days(1)));
  X509_gmtime_adj(X509_getm_notAfter(certificate), seconds_of(std::chrono::days(365)));
  X509_NAME* name = X509_get_subject_name(certificate);
  const std::string text(common_name);
  X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(text.data()),
                             static_cast<int>(text.size()), -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, pair->key_);
  if (X509_EXTENSION* names =
          X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + text).c_str())) {
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
  }
  if (X509_sign(certificate, pair->key_, EVP_sha256()) == 0) std::abort();
  pair->prepare_all();
  return pair;
}

/// Handshakes hold certificates against the same level of security, too late to say so.
bool KeyPair::is_taken() const {
  const ContextOwner probe(SSL_CTX_new(TLS_method()));
  return SSL_CTX_use_cert_and_key(probe.get(), certificate_, key_, chain_, 1) == 1;
}

void KeyPair::prepare_all() const noexcept {
  prepare(certificate_);
  for (int i = 0; i < sk_X509_num(chain_); ++i)
    prepare(sk_X509_value(chain_, i));
}

KeyPair::Kind KeyPair::kind() const noexcept {
  switch (EVP_PKEY_get_base_id(key_)) {
    case EVP_PKEY_RSA:
      return Kind::rsa;
    case EVP_PKEY_EC:
      return Kind::ecdsa;
    default:
      return Kind::other;
  }
}

WallTime KeyPair::expires() const noexcept {
  return end_of(certificate_);
}

}  // namespace sluice::tls
