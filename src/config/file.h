#pragma once
// The top level of a configuration file, as it is declared: entities still nested, references still
// names.

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "config/entity_fields.h"
#include "config/gateway_settings.h"

namespace sluice::config {

enum class FormatVersion : std::uint8_t { v1_1, v2_1, v3_0 };

constexpr auto names_of(FormatVersion) {
  return std::to_array<std::string_view>({"1.1", "2.1", "3.0"});
}

struct File {
  FormatVersion format_version = FormatVersion::v3_0;
  bool transform = true;
  Gateway gateway;
  std::vector<Service> services;
  std::vector<Route> routes;
  std::vector<Upstream> upstreams;
  std::vector<Target> targets;
  std::vector<Plugin> plugins;
  std::vector<Consumer> consumers;

  static constexpr std::string_view type_name = "file";

  static constexpr auto fields() {
    return std::tuple{
        required("_format_version", &File::format_version, "The version of Kong's format."),
        optional("_transform", &File::transform,
                 "Whether passwords in the file are still to be hashed."),
        optional("gateway", &File::gateway, "The settings of the node; Sluice's own."),
        optional("services", &File::services, "The APIs behind the gateway."),
        optional("routes", &File::routes, "Which requests go to which service."),
        optional("upstreams", &File::upstreams, "Load-balanced names."),
        optional("targets", &File::targets, "The addresses behind upstreams."),
        optional("plugins", &File::plugins, "Steps of pipelines, in the scope that each names."),
        optional("consumers", &File::consumers, "Who calls."),
        later("consumer_groups", "Consumers that share settings."),
        later("certificates", "Certificates and their keys."),
        later("snis", "Which server name gets which certificate."),
        later("ca_certificates", "Trusted authorities."),
        later("keyauth_credentials", "Keys for key-auth."),
        later("basicauth_credentials", "Names and passwords for basic-auth."),
        later("hmacauth_credentials", "Secrets for hmac-auth."),
        later("jwt_secrets", "Keys for jwt."),
        later("acls", "Groups for acl."),
        later("oauth2_credentials", "Applications for oauth2."),
        later("mtls_auth_credentials", "Certificate subjects for mtls-auth."),
        later("keys", "Keys for signing and encryption."),
        later("key_sets", "Sets of keys."),
        later("vaults", "Where secrets are read from."),
        later("filter_chains", "Proxy-Wasm filters."),
        later("partials", "Settings shared between plugins."),
        later("_info", "Defaults and selection of decK."),
        later("_plugin_configs", "Plugin settings shared by name, of decK."),
        later("_workspace", "The workspace of decK."),
    };
  }

  static void check(File& file, const Given& given) {
    if (file.format_version != FormatVersion::v3_0)
      given.unsupported("_format_version", "_format_version below \"3.0\" is not supported yet");
  }
};

}  // namespace sluice::config
