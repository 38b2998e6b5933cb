#pragma once
// The state of resolving one file; its members are in resolve.cc and, by kind of entity, in
// resolve_*.cc.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/directory.h"
#include "config/file.h"
#include "config/load.h"

namespace sluice::config {

class Resolver {
 public:
  explicit Resolver(Diagnostics& diagnostics)
      : diagnostics_(diagnostics), document_(std::make_shared<Document>()) {}

  LoadedFile run(File file);

 private:
  /// The entity that a child is nested in.
  struct Parent {
    std::string_view field;  ///< the child's field that would name it
    std::uint32_t index = 0;
    Uuid id;
  };

  void add_tags(const std::vector<std::string>& tags);
  void take_upstreams(std::vector<Upstream> upstreams);
  void take_services(std::vector<Service> services);
  void take_route(Route route, const Path& path, const std::optional<Parent>& parent,
                  std::size_t place_in_list);
  void take_target(Target target, const Path& path, const std::optional<Parent>& parent);

  // resolve_plugins.cc
  void take_plugins(std::vector<Plugin> plugins, const Path& parent_path, const Parent& parent);
  void take_plugin(Plugin plugin, const Path& path, const std::optional<Parent>& parent);
  const Node* config_of(Plugin& plugin, const Path& path);
  void resolve_plugins();
  void refuse_second_in_scope(std::uint32_t index, const Path& path);

  // resolve_consumers.cc
  void take_consumer_groups(File& file);
  void take_consumers(std::vector<Consumer> consumers);
  void take_memberships(File& file);
  void join(std::uint32_t consumer, std::uint32_t group);
  template <class Lists>
  void take_credentials(Lists& from, const Path& path, const std::optional<Parent>& parent);
  template <class Entity>
  void take_credential(Entity credential, std::vector<Entity>& into, const Path& path,
                       const std::optional<Parent>& parent);
  void admit(KeyAuthCredential& credential, const Path& path);
  void admit(BasicAuthCredential& credential, const Path& path);
  void admit(HmacAuthCredential& credential, const Path& path);
  void admit(JwtSecret& credential, const Path& path);
  void admit(OAuth2Credential& credential, const Path& path);
  void admit(Acl& credential, const Path& path);
  void admit(MtlsAuthCredential& credential, const Path& path);

  // resolve_secrets.cc: what holds certificates and keys
  void take_certificates(std::vector<Certificate> certificates, std::vector<Sni> snis);
  void resolve_listeners();
  void warn_of_grpc_without_http2(const Route& route, const Path& path);
  void take_sni(Sni sni, const Path& path, const std::optional<Parent>& parent);
  void take_ca_certificates(std::vector<CaCertificate> certificates);
  void take_keys(std::vector<KeySet> sets, std::vector<Key> keys);
  void take_key(Key key, const Path& path, const std::optional<Parent>& parent);
  void take_vaults(std::vector<Vault> vaults);

  /// False where the reference names nothing that exists.
  bool resolve(std::optional<std::uint32_t>& index, const Directory& directory,
               const Reference& reference, std::string_view field, const Path& path);

  /// Gives an entity its id where the file does not, and a number among its kind.
  void identify(Directory& directory, Uuid& id, Place place, const std::string& key,
                const Path& path);

  void refuse_nested(const Reference& reference, const Parent& parent, const Path& path);

  std::optional<std::uint32_t> find(const Directory& directory, const Reference& reference,
                                    std::string_view field, const Path& path);

  /// Those of a field ca_certificates.
  std::vector<std::uint32_t> find_authorities(const std::vector<Reference>& references,
                                              const Path& path);
  /// The same for an element of a list of references.
  std::optional<std::uint32_t> find_in_list(const Directory& directory, const Reference& reference,
                                            const Path& path);

  /// What a field that names another entity means.
  const Directory& directory_of(std::string_view field) const;

  /// The parent of what cannot be without one: by nesting, else by `reference`. 0, and an error,
  /// where there is none.
  std::uint32_t owner_of(const Reference& reference, Place place, std::string_view field,
                         const Path& path, const std::optional<Parent>& parent);

  Diagnostics& diagnostics_;
  bool passwords_are_hashed_ = false;
  bool warned_of_grpc_ = false;
  Named<const Node*> plugin_configs_;  ///< in the tree of the file
  std::shared_ptr<Document> document_;
  LoadedFile loaded_;
  std::unordered_map<std::string, std::uint32_t> scopes_;  ///< plugin names in their scopes
  Directory services_{"services", "service", diagnostics_};
  Directory routes_{"routes", "route", diagnostics_};
  Directory upstreams_{"upstreams", "upstream", diagnostics_};
  Directory targets_{"targets", "target", diagnostics_};
  Directory plugins_{"plugins", "plugin", diagnostics_};
  Directory consumers_{"consumers", "consumer", diagnostics_};
  Directory consumer_groups_{"consumer_groups", "consumer group", diagnostics_};
  Directory keyauth_{"keyauth_credentials", "credential", diagnostics_};
  Directory basicauth_{"basicauth_credentials", "credential", diagnostics_};
  Directory hmacauth_{"hmacauth_credentials", "credential", diagnostics_};
  Directory jwt_{"jwt_secrets", "credential", diagnostics_};
  Directory oauth2_{"oauth2_credentials", "credential", diagnostics_};
  Directory acls_{"acls", "acl", diagnostics_};
  Directory mtls_auth_{"mtls_auth_credentials", "credential", diagnostics_};
  Directory certificates_{"certificates", "certificate", diagnostics_};
  Directory snis_{"snis", "sni", diagnostics_};
  Directory ca_certificates_{"ca_certificates", "CA certificate", diagnostics_};
  Directory key_sets_{"key_sets", "key set", diagnostics_};
  Directory keys_{"keys", "key", diagnostics_};
  Directory vaults_{"vaults", "vault", diagnostics_};
};

}  // namespace sluice::config
