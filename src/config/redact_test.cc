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
      {"- {url: https://h, ca_certificates: [fd02801f-0957-4a15-a55a-c8d9606f30b5]}",
       "- {url: https://h, ca_certificates: [fd02801f-0957-4a15-a55a-c8d9606f30b5]}"},
      {"redis: {auth: swordfish, namespace: a}", "redis: {auth: ***, namespace: a}"},
      {"redis: {auth: {a: swordfish}, host: b}", "redis: {auth: ***, host: b}"},
      {"auth: {header_name: a, header_value: b}", "auth: {header_name: a, header_value: ***}"},
      {"{username: u, pass: swordfish}", "{username: u, pass: ***}"},
      {"keyauth_credentials: swordfish", "keyauth_credentials: ***"},
      {"keyauth_credentials: [sword, 'fish', 12, {tags: [a]}] # why",
       "keyauth_credentials: [***, ***, ***, {tags: [a]}] # why"},
      {"{username: a, keyauth_credentials: [{swordfish}, [sword]], tags: [b]}",
       "{username: a, keyauth_credentials: [***, ***], tags: [b]}"},
      {"jwt_secrets: [\"${{ env \\\"DECK_X\\\" }}\", swordfish]",
       "jwt_secrets: [\"${{ env \\\"DECK_X\\\" }}\", ***]"},
      {R"~(add: {headers: ["Authorization:sword, fish$(x)", "x-v:b", 'cookie:c'], body: [a:b]})~",
       R"(add: {headers: ["Authorization:***", "x-v:b", 'cookie:***'], body: [a:b]})"},
      {"- authorization:swordfish # why", "- authorization:*** # why"},
      {"- authorization:{vault://env/x}", "- authorization:{vault://env/x}"},
      {"url: http://user:swordfish@h:80/a@b", "url: http://***@h:80/a@b"},
      {"{\"url\":\"http:\\/\\/user:swordfish@h\\/\"}", "{\"url\":\"http:\\/\\/***@h\\/\"}"},
      {"- {http_endpoint: 'http://u:sword/fish@h/', a: https://x@y}",
       "- {http_endpoint: 'http://***@h/', a: https://***@y}"},
      {"urls: [http://h:80/a@b, http://[::1]:80/a@b, http://h/?m=a@b, mail@example.com]",
       "urls: [http://h:80/a@b, http://[::1]:80/a@b, http://h/?m=a@b, mail@example.com]"},
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

TEST(Redactor, HidesScalarsInListsOfCredentials) {
  const std::string_view text =
      "keyauth_credentials:\n"
      "- AAAA\n"
      "- u:BBBB, c\n"
      "- key: CCCC\n"
      "  tags: [a]\n"
      "- kye: d\n"
      "-\n"
      "  EEEE\n"
      "- |\n"
      "  f: FFFF\n"
      "- - GGGG\n"
      "basicauth_credentials: [\n"
      "  {tags: [a]}, HHHH,\n"
      "  IIII, J]\n"
      "jwt_secrets: |\n"
      "  k: KKKK\n"
      "acls:\n"
      "- {group: g}\n"
      "- group: g\n";
  const std::pair<std::size_t, std::string_view> lines[] = {
      {2, "- ***"},         {3, "- ***"},
      {4, "- key: ***"},    {5, "  tags: [a]"},
      {6, "- kye: ***"},    {7, "-"},
      {8, "  ***"},         {10, "  ***"},
      {11, "- ***"},        {13, "  {tags: [a]}, ***,"},
      {14, "  ***"},        {16, "  ***"},
      {18, "- {group: g}"}, {19, "- group: g"},
  };
  for (const auto& [number, expected] : lines)
    EXPECT_EQ(shown(text, number), expected);
}

TEST(Redactor, HidesWhatAMessageQuotesOfIt) {
  const Redactor redactor("key: *swordfish");

  EXPECT_EQ(redactor.redacted("alias \"swordfish\" has no anchor before it", 1),
            "alias \"***\" has no anchor before it");
  EXPECT_EQ(redactor.redacted("the value \"a *swordfish\" is wrong", 1),
            "the value \"***\" is wrong");
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
      "consumers: [{username: a, keyauth_credentials: [swordfish]}]",
      "consumers: [{username: a, keyauth_credentials: [{swordfish}]}]",
      "consumers: [{username: a, keyauth_credentials: swordfish}]",
      "consumers:\n- username: a\n  keyauth_credentials:\n  - swordfish\n",
      "consumers:\n- username: a\n  basicauth_credentials:\n  - u:swordfish\n",
      "consumers:\n- username: a\n  basicauth_credentials:\n  - {username: a, pass: swordfish}\n",
      "keyauth_credentials: |\n  swordfish: x\n",
      "keyauth_credentials: [\"sword\\u0066ish\"]",
      "services: [{name: a, url: \"http://user:swordfish@h/\"}]",
      "services: [{name: a, url: \"http://user:sword/swordfish@h/\"}]",
      "services: [{name: a, url: \"gopher://user:swordfish@h/\"}]",
      "services: [{name: a, path: \"http://user:swordfish@h/\"}]",
  };
  for (const std::string& file : files) {
    const LoadResult result = load_text("_format_version: \"3.0\"\n" + file, "test.yaml");
    const std::string rendered = result.diagnostics.render();
    EXPECT_FALSE(result.file.has_value()) << file;
    EXPECT_EQ(rendered.find("swordfish"), std::string::npos) << rendered;
  }
}

TEST(Diagnostics, ShowWhatIsWrongBesideACredential) {
  const LoadResult result = load_text(
      "_format_version: \"3.0\"\nconsumers: [{username: alice, keyauth_credentials: [swordfish]}]\n"
      "services: [{name: a, url: \"http://user:swordfish@example.com/b\"}]\n",
      "test.yaml");

  EXPECT_EQ(result.diagnostics.render(),
            "test.yaml:2:53: consumers[0].keyauth_credentials[0]: must be a map, got a string\n"
            "  consumers: [{username: alice, keyauth_credentials: [***]}]\n"
            "                                                      ^\n"
            "test.yaml:3:27: services[0].url: must have neither user nor password, got "
            "\"http://***@example.com/b\"\n"
            "  services: [{name: a, url: \"http://***@example.com/b\"}]\n"
            "                            ^\n");
}

}  // namespace
}  // namespace sluice::config
