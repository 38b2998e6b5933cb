#include "tls/server_context.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "base/host_name.h"
#include "tls/openssl.h"
#include "tls/server_name.h"
#include "tls/transport.h"

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

// Of sessions in which no client was asked for a certificate. Those of others are bound to what was
// asked, so that no session crosses a border between two policies (CVE-2025-23419).
constexpr std::string_view without_verification = "sluice";

constexpr std::string_view h2 = "h2";
constexpr std::string_view http_1_1 = "http/1.1";
constexpr std::string_view http_1_0 = "http/1.0";

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

  /// Before OpenSSL looks at the session that the client wants to resume: what it will be held
  /// against depends on the name. Called again for the second ClientHello behind a retry.
  static int read_client_hello(SSL* ssl, int* alert, void*) {
    ServerHandshake* handshake = Transport::stream_of(ssl).handshake.get();
    const unsigned char* body = nullptr;
    std::size_t size = 0;
    std::string name;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &body, &size) == 1) {
      const auto parsed = parse_server_name({body, size});
      *alert = SSL_AD_DECODE_ERROR;
      if (!parsed || has_empty_label(*parsed)) return SSL_CLIENT_HELLO_ERROR;
      name = normal_name(*parsed);
    }
    *alert = SSL_AD_ILLEGAL_PARAMETER;
    if (handshake->server_name)
      return *handshake->server_name == name ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
    handshake->server_name = std::move(name);
    if (handshake->verifications != nullptr)
      handshake->verification = handshake->verifications->choose(*handshake->server_name);
    *alert = SSL_AD_INTERNAL_ERROR;
    return ask_for_certificate(ssl, *handshake) ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
  }

  static bool ask_for_certificate(SSL* ssl, const ServerHandshake& handshake) {
    const ClientVerification* asked = handshake.verification.get();
    const std::string_view context = asked == nullptr ? without_verification : asked->id;
    if (SSL_set_session_id_context(ssl, reinterpret_cast<const unsigned char*>(context.data()),
                                   static_cast<unsigned>(context.size())) != 1)
      return false;
    if (asked == nullptr) return true;
    STACK_OF(X509_NAME)* names = SSL_dup_CA_list(asked->authorities->names());
    if (names == nullptr) return false;
    SSL_set0_CA_list(ssl, names);
    SSL_set_verify_depth(ssl, asked->depth);
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
    // Authorities that are listed are trusted, also where another one issued them.
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(
        parameters, std::chrono::system_clock::to_time_t(Transport::stream_of(ssl).loop().wall()));
    if (asked->required)
      SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    else
      SSL_set_verify(ssl, SSL_VERIFY_PEER, note_problem);
    return SSL_set1_verify_cert_store(ssl, asked->authorities->store()) == 1;
  }

  /// Where certificates are optional, a bad one is answered in HTTP, which can say what is wrong.
  /// The first thing that is wrong counts, and the session is never resumed.
  static int note_problem(int good, X509_STORE_CTX* checked) {
    if (good == 1) return 1;
    auto* ssl = static_cast<SSL*>(
        X509_STORE_CTX_get_ex_data(checked, SSL_get_ex_data_X509_STORE_CTX_idx()));
    ServerHandshake& handshake = *Transport::stream_of(ssl).handshake;
    if (handshake.problem.empty())
      handshake.problem = X509_verify_cert_error_string(X509_STORE_CTX_get_error(checked));
    SSL_set_num_tickets(ssl, 0);
    return 1;
  }

  static int choose_certificate(SSL* ssl, void*) {
    const auto& name = Transport::stream_of(ssl).handshake->server_name;
    if (!name) return 0;
    const Identity& identity = context_of(ssl).certificates_->choose(*name);
    for (const KeyPairPtr& pair : identity.pairs)
      if (SSL_use_cert_and_key(ssl, pair->certificate(), pair->key(), pair->chain(), 1) != 1)
        return 0;
    return 1;
  }

  /// Only where the client asks for it. The certificate is the one that it gets.
  static int staple(SSL* ssl, void*) {
    TlsStream& stream = Transport::stream_of(ssl);
    const X509* shown = SSL_get_certificate(ssl);
    const Identity& identity =
        context_of(ssl).certificates_->choose(stream.handshake->server_name.value_or(""));
    for (const KeyPairPtr& pair : identity.pairs) {
      if (pair->certificate() != shown || !pair->staple().is_good(stream.loop().wall())) continue;
      const std::string& der = pair->staple().der;
      void* copy = OPENSSL_memdup(der.data(), der.size());
      if (copy == nullptr || SSL_set_tlsext_status_ocsp_resp(ssl, copy, der.size()) != 1) break;
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }

  /// The server's choice: h2 where both have it. Who names protocols, and none of HTTP, would take
  /// what we say for another one (RFC 7301 §3.2).
  // NOLINTNEXTLINE(readability-function-size): OpenSSL's signature
  static int choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                             const unsigned char* in, unsigned in_size, void*) {
    const std::string_view list(reinterpret_cast<const char*>(in), in_size);
    const bool http2 = Transport::stream_of(ssl).handshake->options.http2;
    const std::string_view chosen = http2 && offers(list, h2) ? h2
                                    : offers(list, http_1_1)  ? http_1_1
                                    : offers(list, http_1_0)  ? http_1_0
                                                              : std::string_view();
    if (chosen.empty()) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = reinterpret_cast<const unsigned char*>(chosen.data());
    *out_size = static_cast<unsigned char>(chosen.size());
    return SSL_TLSEXT_ERR_OK;
  }

  // NOLINTNEXTLINE(readability-function-size): OpenSSL's signature
  static int ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                        EVP_MAC_CTX* mac, int encrypts) {
    TicketKeys& keys = context_of(ssl).tickets_;
    TlsStream& stream = Transport::stream_of(ssl);
    const WallTime now = stream.loop().wall();
    const TicketKey* key = nullptr;
    if (encrypts == 1) {
      if (!stream.handshake->problem.empty()) return 0;  // no session
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
    if (encrypts == 1) return 1;
    // A ticket of an older key is good, and replaced; so is every one of TLS 1.3, which clients use
    // once (RFC 8446 §C.4).
    return key == &keys.current(now) && SSL_version(ssl) != TLS1_3_VERSION ? 1 : 2;
  }

  /// A session ends with the first certificate of the chain that its client was believed by. It
  /// holds the client's own alone, so the ticket says when; one that replaces it says the same.
  static int issue(SSL* ssl, void*) {
    const STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
    if (chain == nullptr) return 1;
    WallTime end = WallTime::max();
    for (int i = 0; i < sk_X509_num(chain); ++i)
      end = std::min(end, end_of(sk_X509_value(chain, i)));
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), &end, sizeof end);
  }

  static bool has_ended(SSL_SESSION* session, WallTime now) {
    if (SSL_SESSION_get0_peer(session) == nullptr) return false;
    void* said = nullptr;
    std::size_t size = 0;
    WallTime end;
    if (SSL_SESSION_get0_ticket_appdata(session, &said, &size) != 1 || size != sizeof end)
      return true;
    std::memcpy(&end, said, sizeof end);
    return end <= now;
  }

  // NOLINTNEXTLINE(readability-function-size): OpenSSL's signature
  static SSL_TICKET_RETURN resume(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t,
                                  SSL_TICKET_STATUS status, void*) {
    const bool renews = status == SSL_TICKET_SUCCESS_RENEW;
    if (status != SSL_TICKET_SUCCESS && !renews) return SSL_TICKET_RETURN_IGNORE_RENEW;
    if (has_ended(session, Transport::stream_of(ssl).loop().wall()))
      return SSL_TICKET_RETURN_IGNORE_RENEW;
    return renews ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE;
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
  SSL_CTX_set_client_hello_cb(context_, ServerCallbacks::read_client_hello, nullptr);
  SSL_CTX_set_cert_cb(context_, ServerCallbacks::choose_certificate, nullptr);
  SSL_CTX_set_tlsext_status_cb(context_, ServerCallbacks::staple);
  SSL_CTX_set_alpn_select_cb(context_, ServerCallbacks::choose_protocol, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context_, ServerCallbacks::ticket_key);
  SSL_CTX_set_session_ticket_cb(context_, ServerCallbacks::issue, ServerCallbacks::resume, nullptr);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context_, std::chrono::seconds(TicketKeys::lifetime).count());
}

ServerContext::~ServerContext() {
  SSL_CTX_set_app_data(context_, nullptr);
  SSL_CTX_free(context_);
}

std::unique_ptr<TlsStream> ServerContext::accept(StreamPtr lower, const ServerOptions& options,
                                                 ClientVerificationsPtr verifications) {
  SSL* ssl = SSL_new(context_);
  SSL_set_accept_state(ssl);
  if (options.min_version == Version::tls_1_3) SSL_set_min_proto_version(ssl, TLS1_3_VERSION);
  auto stream = std::make_unique<TlsStream>(loop_, std::move(lower), ssl);
  stream->handshake = std::make_unique<ServerHandshake>();
  stream->handshake->options = options;
  stream->handshake->verifications = std::move(verifications);
  return stream;
}

std::unique_ptr<const ServerHandshake> ServerContext::take_handshake(TlsStream& stream) {
  SSL* ssl = stream.ssl();
  ServerHandshake& handshake = *stream.handshake;
  const bool shown = SSL_get0_peer_certificate(ssl) != nullptr;
  const long result = SSL_get_verify_result(ssl);
  // A resumed session brings what was found when it began.
  if (shown && handshake.problem.empty() && result != X509_V_OK)
    handshake.problem = X509_verify_cert_error_string(result);
  handshake.verified = shown && handshake.problem.empty() && handshake.verification != nullptr;
  return std::move(stream.handshake);
}

}  // namespace sluice::tls
