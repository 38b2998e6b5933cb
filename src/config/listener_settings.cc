// Rules between the settings of a listener.

#include "config/listener_settings.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace sluice::config {
namespace {

/// As server names are compared.
std::string normal(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  for (char& byte : name)
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  return name;
}

}  // namespace

void ClientCertificateSettings::check(ClientCertificateSettings& settings, const Given& given) {
  const bool asks = settings.mode != ClientCertificateMode::none;
  if (asks && settings.ca_certificates.empty())
    given.error(
        "ca_certificates",
        "must name at least one of the ca_certificates: without an authority nobody vouches "
        "for a client");
  if (!asks && !settings.ca_certificates.empty())
    given.error("ca_certificates", "must not be given with mode: none, which asks for nothing");
}

void ListenerTlsSettings::check(ListenerTlsSettings& settings, const Given& given) {
  std::vector<std::string> taken;
  bool has_others = false;
  for (std::size_t i = 0; i < settings.client_certificates.size(); ++i) {
    const ClientCertificateSettings& entry = settings.client_certificates[i];
    if (entry.snis.empty() && std::exchange(has_others, true))
      given.error("client_certificates", i,
                  "must have \"snis\": another entry without them holds for all other names");
    for (const std::string& sni : entry.snis) {
      std::string name = normal(sni);
      if (std::ranges::find(taken, name) != taken.end())
        given.error("client_certificates", i,
                    fmt::format("must not repeat the server name {}", in_quotes(sni)));
      else
        taken.push_back(std::move(name));
    }
  }
}

}  // namespace sluice::config
