#pragma once
// Who calls, and what callers share.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/entities/common.h"
#include "config/entities/credentials.h"
#include "config/entities/plugin.h"

namespace sluice::config {

struct Consumer {
  Uuid id;
  std::optional<std::string> username;
  std::optional<std::string> custom_id;
  std::vector<std::string> tags;
  // Empty after loading: LoadedFile has them, each in one list of its kind.
  std::vector<Reference> groups;
  std::vector<Plugin> plugins;
  std::vector<KeyAuthCredential> keyauth_credentials;
  std::vector<BasicAuthCredential> basicauth_credentials;
  std::vector<HmacAuthCredential> hmacauth_credentials;
  std::vector<JwtSecret> jwt_secrets;
  std::vector<OAuth2Credential> oauth2_credentials;
  std::vector<Acl> acls;
  std::vector<MtlsAuthCredential> mtls_auth_credentials;

  /// In LoadedFile::consumer_groups, by the names of the groups, each once: the first one that has
  /// a plugin's configuration is the one whose configuration counts.
  std::vector<std::uint32_t> group_indices;
  Place place;

  static constexpr std::string_view type_name = "consumer";
  static constexpr auto fields();
  static void check(Consumer& consumer, const Given& given);
};

struct ConsumerGroup {
  Uuid id;
  std::string name;
  std::vector<Reference> consumers;  ///< empty after loading: Consumer::group_indices says it
  std::vector<Plugin> plugins;       ///< empty after loading
  std::vector<std::string> tags;
  Place place;

  static constexpr std::string_view type_name = "consumer_group";
  static constexpr auto fields();
};

/// One consumer in one group, as Kong exports it.
struct ConsumerGroupMember {
  Uuid id;
  Reference consumer;
  Reference consumer_group;
  Place place;

  static constexpr std::string_view type_name = "consumer_group_consumer";
  static constexpr auto fields();
};

}  // namespace sluice::config
