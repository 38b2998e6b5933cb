#pragma once
// OpenSSL's objects with their owners, and its errors as text. Included by src/tls alone.

#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/openssl_owner.h"
#include "base/openssl_time.h"

namespace sluice::tls {

using SslOwner = Owned<SSL, SSL_free>;
using ContextOwner = Owned<SSL_CTX, SSL_CTX_free>;
using CertificateOwner = Owned<X509, X509_free>;
using KeyOwner = Owned<EVP_PKEY, EVP_PKEY_free>;
using StoreOwner = Owned<X509_STORE, X509_STORE_free>;
using SessionOwner = Owned<SSL_SESSION, SSL_SESSION_free>;
using BioOwner = Owned<BIO, BIO_free>;

/// What this thread's queue of errors says, first cause first; empties the queue. Holds no secret:
/// OpenSSL's reasons are fixed texts.
std::string error_text();

/// Empties this thread's queue of errors, which is nearly always empty: what another call left
/// there must not be taken for the next one's.
inline void forget_errors() noexcept {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

/// Finds out what OpenSSL would find out and keep with the first handshake, of several workers at
/// once: certificates that they share are immutable from then on.
void prepare(X509* certificate) noexcept;

/// From when on nobody accepts it.
WallTime end_of(const X509* certificate) noexcept;

/// Over text that outlives it.
BioOwner reader_of(std::string_view text);

}  // namespace sluice::tls
