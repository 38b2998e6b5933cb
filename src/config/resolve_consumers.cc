// Consumers, their groups and what proves who they are.

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "config/resolver.h"

namespace sluice::config {

/// Groups before consumers, since consumers name them; who is in a group waits for the consumers.
void Resolver::take_consumer_groups(File& file) {
  const Path list("consumer_groups");
  for (std::size_t i = 0; i < file.consumer_groups.size(); ++i) {
    const Path path(list, i);
    ConsumerGroup& group = file.consumer_groups[i];
    identify(consumer_groups_, group.id, group.place, group.name, path);
    consumer_groups_.add_name("name", group.name, path);
    take_plugins(std::exchange(group.plugins, {}), path,
                 Parent{"consumer_group", static_cast<std::uint32_t>(i), group.id});
  }
  loaded_.consumer_groups = std::move(file.consumer_groups);
}

void Resolver::take_consumers(std::vector<Consumer> consumers) {
  const Path list("consumers");
  for (std::size_t i = 0; i < consumers.size(); ++i) {
    const Path path(list, i);
    Consumer& consumer = consumers[i];
    const std::string key = consumer.username
                                ? *consumer.username
                                : "custom_id:" + consumer.custom_id.value_or(path.text());
    identify(consumers_, consumer.id, consumer.place, key, path);
    consumers_.add_name("username", consumer.username.value_or(""), path);
    const std::string custom_id = consumer.custom_id.value_or("");
    consumers_.add_unique("custom_id", custom_id, custom_id, path);
  }
  loaded_.consumers = std::move(consumers);
  for (std::size_t i = 0; i < loaded_.consumers.size(); ++i) {
    const Path path(list, i);
    const auto index = static_cast<std::uint32_t>(i);
    Consumer& consumer = loaded_.consumers[i];
    const Parent parent{"consumer", index, consumer.id};
    take_plugins(std::exchange(consumer.plugins, {}), path, parent);
    const Path groups(path, "groups");
    const std::vector<Reference> references = std::exchange(consumer.groups, {});
    for (std::size_t j = 0; j < references.size(); ++j)
      if (const auto group = find_in_list(consumer_groups_, references[j], Path(groups, j)))
        join(index, *group);
    take_credentials(consumer, path, parent);
  }
}

/// All lists of credentials of a consumer, or of the top level.
template <class Lists>
void Resolver::take_credentials(Lists& from, const Path& path,
                                const std::optional<Parent>& parent) {
  const auto take = [&](auto& list, auto& into, std::string_view name) {
    const Path list_path = path.text().empty() ? Path(name) : Path(path, name);
    for (std::size_t i = 0; i < list.size(); ++i)
      take_credential(std::move(list[i]), into, Path(list_path, i), parent);
    list = {};
  };
  take(from.keyauth_credentials, loaded_.keyauth_credentials, "keyauth_credentials");
  take(from.basicauth_credentials, loaded_.basicauth_credentials, "basicauth_credentials");
  take(from.hmacauth_credentials, loaded_.hmacauth_credentials, "hmacauth_credentials");
  take(from.jwt_secrets, loaded_.jwt_secrets, "jwt_secrets");
  take(from.oauth2_credentials, loaded_.oauth2_credentials, "oauth2_credentials");
  take(from.acls, loaded_.acls, "acls");
  take(from.mtls_auth_credentials, loaded_.mtls_auth_credentials, "mtls_auth_credentials");
}

void Resolver::take_memberships(File& file) {
  for (std::uint32_t i = 0; i < loaded_.consumer_groups.size(); ++i) {
    const Path list("consumer_groups");
    const Path group_path(list, i);
    const Path path(group_path, "consumers");
    const std::vector<Reference> references =
        std::exchange(loaded_.consumer_groups[i].consumers, {});
    for (std::size_t j = 0; j < references.size(); ++j)
      if (const auto consumer = find_in_list(consumers_, references[j], Path(path, j)))
        join(*consumer, i);
  }
  for (std::size_t i = 0; i < file.consumer_group_consumers.size(); ++i) {
    const Path list("consumer_group_consumers");
    const Path path(list, i);
    const ConsumerGroupMember& member = file.consumer_group_consumers[i];
    const auto consumer = find(consumers_, member.consumer, "consumer", path);
    const auto group = find(consumer_groups_, member.consumer_group, "consumer_group", path);
    if (consumer && group) join(*consumer, *group);
  }
  take_credentials(file, Path(), {});
}

/// Kong takes the groups of a consumer in the order of their names.
void Resolver::join(std::uint32_t consumer, std::uint32_t group) {
  std::vector<std::uint32_t>& groups = loaded_.consumers[consumer].group_indices;
  const auto name_of_group = [&](std::uint32_t index) -> const std::string& {
    return loaded_.consumer_groups[index].name;
  };
  const auto at = std::ranges::lower_bound(groups, name_of_group(group), {}, name_of_group);
  if (at == groups.end() || *at != group) groups.insert(at, group);
}

template <class Entity>
void Resolver::take_credential(Entity credential, std::vector<Entity>& into, const Path& path,
                               const std::optional<Parent>& parent) {
  credential.consumer_index =
      owner_of(credential.consumer, credential.place, "consumer", path, parent);
  credential.consumer = {};
  admit(credential, path);
  into.push_back(std::move(credential));
}

namespace {

const std::string& consumer_id_text(std::string& scratch, const LoadedFile& file,
                                    const Credential& credential) {
  // Without any consumer there is an error already.
  if (credential.consumer_index < file.consumers.size())
    scratch = file.consumers[credential.consumer_index].id.text();
  return scratch;
}

}  // namespace

void Resolver::admit(KeyAuthCredential& credential, const Path& path) {
  identify(keyauth_, credential.id, credential.place, credential.key, path);
  keyauth_.add_unique("key", credential.key, {}, path);
}

void Resolver::admit(BasicAuthCredential& credential, const Path& path) {
  identify(basicauth_, credential.id, credential.place, credential.username, path);
  basicauth_.add_unique("username", credential.username, credential.username, path);
  std::string id;
  if (!passwords_are_hashed_)
    credential.password = sha1_hex(credential.password, consumer_id_text(id, loaded_, credential));
}

void Resolver::admit(HmacAuthCredential& credential, const Path& path) {
  identify(hmacauth_, credential.id, credential.place, credential.username, path);
  hmacauth_.add_unique("username", credential.username, credential.username, path);
}

void Resolver::admit(JwtSecret& credential, const Path& path) {
  identify(jwt_, credential.id, credential.place, credential.key, path);
  jwt_.add_unique("key", credential.key, {}, path);
}

void Resolver::admit(OAuth2Credential& credential, const Path& path) {
  identify(oauth2_, credential.id, credential.place, credential.client_id, path);
  oauth2_.add_unique("client_id", credential.client_id, credential.client_id, path);
}

void Resolver::admit(Acl& credential, const Path& path) {
  std::string id;
  const std::string key =
      fmt::format("acls:{}:{}", consumer_id_text(id, loaded_, credential), credential.group);
  identify(acls_, credential.id, credential.place, key, path);
  if (!credential.group.empty()) acls_.add_unique("group", key, credential.group, path);
}

void Resolver::admit(MtlsAuthCredential& credential, const Path& path) {
  const std::string key = fmt::format("mtls_auth_credentials:{}:{}", credential.subject_name,
                                      credential.ca_certificate.key);
  identify(mtls_auth_, credential.id, credential.place, key, path);
  if (!credential.subject_name.empty())
    mtls_auth_.add_unique("subject_name", key, credential.subject_name, path);
  resolve(credential.ca_certificate_index, ca_certificates_, credential.ca_certificate,
          "ca_certificate", path);
}

}  // namespace sluice::config
