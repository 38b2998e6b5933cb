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

/// Settings that entities of a kind have unless they say otherwise; applied by prepare.h.
struct DeckDefaults {
  const Node* service = nullptr;
  const Node* route = nullptr;
  const Node* upstream = nullptr;
  const Node* target = nullptr;

  static constexpr std::string_view type_name = "deck_defaults";

  static constexpr auto fields() {
    return std::tuple{
        optional("service", &DeckDefaults::service, "What services take over."),
        optional("route", &DeckDefaults::route, "What routes take over."),
        optional("upstream", &DeckDefaults::upstream, "What upstreams take over."),
        optional("target", &DeckDefaults::target, "What targets take over."),
        later("consumer_group", "What consumer groups take over."),
    };
  }
};

struct DeckInfo {
  std::vector<std::string> select_tags;
  DeckDefaults defaults;

  static constexpr std::string_view type_name = "deck_info";

  static constexpr auto fields() {
    return std::tuple{
        optional("select_tags", &DeckInfo::select_tags, detail::tag_rule,
                 "Tags that all entities of the file have besides their own."),
        optional("defaults", &DeckInfo::defaults, "Settings that entities take over."),
        accepted("default_lookup_tags", "Where decK looks for what is not in the file."),
    };
  }
};

struct File {
  FormatVersion format_version = FormatVersion::v3_0;
  bool transform = true;
  DeckInfo info;
  std::string workspace = "default";
  Gateway gateway;
  std::vector<Service> services;
  std::vector<Route> routes;
  std::vector<Upstream> upstreams;
  std::vector<Target> targets;
  std::vector<Plugin> plugins;
  std::vector<Consumer> consumers;
  std::vector<ConsumerGroup> consumer_groups;
  std::vector<ConsumerGroupMember> consumer_group_consumers;
  std::vector<KeyAuthCredential> keyauth_credentials;
  std::vector<BasicAuthCredential> basicauth_credentials;
  std::vector<HmacAuthCredential> hmacauth_credentials;
  std::vector<JwtSecret> jwt_secrets;
  std::vector<OAuth2Credential> oauth2_credentials;
  std::vector<Acl> acls;
  std::vector<MtlsAuthCredential> mtls_auth_credentials;
  std::vector<Certificate> certificates;
  std::vector<Sni> snis;
  std::vector<CaCertificate> ca_certificates;
  std::vector<KeySet> key_sets;
  std::vector<Key> keys;
  std::vector<Vault> vaults;
  Named<const Node*> plugin_configs;

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
        optional("consumer_groups", &File::consumer_groups, "Consumers that share settings."),
        optional("consumer_group_consumers", &File::consumer_group_consumers,
                 "Which consumer is in which group."),
        optional("keyauth_credentials", &File::keyauth_credentials, "Keys for key-auth."),
        optional("basicauth_credentials", &File::basicauth_credentials,
                 "Names and passwords for basic-auth."),
        optional("hmacauth_credentials", &File::hmacauth_credentials, "Secrets for hmac-auth."),
        optional("jwt_secrets", &File::jwt_secrets, "Keys for jwt."),
        optional("oauth2_credentials", &File::oauth2_credentials, "Applications for oauth2."),
        optional("acls", &File::acls, "Groups for acl."),
        optional("mtls_auth_credentials", &File::mtls_auth_credentials,
                 "Certificate subjects for mtls-auth."),
        optional("certificates", &File::certificates, "Certificates and their keys."),
        optional("snis", &File::snis, "Which server name gets which certificate."),
        optional("ca_certificates", &File::ca_certificates, "Trusted authorities."),
        optional("key_sets", &File::key_sets, "Sets of keys."),
        optional("keys", &File::keys, "Keys for signing and encryption."),
        optional("vaults", &File::vaults, "Where references to secrets read from."),
        later("oauth2_tokens", "Tokens that were given out."),
        later("oauth2_authorization_codes", "Codes that were given out."),
        later("filter_chains", "Proxy-Wasm filters."),
        later("partials", "Settings shared between plugins."),
        later("custom_entities", "Objects of plugins."),
        later("licenses", "Licenses of Kong's enterprise edition."),
        later("rbac_roles", "What users of the Admin API may do."),
        later("rbac_users", "Users of the Admin API."),
        later("service_packages", "Services of Konnect's catalogue."),
        optional("_info", &File::info, "What decK applies to all entities of the file."),
        optional("_plugin_configs", &File::plugin_configs,
                 "Plugin settings by name, which plugins take over with `_config`."),
        optional("_workspace", &File::workspace, "The workspace of decK; only default."),
        accepted("_konnect", "Where decK would send the file."),
    };
  }

  static void check(File& file, const Given& given) {
    if (file.workspace != "default")
      given.unsupported("_workspace", "a workspace besides \"default\" is not supported yet");
  }
};

}  // namespace sluice::config
