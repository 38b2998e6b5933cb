#include "tls/certificates.h"

#include "tls/server_name.h"

namespace sluice::tls {
const IdentityPtr& self_signed_identity() {
  static const IdentityPtr shared = [] {
    Identity identity;
    identity.pairs.push_back(KeyPair::self_signed("localhost"));
    return std::make_shared<const Identity>(std::move(identity));
  }();
  return shared;
}

void Certificates::add(std::string_view name, IdentityPtr identity) {
  if (name == "*")
    fallback_ = std::move(identity);
  else
    by_name_[normal_name(name)] = std::move(identity);
}

const Identity* Certificates::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second.get();
}

const Identity& Certificates::choose(std::string_view server_name) const {
  const std::string name = normal_name(server_name);
  // What a client sends is no pattern.
  if (name.find('*') != std::string::npos) return *fallback_;
  if (const Identity* exact = find(name)) return *exact;
  const std::size_t first = name.find('.');
  if (first == std::string::npos) return *fallback_;
  if (const Identity* suffix = find("*" + name.substr(first))) return *suffix;
  if (const Identity* prefix = find(name.substr(0, name.rfind('.') + 1) + "*")) return *prefix;
  return *fallback_;
}

}  // namespace sluice::tls
