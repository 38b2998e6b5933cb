#pragma once
// A worker's side of TLS towards upstreams: whom it believes, and what it shows.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/stream.h"
#include "tls/authorities.h"
#include "tls/key_pair.h"
#include "tls/tls_stream.h"

struct ssl_ctx_st;
struct ssl_session_st;

namespace sluice::tls {

/// A certificate that a client shows to servers that ask, and a text that is equal for equal ones.
struct Shown {
  KeyPairPtr pair;  ///< null: none
  std::string id;
};

/// All that makes connections to one service what they are. Immutable, in the snapshot.
struct ClientPolicy {
  bool verifies = true;        ///< the chain, and that it is for the name asked for
  std::optional<int> depth;    ///< of the chain between the certificate and its authority
  AuthoritiesPtr authorities;  ///< null: the system's
  KeyPairPtr certificate;      ///< shown to servers that ask; null: none
  /// One of which the server's certificate must be for; empty: the name asked for.
  std::vector<std::string> names;
  /// Equal where all of the above is: part of the pool's key.
  std::string key;
};

using ClientPolicyPtr = std::shared_ptr<const ClientPolicy>;

/// The newest session of one pool of connections.
class SessionSlot {
 public:
  SessionSlot() = default;
  SessionSlot(const SessionSlot&) = delete;
  SessionSlot& operator=(const SessionSlot&) = delete;

  ~SessionSlot() { put(nullptr); }

  /// Takes what the caller owned.
  void put(ssl_session_st* session) noexcept;

  ssl_session_st* get() const noexcept { return session_; }

 private:
  ssl_session_st* session_ = nullptr;
};

/// What a client offers by ALPN.
enum class Offer : std::uint8_t { nothing, http_1_1, http_2, either };

class ClientContext {
 public:
  explicit ClientContext(Loop& loop, ClientPolicyPtr policy);
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;
  ~ClientContext();

  /// The client's end of TLS over `lower`; shake() it. `name` is a host name or an IP address: the
  /// certificate must be for it, and a host name is what SNI says.
  std::unique_ptr<TlsStream> connect(StreamPtr lower, const std::string& name, Offer offer,
                                     std::shared_ptr<SessionSlot> sessions);

  /// Whether nobody else holds the policy.
  bool is_unused() const noexcept { return policy_.use_count() == 1; }

 private:
  Loop& loop_;
  ClientPolicyPtr policy_;
  ssl_ctx_st* context_;
};

}  // namespace sluice::tls
