// What holds certificates and keys, and where secrets come from.

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "config/resolver.h"

namespace sluice::config {

void Resolver::take_certificates(std::vector<Certificate> certificates, std::vector<Sni> snis) {
  const Path list("certificates");
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    const Path path(list, i);
    Certificate& certificate = certificates[i];
    identify(certificates_, certificate.id, certificate.place, certificate.cert, path);
    const Parent parent{"certificate", static_cast<std::uint32_t>(i), certificate.id};
    const Path nested(path, "snis");
    std::vector<Sni> children = std::exchange(certificate.snis, {});
    for (std::size_t j = 0; j < children.size(); ++j)
      take_sni(std::move(children[j]), Path(nested, j), parent);
  }
  loaded_.certificates = std::move(certificates);
  const Path top("snis");
  for (std::size_t i = 0; i < snis.size(); ++i)
    take_sni(std::move(snis[i]), Path(top, i), {});
}

void Resolver::take_sni(Sni sni, const Path& path, const std::optional<Parent>& parent) {
  sni.certificate_index = owner_of(sni.certificate, sni.place, "certificate", path, parent);
  identify(snis_, sni.id, sni.place, sni.name, path);
  snis_.add_name("name", sni.name, path);
  loaded_.snis.push_back(std::move(sni));
}

void Resolver::take_ca_certificates(std::vector<CaCertificate> certificates) {
  const Path list("ca_certificates");
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    const Path path(list, i);
    CaCertificate& certificate = certificates[i];
    identify(ca_certificates_, certificate.id, certificate.place, certificate.cert, path);
    ca_certificates_.add_unique("cert", certificate.cert, {}, path);
  }
  loaded_.ca_certificates = std::move(certificates);
}

void Resolver::resolve_listeners() {
  const Path gateway("gateway");
  const Path listeners(gateway, "listeners");
  for (std::size_t i = 0; i < loaded_.gateway.listeners.size(); ++i) {
    auto& tls = loaded_.gateway.listeners[i].tls;
    if (!tls) continue;
    const Path listener(listeners, i);
    const Path listener_tls(listener, "tls");
    const Path entries(listener_tls, "client_certificates");
    for (std::size_t j = 0; j < tls->client_certificates.size(); ++j) {
      ClientCertificateSettings& entry = tls->client_certificates[j];
      const Path path(entries, j);
      entry.ca_certificate_indices = find_authorities(entry.ca_certificates, path);
    }
  }
}

/// Once: the listeners are what is wrong, and other errors may be of them.
void Resolver::warn_of_grpc_without_http2(const Route& route, const Path& path) {
  const bool is_grpc = std::ranges::any_of(route.protocols, [](Protocol protocol) {
    return protocol == Protocol::grpc || protocol == Protocol::grpcs;
  });
  const auto speaks_http2 = [](const ListenerSettings& listener) {
    return listener.tls ? listener.tls->http2 : listener.h2c;
  };
  if (!is_grpc || warned_of_grpc_ || diagnostics_.has_errors() ||
      std::ranges::any_of(loaded_.gateway.listeners, speaks_http2))
    return;
  warned_of_grpc_ = true;
  diagnostics_.warning(route.place, Path(path, "protocols"),
                       "gRPC needs HTTP/2, which no listener speaks: give one of "
                       "gateway.listeners \"tls\", or \"h2c: true\" for clients without TLS");
}

std::vector<std::uint32_t> Resolver::find_authorities(const std::vector<Reference>& references,
                                                      const Path& path) {
  const Path list(path, "ca_certificates");
  std::vector<std::uint32_t> indices;
  for (std::size_t i = 0; i < references.size(); ++i)
    if (const auto index = find_in_list(ca_certificates_, references[i], Path(list, i)))
      indices.push_back(*index);
  return indices;
}

void Resolver::take_keys(std::vector<KeySet> sets, std::vector<Key> keys) {
  const Path list("key_sets");
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const Path path(list, i);
    KeySet& set = sets[i];
    identify(key_sets_, set.id, set.place, set.name.value_or(path.text()), path);
    key_sets_.add_name("name", set.name.value_or(""), path);
    const Parent parent{"set", static_cast<std::uint32_t>(i), set.id};
    const Path nested(path, "keys");
    std::vector<Key> children = std::exchange(set.keys, {});
    for (std::size_t j = 0; j < children.size(); ++j)
      take_key(std::move(children[j]), Path(nested, j), parent);
  }
  loaded_.key_sets = std::move(sets);
  const Path top("keys");
  for (std::size_t i = 0; i < keys.size(); ++i)
    take_key(std::move(keys[i]), Path(top, i), {});
}

void Resolver::take_key(Key key, const Path& path, const std::optional<Parent>& parent) {
  if (parent) {
    refuse_nested(key.set, *parent, path);
    key.set_index = parent->index;
  } else {
    key.set_index = find(key_sets_, key.set, "set", path);
  }
  const std::string within = parent ? parent->id.text() : key.set.key;
  const std::string unique = fmt::format("keys:{}:{}", key.kid, within);
  identify(keys_, key.id, key.place, key.name.value_or(unique), path);
  keys_.add_name("name", key.name.value_or(""), path);
  const std::string set = key.set_index ? fmt::format("{}", *key.set_index) : "-";
  if (!key.kid.empty()) keys_.add_unique("kid", fmt::format("{} {}", set, key.kid), key.kid, path);
  loaded_.keys.push_back(std::move(key));
}

void Resolver::take_vaults(std::vector<Vault> vaults) {
  const Path list("vaults");
  for (std::size_t i = 0; i < vaults.size(); ++i) {
    const Path path(list, i);
    Vault& vault = vaults[i];
    identify(vaults_, vault.id, vault.place, vault.prefix, path);
    vaults_.add_unique("prefix", vault.prefix, vault.prefix, path);
    if (vault.config != nullptr) vault.config = document_->keep(*vault.config);
  }
  loaded_.vaults = std::move(vaults);
}

}  // namespace sluice::config
