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
  /// `fallback` is for clients that name no server, or one that nothing matches; null: the
  /// self-signed identity.
  explicit Certificates(IdentityPtr fallback = nullptr) : fallback_(std::move(fallback)) {}

  /// `name` is exact, `*.suffix`, `prefix.*`, or `*`, which takes the fallback's place.
  void add(std::string_view name, IdentityPtr identity);

  /// Exact before `*.suffix` before `prefix.*` before the fallback; a wildcard stands for one label
  /// (kong.md §1, certificates). Ignores case and a dot at the end.
  const Identity& choose(std::string_view server_name) const;

  bool may_show_self_signed() const noexcept { return fallback_ == nullptr; }

  /// The names that were added, and what they get.
  const std::unordered_map<std::string, IdentityPtr>& by_name() const noexcept { return by_name_; }

 private:
  const Identity* find(const std::string& name) const;
  const Identity& fallback() const;

  IdentityPtr fallback_;
  std::unordered_map<std::string, IdentityPtr> by_name_;
};

/// Made once a process: what a node shows that was given no certificate. Lives as long as it.
const Identity& self_signed_identity();

/// Adds a key of RSA to it, for clients that can verify no other: from then on both are shown.
/// Takes up to half a second, and so is for a thread that nobody waits for.
void add_rsa_to_self_signed();

using CertificatesPtr = std::shared_ptr<const Certificates>;

}  // namespace sluice::tls
