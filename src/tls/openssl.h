#pragma once
// OpenSSL's objects with their owners, and its errors as text. Included by src/tls alone.

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace sluice::tls {

template <auto Release>
struct ReleasedBy {
  template <class T>
  void operator()(T* object) const noexcept {
    Release(object);
  }
};

using SslOwner = std::unique_ptr<SSL, ReleasedBy<SSL_free>>;
using ContextOwner = std::unique_ptr<SSL_CTX, ReleasedBy<SSL_CTX_free>>;
using CertificateOwner = std::unique_ptr<X509, ReleasedBy<X509_free>>;
using KeyOwner = std::unique_ptr<EVP_PKEY, ReleasedBy<EVP_PKEY_free>>;
using StoreOwner = std::unique_ptr<X509_STORE, ReleasedBy<X509_STORE_free>>;
using SessionOwner = std::unique_ptr<SSL_SESSION, ReleasedBy<SSL_SESSION_free>>;
using BioOwner = std::unique_ptr<BIO, ReleasedBy<BIO_free>>;

/// What this thread's queue of errors says, first cause first; empties the queue. Holds no secret:
/// OpenSSL's reasons are fixed texts.
std::string error_text();

/// Empties this thread's queue of errors, which is nearly always empty: what another call left
/// there must not be taken for the next one's.
inline void forget_errors() noexcept {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

/// Over text that outlives it.
BioOwner reader_of(std::string_view text);

}  // namespace sluice::tls
