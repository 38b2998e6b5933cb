#pragma once
// What proves who a consumer is. Whatever Kong would make up at random has to be in the file, so
// that all nodes know the same (docs/decisions/0030-no-generated-secrets.md).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/entities/common.h"

namespace sluice::config {

/// What all credentials have, and `acls` too, which Kong keeps in the same place.
struct Credential {
  Uuid id;
  Reference consumer;
  std::vector<std::string> tags;

  std::uint32_t consumer_index = 0;  ///< in LoadedFile::consumers
  Place place;
};

struct KeyAuthCredential : Credential {
  std::string key;                  ///< unique among all
  std::optional<milliseconds> ttl;  ///< how long it is valid; null: for ever

  static constexpr std::string_view type_name = "keyauth_credential";
  static constexpr auto fields();
};

struct BasicAuthCredential : Credential {
  std::string username;  ///< unique among all
  /// After loading, as Kong stores it: SHA-1 of the password and the consumer's id, in hex.
  std::string password;

  static constexpr std::string_view type_name = "basicauth_credential";
  static constexpr auto fields();
};

struct HmacAuthCredential : Credential {
  std::string username;  ///< unique among all
  std::string secret;

  static constexpr std::string_view type_name = "hmacauth_credential";
  static constexpr auto fields();
};

enum class JwtAlgorithm : std::uint8_t {
  hs256,
  hs384,
  hs512,
  rs256,
  rs384,
  rs512,
  es256,
  es384,
  es512,
  ps256,
  ps384,
  ps512,
  eddsa
};

constexpr auto names_of(JwtAlgorithm) {
  return std::to_array<std::string_view>({"HS256", "HS384", "HS512", "RS256", "RS384", "RS512",
                                          "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
                                          "EdDSA"});
}

struct JwtSecret : Credential {
  std::string key;  ///< what the key claim of a token says; unique among all
  JwtAlgorithm algorithm = JwtAlgorithm::hs256;
  std::optional<std::string> secret;          ///< given where the algorithm is HS*
  std::optional<std::string> rsa_public_key;  ///< PEM; given where the algorithm is any other

  static constexpr std::string_view type_name = "jwt_secret";
  static constexpr auto fields();
  static void check(JwtSecret& credential, const Given& given);
};

/// Absolute, and without fragment (RFC 6749 section 3.1.2).
bool is_redirect_uri(std::string_view text);

enum class OAuth2ClientType : std::uint8_t { confidential, public_client };

constexpr auto names_of(OAuth2ClientType) {
  return std::to_array<std::string_view>({"confidential", "public"});
}

struct OAuth2Credential : Credential {
  std::string name;
  std::string client_id;  ///< unique among all
  std::optional<std::string> client_secret;
  bool hash_secret = false;
  std::vector<std::string> redirect_uris;
  OAuth2ClientType client_type = OAuth2ClientType::confidential;

  static constexpr std::string_view type_name = "oauth2_credential";
  static constexpr auto fields();
  static void check(OAuth2Credential& credential, const Given& given);
};

/// Membership in a group of the acl plugin; unrelated to consumer groups.
struct Acl : Credential {
  std::string group;  ///< unique for the consumer

  static constexpr std::string_view type_name = "acl";
  static constexpr auto fields();
};

struct MtlsAuthCredential : Credential {
  std::string subject_name;
  Reference ca_certificate;

  std::optional<std::uint32_t>
      ca_certificate_index;  ///< in LoadedFile::ca_certificates; empty: any

  static constexpr std::string_view type_name = "mtls_auth_credential";
  static constexpr auto fields();
};

}  // namespace sluice::config
