#pragma once
// A configuration file, read, checked and resolved: what the gateway compiles into a snapshot.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/entities.h"
#include "config/gateway_settings.h"
#include "config/node.h"

namespace sluice::config {

/// All entities in flat lists, in the order of the file; what refers to another has its index.
struct LoadedFile {
  Gateway gateway;
  std::vector<Service> services;
  std::vector<Route> routes;
  std::vector<Upstream> upstreams;
  std::vector<Target> targets;
  std::vector<Plugin> plugins;
  std::vector<Consumer> consumers;
  std::vector<ConsumerGroup> consumer_groups;
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
  /// Holds the nodes that entities point to (plugin settings), and nothing else of the file.
  std::shared_ptr<const Document> document;
};

struct LoadOptions {
  /// What is declared but not served yet is a warning, not an error.
  bool allow_unsupported = false;
};

struct LoadResult {
  std::optional<LoadedFile> file;    ///< empty where there is an error
  std::optional<LoadedFile> flawed;  ///< what could be read where there is one, for further checks
  Diagnostics diagnostics;           ///< errors and warnings; holds the text of the file
};

/// Reads YAML or JSON in Kong's declarative format with the key `gateway`. `file_name` is for
/// messages; with the ending .json, the text must be JSON. Takes at most file_bytes_max.
LoadResult load_text(std::string_view text, std::string_view file_name,
                     const LoadOptions& options = {});

/// The same from a file; what cannot be read is a diagnostic without a place.
LoadResult load_file(const std::string& path, const LoadOptions& options = {});

}  // namespace sluice::config
