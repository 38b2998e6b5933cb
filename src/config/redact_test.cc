// No letter of a credential in excerpts and messages.

#include "config/redact.h"

#include <string>

#include <gtest/gtest.h>

#include "config/load.h"

namespace sluice::config {
namespace {

/// The line with stars for what is hidden.
std::string shown(std::string_view text, std::size_t number) {
  const Redactor redactor(text);
  std::string line(redactor.line(number));
  const auto hidden = redactor.hidden_in(number);
  for (auto range = hidden.rbegin(); range != hidden.rend(); ++range)
    line.replace(range->begin, range->end - range->begin, "***");
  return line;
}

TEST(Redactor, HidesValuesByTheNameBeforeThem) {
  const std::pair<std::string_view, std::string_view> lines[] = {
      {"password: swordfish", "password: ***"},
      {"  - key: swordfish # why", "  - key: *** # why"},
      {"{key: swordfish, tags: [a]}", "{key: ***, tags: [a]}"},
      {"- {username: a, password: \"sword, fish\"}", "- {username: a, password: ***}"},
      {"{\"secret\":\"sword\\\"fish\",\"id\":1}", "{\"secret\":***,\"id\":1}"},
      {"secret: 'it''s'", "secret: ***"},
      {"session: {secrets: [a, \"b]\"], ttl: 5}", "session: {secrets: ***, ttl: 5}"},
      {"my_password: x", "my_password: ***"},
      {"redis: {host: a, password: b}", "redis: {host: a, password: ***}"},
      {"password: ${{ env \"DECK_X\" }}", "password: ${{ env \"DECK_X\" }}"},
      {"key: '{vault://env/x}'", "key: '{vault://env/x}'"},
      {"key_names: [apikey]", "key_names: [apikey]"},
      {"headers: {Authorization: [swordfish], X-Api-Key: [a], x-v: [b]}",
       "headers: {Authorization: ***, X-Api-Key: ***, x-v: [b]}"},
      {"Cookie: swordfish", "Cookie: ***"},
      {R"(expression: 'any(http.headers.authorization) == "swordfish"')",
       "expression: 'any(http.headers.authorization) ***"},
      {R"(- {expression: "http.path == \"/\" && http.queries.apikey ^= \"swordfish\""})",
       R"(- {expression: "http.path == \"/\" && http.queries.apikey ***)"},
      {R"(expression: 'http.headers.x_v == "a"')", R"(expression: 'http.headers.x_v == "a"')"},
      {"url: http://example.com", "url: http://example.com"},
      {"password:", "password:"},
  };
  for (const auto& [line, expected] : lines)
    EXPECT_EQ(shown(line, 1), expected);
}

TEST(Redactor, HidesLinesThatBelongToAValueAbove) {
  const std::string_view text =
      "certificates:\n"
      "- cert: |\n"
      "    AAAA\n"
      "\n"
      "    BBBB: x\n"
      "  tags: [a]\n"
      "  key: \"CCCC\n"
      "    DDDD\"\n"
      "secrets:\n"
      "- EEEE\n"
      "services:\n"
      "- name: FFFF\n";
  EXPECT_EQ(shown(text, 3), "    ***");
  EXPECT_EQ(shown(text, 5), "    ***");
  EXPECT_EQ(shown(text, 6), "  tags: [a]");
  EXPECT_EQ(shown(text, 7), "  key: ***");
  EXPECT_EQ(shown(text, 8), "    ***");
  EXPECT_EQ(shown(text, 10), "***");
  EXPECT_EQ(shown(text, 12), "- name: FFFF");
}

TEST(Redactor, HidesWhatAMessageQuotesOfIt) {
  const Redactor redactor("key: *swordfish");

  EXPECT_EQ(redactor.redacted("alias \"swordfish\" has no anchor before it", 1),
            "alias \"***\" has no anchor before it");
  EXPECT_EQ(redactor.redacted("must not be \"other\"", 1), "must not be \"other\"");
}

TEST(Redactor, KnowsTheNamesOfDeclaredCredentials) {
  for (const std::string_view name :
       {"key", "password", "secret", "client_secret", "jwk", "cert", "pasword"})
    EXPECT_TRUE(is_secret_name(name)) << name;
  for (const std::string_view name : {"name", "host", "key_names", "tags", "username", "kid"})
    EXPECT_FALSE(is_secret_name(name)) << name;
}

/// Whatever is wrong beside it, and wherever it stands.
TEST(Diagnostics, ShowNoCredential) {
  const std::string files[] = {
      "consumers: [{username: a, keyauth_credentials: [{key: swordfish, tagz: [x]}]}]",
      "consumers: [{username: a, keyauth_credentials: [{key: [swordfish]}]}]",
      "consumers: [{username: a, keyauth_credentials: [{key: {swordfish: 1}}]}]",
      "consumers:\n- username: a\n  keyauth_credentials:\n  - key: *swordfish\n",
      "consumers:\n- username: a\n  keyauth_credentials:\n  - key: !swordfish x\n",
      "consumers:\n- username: a\n  keyauth_credentials:\n  - key: swordfish: x\n",
      "consumers:\n- username: a\n  keyauth_credentials:\n  - key: \"swordfish\n",
      "consumers:\n- username: a\n  keyauth_credentials:\n  - key: |\n     swordfish\n"
      "    kye: swordfish\n",
      "keyauth_credentials: [{key: swordfish, consumer: nobody}]",
      "consumers:\n- username: a\n  keyauth_credentials: [{key: swordfish}, {key: swordfish}]",
      "consumers:\n- username: a\n  jwt_secrets: [{key: swordfish, secret: swordfish}, {key: "
      "swordfish, secret: swordfish, algorithm: HS1}]",
      "certificates: [{cert: swordfish, key: swordfish, cert_alt: swordfish}]",
      "ca_certificates: [{cert: swordfish}]",
      "keys: [{kid: a, jwk: swordfish}, {kid: b, pem: {private_key: swordfish}}]",
  };
  for (const std::string& file : files) {
    const LoadResult result = load_text("_format_version: \"3.0\"\n" + file, "test.yaml");
    const std::string rendered = result.diagnostics.render();
    EXPECT_FALSE(result.file.has_value()) << file;
    EXPECT_EQ(rendered.find("swordfish"), std::string::npos) << rendered;
  }
}

}  // namespace
}  // namespace sluice::config
