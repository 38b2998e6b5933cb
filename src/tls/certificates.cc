#include "tls/certificates.h"

#include <atomic>

#include "tls/server_name.h"

namespace sluice::tls {
namespace {

std::atomic<const Identity*> with_rsa = nullptr;

}  // namespace

const Identity& self_signed_identity() {
  static const Identity ecdsa{{KeyPair::self_signed("localhost", KeyPair::Kind::ecdsa)}};
  const Identity* both = with_rsa.load(std::memory_order_acquire);
  return both != nullptr ? *both : ecdsa;
}

void add_rsa_to_self_signed() {
  static const Identity both = [] {
    Identity identity = self_signed_identity();
    identity.pairs.push_back(KeyPair::self_signed("localhost", KeyPair::Kind::rsa));
    return identity;
  }();
  with_rsa.store(&both, std::memory_order_release);
}

void Certificates::add(std::string_view name, IdentityPtr identity) {
  if (name == "*") fallback_ = identity;
  by_name_[normal_name(name)] = std::move(identity);
}

const Identity* Certificates::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second.get();
}

const Identity& Certificates::fallback() const {
  return fallback_ != nullptr ? *fallback_ : self_signed_identity();
}

const Identity& Certificates::choose(std::string_view server_name) const {
  const std::string name = normal_name(server_name);
  // What a client sends is no pattern.
  if (name.find('*') != std::string::npos) return fallback();
  if (const Identity* exact = find(name)) return *exact;
  const std::size_t first = name.find('.');
  if (first == std::string::npos) return fallback();
  if (const Identity* suffix = find("*" + name.substr(first))) return *suffix;
  if (const Identity* prefix = find(name.substr(0, name.rfind('.') + 1) + "*")) return *prefix;
  return fallback();
}

}  // namespace sluice::tls
