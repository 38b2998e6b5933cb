// Rules between the fields of a key.

#include "config/entities/key.h"

#include <memory>

#include <fmt/format.h>

#include "config/entities/key_fields.h"
#include "config/pem.h"
#include "config/yaml.h"

namespace sluice::config {
namespace {

/// The `kid` inside a JSON Web Key; nothing where it is none.
std::optional<std::string> kid_of_jwk(const std::string& jwk) {
  Diagnostics unseen(Source{"jwk", jwk});
  const std::shared_ptr<Document> document = parse_text(TextFormat::json, unseen);
  if (document == nullptr) return {};
  const Node* kind = document->root().find("kty");
  const Node* kid = document->root().find("kid");
  if (kind == nullptr || kid == nullptr || !kind->is_text() || !kid->is_text()) return {};
  return std::string(kid->text());
}

}  // namespace

void KeyPem::check(KeyPem& pem, const Given& given) {
  if (!pem.public_key && !pem.private_key)
    given.error("field \"public_key\" or \"private_key\" is required");
  if (pem.public_key && !is_public_key(*pem.public_key))
    given.error("public_key", "must be a public key in PEM");
  if (pem.private_key && !is_private_key(*pem.private_key))
    given.error("private_key", "must be a private key in PEM, without password");
}

void Key::check(Key& key, const Given& given) {
  if (key.jwk.has_value() == key.pem.has_value()) {
    given.error("exactly one of \"jwk\" and \"pem\" must be given");
    return;
  }
  if (!key.jwk) return;
  const std::optional<std::string> kid = kid_of_jwk(*key.jwk);
  if (!kid)
    given.error("jwk", "must be a JSON Web Key with \"kty\" and \"kid\"");
  else if (*kid != key.kid)
    given.error("kid", fmt::format("must be the \"kid\" in \"jwk\", got {}", in_quotes(key.kid)));
}

}  // namespace sluice::config
