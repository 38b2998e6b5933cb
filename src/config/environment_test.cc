// Values from the environment, and that they stay there.

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "config/load.h"

namespace sluice::config {
namespace {

class Environment : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("DECK_HOST", "example.com", 1);
    ::setenv("DECK_PORT", "8081", 1);
    ::setenv("DECK_KEY", "swordfish-one", 1);
    ::setenv("OTHER", "swordfish-two", 1);
    ::setenv("SECRET_KEY_ONE", "swordfish-three", 1);
    ::setenv("JSON_VALUE", R"({"inner": "swordfish-four", "number": 5})", 1);
    ::unsetenv("DECK_MISSING");
  }
};

LoadResult load(const std::string& text) {
  return load_text("_format_version: \"3.0\"\n" + text, "test.yaml");
}

TEST_F(Environment, FillsDeckExpressionsWhereverTheyStand) {
  const LoadResult result = load(R"(
services:
- {name: a, host: ${{ env "DECK_HOST" }}, port: ${{env "DECK_PORT" | toInt}}}
- name: b
  url: "http://${{ env "DECK_HOST" }}:${{ env "DECK_PORT" }}/x"
consumers:
- username: ${{ env "DECK_PORT" }}
)");

  ASSERT_TRUE(result.file.has_value()) << result.diagnostics.render();
  EXPECT_EQ(result.file->services[0].host, "example.com");
  EXPECT_EQ(result.file->services[0].port, 8081);
  EXPECT_EQ(result.file->services[1].host, "example.com");
  EXPECT_EQ(result.file->services[1].port, 8081);
  EXPECT_EQ(result.file->consumers[0].username, "8081");
}

TEST_F(Environment, FillsReferencesToVaults) {
  const LoadResult result = load(R"(
vaults: [{name: env, prefix: mine, config: {prefix: SECRET_}}]
consumers:
- username: a
  keyauth_credentials:
  - {key: "{vault://env/other}"}
  - {key: "{vault://mine/key-one}"}
  - {key: "{vault://env/json-value/inner}"}
  - {key: "{vault://env/key-one?prefix=secret_}"}
)");

  ASSERT_FALSE(result.file.has_value());
  EXPECT_NE(result.diagnostics.render().find("key is already used"), std::string::npos);
  ASSERT_TRUE(result.flawed.has_value());
  EXPECT_EQ(result.flawed->keyauth_credentials[0].key, "swordfish-two");
  EXPECT_EQ(result.flawed->keyauth_credentials[1].key, "swordfish-three");
  EXPECT_EQ(result.flawed->keyauth_credentials[2].key, "swordfish-four");
  EXPECT_EQ(result.flawed->keyauth_credentials[3].key, "swordfish-three");
}

TEST_F(Environment, IsNeverShown) {
  const std::string files[] = {
      "services: [{name: ${{ env \"DECK_KEY\" }}, host: h, tags: [\"a/b\"]}, {name: ${{ env "
      "\"DECK_KEY\" }}, host: h}]",
      "services: [{host: h, port: ${{ env \"DECK_KEY\" }}}]",
      "services: [{url: \"${{ env \"DECK_KEY\" }}\"}]",
      "services: [{url: \"http://${{ env \"DECK_KEY\" }}@/\"}]",
      "services: [{host: h, routes: [{paths: [\"${{ env \"DECK_KEY\" }}\"]}]}]",
      "plugins: [{name: a, service: \"{vault://env/other}\"}]",
      "consumers: [{username: a, acls: [{group: x}, {group: \"{vault://env/other}\", x: 1}]}]",
      "gateway: {log: {level: \"{vault://env/other}\"}}",
  };
  for (const std::string& file : files) {
    const LoadResult result = load(file);
    EXPECT_FALSE(result.file.has_value()) << file;
    const std::string rendered = result.diagnostics.render() + result.diagnostics.render_json();
    EXPECT_EQ(rendered.find("swordfish"), std::string::npos) << rendered;
  }
}

TEST_F(Environment, SaysWhichVariableIsMissing) {
  EXPECT_EQ(load("services: [{host: '${{ env \"DECK_MISSING\" }}x'}]").diagnostics.render(),
            "test.yaml:2:20: the environment has no variable \"DECK_MISSING\"\n"
            "  services: [{host: '${{ env \"DECK_MISSING\" }}x'}]\n"
            "                     ^\n");
  EXPECT_EQ(load("services: [{host: '{vault://env/no-such}'}]").diagnostics.render(),
            "test.yaml:2:19: services[0].host: the environment has no variable \"NO_SUCH\"\n"
            "  services: [{host: '{vault://env/no-such}'}]\n"
            "                    ^\n");
}

}  // namespace
}  // namespace sluice::config
