#pragma once
// Which certificate a server name gets.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tls/key_pair.h"

namespace sluice::tls {

/// One certificate, or two with different kinds of keys, of which the client gets the one that it
/// can verify.
struct Identity {
  std::vector<KeyPairPtr> pairs;
};

using IdentityPtr = std::shared_ptr<const Identity>;

/// Immutable once a handshake has seen it; shared by all workers.
class Certificates {
 public:
  /// `fallback` is for clients that name no server, or one that nothing matches.
  explicit Certificates(IdentityPtr fallback) : fallback_(std::move(fallback)) {}

  /// `name` is exact, `*.suffix`, `prefix.*`, or `*`, which takes the fallback's place.
  void add(std::string_view name, IdentityPtr identity);

  /// Exact before `*.suffix` before `prefix.*` before the fallback; a wildcard stands for one label
  /// (kong.md §1, certificates). Ignores case and a dot at the end.
  const Identity& choose(std::string_view server_name) const;

  /// The names that were added, but for `*`, and what they get.
  const std::unordered_map<std::string, IdentityPtr>& by_name() const noexcept { return by_name_; }

 private:
  const Identity* find(const std::string& name) const;

  IdentityPtr fallback_;
  std::unordered_map<std::string, IdentityPtr> by_name_;
};

/// Made once a process: what a node shows that was given no certificate.
const IdentityPtr& self_signed_identity();

using CertificatesPtr = std::shared_ptr<const Certificates>;

}  // namespace sluice::tls
