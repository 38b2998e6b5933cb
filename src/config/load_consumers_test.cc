// Consumers with what proves them, groups, and plugins in every scope, as a file loads.

#include <string>

#include <gtest/gtest.h>

#include "config/load.h"

namespace sluice::config {
namespace {

LoadedFile loaded(const std::string& text, const LoadOptions& options = {}) {
  LoadResult result = load_text("_format_version: \"3.0\"\n" + text, "test.yaml", options);
  EXPECT_TRUE(result.file.has_value()) << result.diagnostics.render();
  return result.file ? *std::move(result.file) : LoadedFile();
}

constexpr const char* people = R"(
consumer_groups:
- name: silver
  consumers: [{username: bob}, alice]
  plugins: [{name: cors, config: {max_age: 2}}]
- name: gold
  tags: [paying]
consumers:
- username: alice
  custom_id: "7"
  groups: [{name: gold}, silver]
  keyauth_credentials: [{key: one, tags: [a]}, {key: two}]
  basicauth_credentials: [{username: alice, password: secret}]
  hmacauth_credentials: [{username: alice, secret: hush}]
  jwt_secrets: [{key: iss, secret: hush}]
  oauth2_credentials: [{name: app, client_id: id, client_secret: x, redirect_uris: ["https://a/b"]}]
  acls: [{group: staff}]
  mtls_auth_credentials: [{subject_name: alice@example.com}]
- username: bob
consumer_group_consumers:
- {consumer: bob, consumer_group: gold}
keyauth_credentials:
- {key: three, consumer: bob}
acls:
- {group: staff, consumer: {username: bob}}
)";

TEST(LoadConsumers, FlattensWhatProvesThem) {
  const LoadedFile file = loaded(people);

  ASSERT_EQ(file.keyauth_credentials.size(), 3U);
  EXPECT_EQ(file.keyauth_credentials[0].key, "one");
  EXPECT_EQ(file.keyauth_credentials[0].consumer_index, 0U);
  EXPECT_EQ(file.keyauth_credentials[2].key, "three");
  EXPECT_EQ(file.keyauth_credentials[2].consumer_index, 1U);
  EXPECT_EQ(file.hmacauth_credentials.at(0).secret, "hush");
  EXPECT_EQ(file.jwt_secrets.at(0).key, "iss");
  EXPECT_EQ(file.oauth2_credentials.at(0).client_id, "id");
  EXPECT_EQ(file.mtls_auth_credentials.at(0).subject_name, "alice@example.com");
  ASSERT_EQ(file.acls.size(), 2U);
  EXPECT_EQ(file.acls[1].consumer_index, 1U);
  EXPECT_TRUE(file.consumers[0].keyauth_credentials.empty());
}

TEST(LoadConsumers, PutsThemInTheirGroupsByName) {
  const LoadedFile file = loaded(people);

  // gold before silver, whatever the order of the file; membership twice is membership.
  EXPECT_EQ(file.consumers[0].group_indices, (std::vector<std::uint32_t>{1, 0}));
  EXPECT_EQ(file.consumers[1].group_indices, (std::vector<std::uint32_t>{1, 0}));
}

TEST(LoadConsumers, KeepsPasswordsOnlyAsKongDoes) {
  const std::string id = "id: 11111111-2222-3333-4444-555555555555, ";
  const std::string text =
      "consumers: [{" + id +
      "username: a, basicauth_credentials: [{username: a, password: swordfish}]}]";

  // sha1("swordfish11111111-2222-3333-4444-555555555555")
  EXPECT_EQ(loaded(text).basicauth_credentials.at(0).password,
            sha1_hex("swordfish", "11111111-2222-3333-4444-555555555555"));
  EXPECT_EQ(loaded("_transform: false\n" + text).basicauth_credentials.at(0).password, "swordfish");
}

TEST(LoadConsumers, DerivesTheSameIdsWheneverTheyAreLoaded) {
  const LoadedFile first = loaded(people);
  const LoadedFile second = loaded(people);

  EXPECT_EQ(first.consumers[0].id, entity_id("consumers", "alice"));
  EXPECT_EQ(first.consumer_groups[1].id, entity_id("consumer_groups", "gold"));
  EXPECT_EQ(first.keyauth_credentials[0].id, entity_id("keyauth_credentials", "one"));
  EXPECT_EQ(first.acls[0].id, entity_id("acls", "acls:" + first.consumers[0].id.text() + ":staff"));
  for (std::size_t i = 0; i < first.keyauth_credentials.size(); ++i)
    EXPECT_EQ(first.keyauth_credentials[i].id, second.keyauth_credentials[i].id);
}

constexpr const char* scopes = R"(
services:
- name: s
  host: h
  routes:
  - name: r
    paths: [/]
    plugins:
    - {name: a}
    - {name: a, consumer: c, instance_name: mine}
    - {name: a, consumer_group: {name: g}}
  plugins: [{name: a}, {name: a, consumer_group: g}]
consumers: [{username: c, plugins: [{name: a}, {name: a, service: s}]}]
consumer_groups: [{name: g, plugins: [{name: a}]}]
plugins:
- {name: a}
- {name: a, route: r, service: s, consumer: c}
- {name: a, route: {id: 00000000-0000-0000-0000-000000000001}}
routes: [{id: 00000000-0000-0000-0000-000000000001, paths: [/x]}]
)";

TEST(LoadPlugins, StandInEveryCombinationOfScopes) {
  const LoadedFile file = loaded(scopes);

  std::string found;
  for (const Plugin& plugin : file.plugins) {
    const auto letter = [](const auto& index, char name) {
      return index ? std::string(1, name) : std::string();
    };
    found += letter(plugin.service_index, 's') + letter(plugin.route_index, 'r') +
             letter(plugin.consumer_index, 'c') + letter(plugin.consumer_group_index, 'g') + ",";
  }
  EXPECT_EQ(found, "r,rc,rg,s,sg,g,c,sc,,src,r,");
  EXPECT_EQ(file.plugins[1].id, entity_id("plugins", "mine"));
  EXPECT_EQ(file.plugins.back().route_index, 1U);
}

TEST(LoadPlugins, ShareSettingsByName) {
  const LoadedFile file = loaded(R"(
_plugin_configs: {common: {origins: [a], max_age: 5}}
plugins:
- {name: cors, _config: common, config: {max_age: 7}}
)");

  const Node* config = file.plugins.at(0).config;
  ASSERT_NE(config, nullptr);
  EXPECT_EQ(config->find("max_age")->integer(), 7);
  EXPECT_EQ(config->find("origins")->items().size(), 1U);
}

TEST(LoadKeys, StandInTheirSets) {
  const LoadedFile file = loaded(R"(
key_sets:
- name: ks
  keys: [{kid: a, jwk: '{"kty":"oct","kid":"a","k":"AAAA"}'}]
keys:
- {kid: b, set: ks, name: free, jwk: '{"kty":"oct","kid":"b","k":"AAAA"}'}
)");

  ASSERT_EQ(file.keys.size(), 2U);
  EXPECT_EQ(file.keys[0].set_index, 0U);
  EXPECT_EQ(file.keys[1].set_index, 0U);
  EXPECT_EQ(file.keys[1].id, entity_id("keys", "free"));
}

}  // namespace
}  // namespace sluice::config
