#pragma once
// The settings of one listener: an element of gateway.listeners.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "config/fields.h"
#include "config/matchers.h"

namespace sluice::config {

enum class TlsVersion : std::uint8_t { tls_1_2, tls_1_3 };

constexpr auto names_of(TlsVersion) {
  return std::to_array<std::string_view>({"1.2", "1.3"});
}

void accepts_numbers(TlsVersion);

enum class ClientCertificateMode : std::uint8_t { none, optional, required };

constexpr auto names_of(ClientCertificateMode) {
  return std::to_array<std::string_view>({"none", "optional", "required"});
}

/// What clients of some server names, or of all others, have to show.
struct ClientCertificateSettings {
  std::vector<std::string> snis;
  ClientCertificateMode mode = ClientCertificateMode::required;
  std::vector<Reference> ca_certificates;
  std::uint32_t verify_depth = 1;

  std::vector<std::uint32_t> ca_certificate_indices;  ///< in LoadedFile::ca_certificates
  Place place;

  static constexpr std::string_view type_name = "listener_client_certificates";

  static constexpr auto fields() {
    return std::tuple{
        optional("snis", &ClientCertificateSettings::snis,
                 unique(matches(is_sni_pattern,
                                "be a host name, with \"*\" only as its first or "
                                "last label, which stands for any number of them")),
                 "The server names that it holds for; empty: all that no other one names, and "
                 "clients that name none."),
        optional("mode", &ClientCertificateSettings::mode,
                 "required: no certificate, no connection. optional: a client may show none, but "
                 "not a bad one. none: clients are not asked."),
        optional("ca_certificates", &ClientCertificateSettings::ca_certificates,
                 "Ids of the authorities that vouch for clients, and no others."),
        optional("verify_depth", &ClientCertificateSettings::verify_depth, between(0, 64),
                 "The most certificates between the client's and its authority's."),
    };
  }

  static void check(ClientCertificateSettings& settings, const Given& given);
};

struct ListenerTlsSettings {
  TlsVersion min_version = TlsVersion::tls_1_2;
  bool http2 = true;
  std::vector<ClientCertificateSettings> client_certificates;

  static constexpr std::string_view type_name = "listener_tls";

  static constexpr auto fields() {
    return std::tuple{
        optional("min_version", &ListenerTlsSettings::min_version,
                 "The oldest version of TLS that clients may speak."),
        optional("http2", &ListenerTlsSettings::http2,
                 "Whether HTTP/2 is offered to clients, by ALPN."),
        optional(
            "client_certificates", &ListenerTlsSettings::client_certificates,
            "Which clients have to show a certificate, by the server name that they ask for. A "
            "request whose host falls under another entry than the server name of its "
            "connection is answered 421."),
    };
  }

  static void check(ListenerTlsSettings& settings, const Given& given);
};

struct ListenerSettings {
  std::string address;
  std::optional<ListenerTlsSettings> tls;
  bool h2c = false;
  bool proxy_protocol = false;
  Place place;

  static constexpr std::string_view type_name = "listener";

  static constexpr auto fields() {
    return std::tuple{
        required("address", &ListenerSettings::address,
                 matches(is_listen_address, listen_address_form),
                 "Where clients connect: an IPv4 or bracketed IPv6 address with a port, or unix: "
                 "with an "
                 "absolute path."),
        optional("tls", &ListenerSettings::tls,
                 "Clients speak TLS; {} takes the defaults. Certificates are chosen by `snis`."),
        optional("h2c", &ListenerSettings::h2c,
                 "Without TLS, clients may speak HTTP/2 by prior knowledge."),
        optional("proxy_protocol", &ListenerSettings::proxy_protocol,
                 "Peers in trusted_ips begin with a PROXY header, version 1 or 2, which says who "
                 "the client is; others may not send one."),
    };
  }
};

}  // namespace sluice::config
