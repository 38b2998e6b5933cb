#pragma once
// Whether the clients of a listener show a certificate, and who vouches for it: by server name.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tls/authorities.h"

namespace sluice::tls {

/// What a handshake asks of the client. Immutable; shared by all workers.
struct ClientVerification {
  bool required = true;  ///< who shows none gets no connection
  int depth = 1;         ///< certificates between the client's and that of its authority
  AuthoritiesPtr authorities;
  /// Equal where all of the above is, as 32 characters. Sessions are resumed, and requests of a
  /// connection served, only where it is the same.
  std::string id;
};

/// Null asks for nothing.
using ClientVerificationPtr = std::shared_ptr<const ClientVerification>;

/// Immutable once a handshake has seen it; shared by all workers.
class ClientVerifications {
 public:
  /// `name` is exact, `*.suffix` or `prefix.*`; "" is for names that nothing matches. The first of
  /// equal names counts.
  void add(std::string_view name, ClientVerificationPtr verification);

  /// For a server name, or the host of a request, without port. Exact before the longest
  /// `*.suffix` before the longest `prefix.*`; as for hosts of routes, the asterisk stands for any
  /// number of labels: what a route for *.example.com serves is behind the policy of that name.
  /// The router sees a final dot, and may take `shop.` for what begins with `shop.`: of such a host
  /// the stricter policy of both readings counts. Precondition: no label is empty.
  const ClientVerificationPtr& choose(std::string_view server_name) const;

 private:
  using Wildcards = std::vector<std::pair<std::string, ClientVerificationPtr>>;

  const ClientVerificationPtr& choose_by_labels(const std::string& name) const;

  std::unordered_map<std::string, ClientVerificationPtr> exact_;
  Wildcards suffixes_;  ///< `.suffix`, the longest first
  Wildcards prefixes_;  ///< `prefix.`, the longest first
  ClientVerificationPtr others_;
  bool has_others_ = false;
};

using ClientVerificationsPtr = std::shared_ptr<const ClientVerifications>;

}  // namespace sluice::tls
