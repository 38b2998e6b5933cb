#include "tls/client_context.h"

#include <string_view>

#include "runtime/address.h"
#include "tls/openssl.h"
#include "tls/transport.h"

namespace sluice::tls {
namespace {

constexpr std::string_view alpn_http_1_1 = "\x08http/1.1";
constexpr std::string_view alpn_http_2 = "\x02h2";
constexpr std::string_view alpn_either = "\x02h2\x08http/1.1";

std::string_view alpn_of(Offer offer) {
  switch (offer) {
    case Offer::http_1_1:
      return alpn_http_1_1;
    case Offer::http_2:
      return alpn_http_2;
    case Offer::either:
      return alpn_either;
    default:
      return {};
  }
}

bool expect_names(X509_VERIFY_PARAM* parameters, const std::vector<std::string>& names) {
  bool set = X509_VERIFY_PARAM_set1_host(parameters, nullptr, 0) == 1;
  for (const std::string& name : names)
    set = set && X509_VERIFY_PARAM_add1_host(parameters, name.data(), name.size()) == 1;
  return set;
}

/// A session that the server offers, perhaps long after the handshake.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  const TlsStream& stream = Transport::stream_of(ssl);
  if (stream.sessions == nullptr) return 0;
  stream.sessions->put(session);
  return 1;
}

}  // namespace

void SessionSlot::put(ssl_session_st* session) noexcept {
  if (session_ != nullptr) SSL_SESSION_free(session_);
  session_ = session;
}

ClientContext::ClientContext(Loop& loop, ClientPolicyPtr policy)
    : loop_(loop), policy_(std::move(policy)), context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context_,
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context_, keep_session);
  const AuthoritiesPtr& authorities =
      policy_->authorities ? policy_->authorities : Authorities::of_system();
  SSL_CTX_set1_cert_store(context_, authorities->store());
  SSL_CTX_set_verify(context_, policy_->verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (policy_->depth) SSL_CTX_set_verify_depth(context_, *policy_->depth);
  if (const KeyPair* pair = policy_->certificate.get())
    SSL_CTX_use_cert_and_key(context_, pair->certificate(), pair->key(), pair->chain(), 1);
  forget_errors();
}

ClientContext::~ClientContext() {
  SSL_CTX_free(context_);
}

std::unique_ptr<TlsStream> ClientContext::connect(StreamPtr lower, const std::string& name,
                                                  Offer offer,
                                                  std::shared_ptr<SessionSlot> sessions) {
  SSL* ssl = SSL_new(context_);
  SSL_set_connect_state(ssl);
  const bool is_address = Address::from_ip(name, 0).has_value();
  // RFC 6066 §3: no literal addresses in SNI.
  if (!is_address) SSL_set_tlsext_host_name(ssl, name.c_str());
  if (policy_->verifies) {
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    bool set = false;
    if (!policy_->names.empty())
      set = expect_names(parameters, policy_->names);
    else if (is_address)
      set = X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1;
    else
      set = X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size()) == 1;
    // A name that cannot be checked is verified by nobody: nothing matches it.
    if (!set) X509_VERIFY_PARAM_set1_host(parameters, "invalid.", 8);
  }
  if (const std::string_view alpn = alpn_of(offer); !alpn.empty())
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
  if (sessions != nullptr && sessions->get() != nullptr) SSL_set_session(ssl, sessions->get());
  forget_errors();
  auto stream = std::make_unique<TlsStream>(loop_, std::move(lower), ssl);
  stream->sessions = std::move(sessions);
  return stream;
}

}  // namespace sluice::tls
