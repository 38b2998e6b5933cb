#include "gateway/tls_compiler.h"

#include <algorithm>
#include <string>
#include <utility>

#include "config/diagnostics.h"

namespace sluice {

using config::Protocol;

namespace {

tls::Staple staple_of(const std::optional<std::string>& der, const config::OcspAnswer& answer) {
  if (!der) return {};
  return {.der = *der, .since = answer.since, .until = answer.until};
}

/// With its size, so that no two lists of parts make the same key.
void add_part(std::string& key, std::string_view part) {
  key.append(std::to_string(part.size())).append(":").append(part);
}

}  // namespace

TlsCompiler::TlsCompiler(const config::LoadedFile& file, config::Diagnostics& diagnostics)
    : file_(file), diagnostics_(diagnostics) {
  auto certificates = std::make_shared<tls::Certificates>();
  for (const config::Certificate& from : file_.certificates) {
    tls::Identity identity;
    add_pair(identity, from.cert, from.key, staple_of(from.ocsp, from.ocsp_answer), from.place);
    if (from.cert_alt)
      add_pair(identity, *from.cert_alt, *from.key_alt,
               staple_of(from.ocsp_alt, from.ocsp_alt_answer), from.place);
    identities_.push_back(std::make_shared<const tls::Identity>(std::move(identity)));
  }
  for (const config::Sni& sni : file_.snis)
    certificates->add(sni.name, identities_[sni.certificate_index]);
  certificates_ = std::move(certificates);
}

void TlsCompiler::add_pair(tls::Identity& identity, std::string_view cert, std::string_view key,
                           tls::Staple staple, config::Place place) {
  auto pair = tls::KeyPair::parse(cert, key, std::move(staple));
  if (pair) return identity.pairs.push_back(*std::move(pair));
  refuse(place, "certificates", pair.error());
}

void TlsCompiler::refuse(config::Place place, std::string_view field, const Error& error) {
  failed_ = true;
  diagnostics_.error(place, config::Path(field), error.detail.text());
}

upstream::Transport TlsCompiler::transport_of(const config::Service& service) {
  upstream::Transport transport;
  if (service.protocol == Protocol::grpc || service.protocol == Protocol::grpcs)
    transport.version = upstream::HttpVersion::http_2;
  else if (service.protocol_version)
    transport.version = static_cast<upstream::HttpVersion>(*service.protocol_version);
  if (service.protocol == Protocol::https || service.protocol == Protocol::grpcs)
    transport.tls = policy_of(service);
  transport.key = upstream::Transport::key_of(transport.version, transport.tls.get());
  return transport;
}

tls::ClientVerificationsPtr TlsCompiler::verifications_of(
    const config::ListenerSettings& listener) {
  if (!listener.tls || listener.tls->client_certificates.empty()) return nullptr;
  auto verifications = std::make_shared<tls::ClientVerifications>();
  for (const config::ClientCertificateSettings& from : listener.tls->client_certificates) {
    const tls::ClientVerificationPtr verification = verification_of(from);
    for (const std::string& name : from.snis)
      verifications->add(name, verification);
    if (from.snis.empty()) verifications->add("", verification);
  }
  return verifications;
}

tls::ClientVerificationPtr TlsCompiler::verification_of(
    const config::ClientCertificateSettings& from) {
  if (from.mode == config::ClientCertificateMode::none) return nullptr;
  auto verification = std::make_shared<tls::ClientVerification>();
  verification->required = from.mode == config::ClientCertificateMode::required;
  verification->depth = static_cast<int>(from.verify_depth);
  std::string all =
      (verification->required ? "required " : "optional ") + std::to_string(verification->depth);
  std::vector<std::string> authorities;
  for (const std::uint32_t index : from.ca_certificate_indices)
    add_part(all, authorities.emplace_back(file_.ca_certificates[index].cert));
  auto parsed = tls::Authorities::parse(authorities);
  if (!parsed) {
    refuse(from.place, "gateway", parsed.error());
    return nullptr;
  }
  verification->authorities = *std::move(parsed);
  verification->id = tls::digest(all).substr(0, 32);
  return verification;
}

tls::Shown TlsCompiler::shown_certificate(std::uint32_t index) const {
  const auto& pairs = identities_[index]->pairs;
  const config::Certificate& from = file_.certificates[index];
  std::string both;
  add_part(both, from.cert);
  add_part(both, from.key);
  return {pairs.empty() ? nullptr : pairs.front(), tls::digest(both)};
}

tls::ClientPolicyPtr TlsCompiler::policy_of(const config::Service& service) {
  auto policy = std::make_shared<tls::ClientPolicy>();
  policy->verifies = service.tls_verify.value_or(true);
  if (service.tls_verify_depth) policy->depth = static_cast<int>(*service.tls_verify_depth);
  policy->names = service.tls_sans;
  std::string key = policy->verifies
                        ? "v" + std::to_string(service.tls_verify_depth.value_or(UINT32_MAX)) + " "
                        : "-";
  for (const std::string& name : service.tls_sans)
    add_part(key, name);

  std::vector<std::string> authorities;
  for (const std::uint32_t index : service.ca_certificate_indices)
    add_part(key.append("ca"), authorities.emplace_back(file_.ca_certificates[index].cert));
  if (!authorities.empty()) {
    auto parsed = tls::Authorities::parse(authorities);
    if (parsed)
      policy->authorities = *std::move(parsed);
    else
      refuse(service.place, "ca_certificates", parsed.error());
  }

  if (service.client_certificate_index) {
    const tls::Shown shown = shown_certificate(*service.client_certificate_index);
    policy->certificate = shown.pair;
    add_part(key.append("own"), shown.id);
  }
  // A digest: the key of a pool is compared with each request.
  policy->key = tls::digest(key);
  return policy;
}

}  // namespace sluice
