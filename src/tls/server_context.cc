#include "tls/server_context.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "tls/openssl.h"

namespace sluice::tls {
namespace {

// Mozilla's intermediate list (TLS 1.2), without finite-field Diffie-Hellman: its cost is the
// client's to impose (CVE-2002-20001), and what lacks elliptic curves lacks TLS 1.2.
constexpr const char* ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* ciphersuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* groups = "X25519:P-256:P-384";

// A session is resumed only where nothing depends on who the client is.
constexpr std::string_view session_id_context = "sluice";

constexpr std::string_view h2 = "h2";
constexpr std::string_view http_1_1 = "http/1.1";

/// Whether the client's ALPN list (RFC 7301 §3.1) has `protocol`.
bool offers(std::string_view list, std::string_view protocol) {
  while (!list.empty()) {
    const std::size_t size = static_cast<unsigned char>(list[0]);
    if (list.substr(1, size) == protocol) return true;
    list.remove_prefix(std::min(1 + size, list.size()));
  }
  return false;
}

}  // namespace

/// What OpenSSL asks during a handshake.
struct ServerCallbacks {
  static ServerContext& context_of(SSL* ssl) {
    return *static_cast<ServerContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  }

  static int choose_certificate(SSL* ssl, void*) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const Identity& identity =
        context_of(ssl).certificates_->choose(name == nullptr ? "" : std::string_view(name));
    for (const KeyPairPtr& pair : identity.pairs)
      if (SSL_use_cert_and_key(ssl, pair->certificate(), pair->key(), pair->chain(), 1) != 1)
        return 0;
    return 1;
  }

  /// The server's choice: h2 where both have it. Neither is no reason to refuse: HTTP/1.1 needs no
  /// word.
  // NOLINTNEXTLINE(readability-function-size): OpenSSL's signature
  static int choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                             const unsigned char* in, unsigned in_size, void*) {
    const std::string_view list(reinterpret_cast<const char*>(in), in_size);
    const bool http2 = SSL_get_ex_data(ssl, http2_index()) != nullptr;
    const std::string_view chosen = http2 && offers(list, h2) ? h2
                                    : offers(list, http_1_1)  ? http_1_1
                                                              : std::string_view();
    if (chosen.empty()) return SSL_TLSEXT_ERR_NOACK;
    *out = reinterpret_cast<const unsigned char*>(chosen.data());
    *out_size = static_cast<unsigned char>(chosen.size());
    return SSL_TLSEXT_ERR_OK;
  }

  // NOLINTNEXTLINE(readability-function-size): OpenSSL's signature
  static int ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                        EVP_MAC_CTX* mac, int encrypts) {
    TicketKeys& keys = context_of(ssl).tickets_;
    const WallTime now = static_cast<TlsStream*>(SSL_get_app_data(ssl))->loop().wall();
    const TicketKey* key = nullptr;
    if (encrypts == 1) {
      key = &keys.current(now);
      std::ranges::copy(key->name, name);
      if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    } else {
      key = keys.find(std::span<const unsigned char, 16>(name, 16), now);
      if (key == nullptr) return 0;  // a full handshake
    }
    std::array<char, 7> digest{"SHA256"};
    std::array<unsigned char, 32> secret = key->mac;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret.data(), secret.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_MAC_CTX_set_params(mac, parameters) != 1 ||
        EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv, encrypts) !=
            1)
      return -1;
    // A ticket of an older key is good, and replaced.
    return encrypts == 1 || key == &keys.current(now) ? 1 : 2;
  }

  static int http2_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
  }
};

ServerContext::ServerContext(Loop& loop)
    : loop_(loop), context_(SSL_CTX_new(TLS_server_method())), tickets_(loop.wall()) {
  SSL_CTX_set_app_data(context_, this);
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_cipher_list(context_, ciphers);
  SSL_CTX_set_ciphersuites(context_, ciphersuites);
  SSL_CTX_set1_groups_list(context_, groups);
  SSL_CTX_set_cert_cb(context_, ServerCallbacks::choose_certificate, nullptr);
  SSL_CTX_set_alpn_select_cb(context_, ServerCallbacks::choose_protocol, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context_, ServerCallbacks::ticket_key);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context_, std::chrono::seconds(TicketKeys::lifetime).count());
  SSL_CTX_set_session_id_context(context_,
                                 reinterpret_cast<const unsigned char*>(session_id_context.data()),
                                 session_id_context.size());
}

ServerContext::~ServerContext() {
  SSL_CTX_set_app_data(context_, nullptr);
  SSL_CTX_free(context_);
}

std::unique_ptr<TlsStream> ServerContext::accept(StreamPtr lower, const ServerOptions& options) {
  SSL* ssl = SSL_new(context_);
  SSL_set_accept_state(ssl);
  if (options.min_version == Version::tls_1_3) SSL_set_min_proto_version(ssl, TLS1_3_VERSION);
  if (options.http2) SSL_set_ex_data(ssl, ServerCallbacks::http2_index(), this);
  return std::make_unique<TlsStream>(loop_, std::move(lower), ssl);
}

}  // namespace sluice::tls
