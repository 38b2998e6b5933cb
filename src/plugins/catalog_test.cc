// Which configuration of a plugin counts, through all scopes, and where plugins run at all (kong.md
// §6).

#include "plugins/catalog.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/plugin_harness.h"

namespace sluice::testing {
namespace {

/// From the most specific to the least.
constexpr std::array<std::string_view, 12> scopes = {
    "consumer: ann, route: r, service: s",
    "consumer_group: gold, route: r, service: s",
    "consumer: ann, route: r",
    "consumer: ann, service: s",
    "consumer_group: gold, route: r",
    "consumer_group: gold, service: s",
    "route: r, service: s",
    "consumer: ann",
    "consumer_group: gold",
    "route: r",
    "service: s",
    "",
};

std::string with_plugins(const std::string& plugins, std::string_view route_plugins = "key-auth") {
  return "_format_version: \"3.0\"\n"
         "consumer_groups: [{name: gold}, {name: silver}]\n"
         "consumers:\n"
         "- {username: ann, groups: [{name: silver}, {name: gold}], keyauth_credentials: [{key: "
         "ann}]}\n"
         "- {username: bob, groups: [{name: silver}], keyauth_credentials: [{key: bob}]}\n"
         "- {username: eve, keyauth_credentials: [{key: eve}]}\n"
         "services:\n"
         "- {name: s, url: \"http://10.0.0.1:80\", routes: [{name: r, paths: [/], plugins: "
         "[{name: " +
         std::string(route_plugins) +
         "}]}]}\n"
         "- {name: t, url: \"http://10.0.0.1:80\", routes: [{name: q, paths: [/q], plugins: "
         "[{name: " +
         std::string(route_plugins) + "}]}]}\nplugins:\n" + plugins;
}

/// A plugin that marks the answer with where it came from.
std::string marker(std::string_view scope, std::string_view mark, std::string_view more = "") {
  return "- {name: response-transformer, " + std::string(scope) + (scope.empty() ? "" : ", ") +
         "config: {add: {headers: [\"X-Scope:" + std::string(mark) + "\"]}}" + std::string(more) +
         "}\n";
}

std::string scope_for(PluginHarness& gateway, std::string_view who, std::string_view path = "/") {
  return gateway.get(path, "apikey: " + std::string(who) + "\r\n").field("X-Scope");
}

TEST(Scopes, TheMoreSpecificOfTwoWins) {
  for (std::size_t i = 0; i < scopes.size(); ++i)
    for (std::size_t j = i + 1; j < scopes.size(); ++j) {
      PluginHarness gateway(with_plugins(marker(scopes[j], std::to_string(j)) +
                                         marker(scopes[i], std::to_string(i))));
      EXPECT_EQ(scope_for(gateway, "ann"), std::to_string(i)) << scopes[i] << " / " << scopes[j];
    }
}

TEST(Scopes, HoldForTheirOwnAlone) {
  std::string all;
  for (std::size_t i = 0; i < scopes.size(); ++i)
    all += marker(scopes[i], std::to_string(i));
  PluginHarness gateway(with_plugins(all));
  const std::tuple<std::string_view, std::string_view, std::string_view> rows[] = {
      {"ann", "/", "0"},  {"bob", "/", "6"},   {"eve", "/", "6"},   {"wrong", "/", "6"},
      {"ann", "/q", "7"}, {"bob", "/q", "11"}, {"eve", "/q", "11"},
  };
  for (const auto& [who, path, scope] : rows)
    EXPECT_EQ(scope_for(gateway, who, path), scope) << who << path;
}

TEST(Scopes, OfSeveralGroupsTheFirstByNameCounts) {
  PluginHarness gateway(with_plugins(marker("consumer_group: silver", "silver") +
                                     marker("consumer_group: gold", "gold")));
  EXPECT_EQ(scope_for(gateway, "ann"), "gold");
  EXPECT_EQ(scope_for(gateway, "bob"), "silver");
  EXPECT_EQ(scope_for(gateway, "eve"), "");
}

TEST(Scopes, MoreSpecificOfALaterGroupBeatsTheFirstGroup) {
  PluginHarness gateway(with_plugins(marker("consumer_group: silver, route: r", "silver") +
                                     marker("consumer_group: gold", "gold")));
  EXPECT_EQ(scope_for(gateway, "ann"), "silver");
}

TEST(Scopes, AreDecidedWhereThePluginIsReached) {
  // correlation-id runs before key-auth: nobody is known yet, as in Kong.
  PluginHarness gateway(with_plugins(
      "- {name: correlation-id, config: {header_name: X-All, echo_downstream: true}}\n"
      "- {name: correlation-id, consumer: ann, config: {header_name: X-Ann, echo_downstream: "
      "true}}\n"));
  const Answer answer = gateway.get("/", "apikey: ann\r\n");
  EXPECT_NE(answer.field("X-All"), "");
  EXPECT_EQ(answer.field("X-Ann"), "");
}

TEST(Scopes, OfStepsBehindAnAnswerAreDecidedForWhoIsKnownThen) {
  PluginHarness gateway(
      with_plugins(marker("", "all") + marker("consumer: ann", "ann") +
                   "- {name: request-size-limiting, config: {allowed_payload_size: 0}}\n"));
  const Answer answer = gateway.post("/", "text/plain", "x", "apikey: ann\r\n");
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.field("X-Scope"), "ann");
  EXPECT_EQ(gateway.get("/").field("X-Scope"), "all");
}

TEST(Scopes, OfConsumersAreNothingWhereNobodyAuthenticates) {
  PluginHarness gateway(with_plugins(marker("consumer: ann", "ann"), "correlation-id"));
  EXPECT_EQ(scope_for(gateway, "ann"), "");
}

TEST(Scopes, OfTheAnonymousConsumerCount) {
  PluginHarness gateway(
      with_plugins(marker("consumer: eve", "eve"), "key-auth, config: {anonymous: eve}"));
  EXPECT_EQ(gateway.get("/").field("X-Scope"), "eve");
  EXPECT_EQ(scope_for(gateway, "ann"), "");
}

TEST(Scopes, HonourEnabled) {
  PluginHarness gateway(
      with_plugins(marker("", "all") + marker("service: s", "service", ", enabled: false")));
  EXPECT_EQ(scope_for(gateway, "eve"), "all");
}

TEST(Scopes, DoNotEndAtProtocolsThatTheRouteDoesNotHave) {
  PluginHarness gateway(with_plugins(marker("", "all") +
                                     marker("route: r", "route", ", protocols: [grpcs]") +
                                     marker("consumer: ann", "ann", ", protocols: [grpc]")));
  EXPECT_EQ(scope_for(gateway, "eve"), "route");
  EXPECT_EQ(scope_for(gateway, "ann", "/q"), "ann");
}

TEST(Scopes, AreNothingForPluginsOfStreamsAlone) {
  PluginHarness gateway(with_plugins(
      marker("", "all"), "ip-restriction, protocols: [tcp, tls], config: {deny: [0.0.0.0/0]}"));
  EXPECT_EQ(gateway.get("/").field("X-Scope"), "all");
}

TEST(Scopes, MayNameTheirInstance) {
  PluginHarness gateway(with_plugins(marker("", "all", ", instance_name: mine")));
  EXPECT_EQ(scope_for(gateway, "eve"), "all");
}

TEST(WithoutRoute, OnlyTheGlobalPluginsThatKongRunsThere) {
  PluginHarness gateway(
      "_format_version: \"3.0\"\n"
      "services: [{name: s, url: \"http://10.0.0.1:80\", routes: [{name: r, hosts: [here], "
      "plugins: [{name: correlation-id, config: {header_name: X-Route, echo_downstream: "
      "true}}]}]}]\n"
      "plugins: [{name: key-auth}, {name: ip-restriction, config: {deny: [0.0.0.0/0]}}, {name: "
      "request-termination}, {name: request-size-limiting, config: {allowed_payload_size: 0}}, "
      "{name: redirect, config: {location: \"http://a\"}}, {name: bot-detection, config: {deny: "
      "[x]}}, {name: correlation-id, config: {header_name: X-Global, echo_downstream: true}}, "
      "{name: response-transformer, config: {add: {headers: [\"X-Added:1\"]}}}]\n");
  const Answer missed = gateway.get("/", "Host: elsewhere\r\nUser-Agent: x\r\n");
  EXPECT_EQ(missed.status, 404);
  EXPECT_NE(missed.field("X-Global"), "");
  EXPECT_EQ(missed.field("X-Added"), "1");
  EXPECT_EQ(missed.field("X-Route"), "");
  EXPECT_EQ(missed.body_without_id(), error_body("no Route matched with those values"));
}

TEST(Catalog, HasKongsPriorities) {
  const std::pair<std::string_view, int> rows[] = {
      {"bot-detection", 2500},        {"correlation-id", 100001}, {"cors", 2000},
      {"ip-restriction", 990},        {"key-auth", 1250},         {"redirect", 779},
      {"request-size-limiting", 951}, {"request-termination", 2}, {"request-transformer", 801},
      {"response-transformer", 800},  {"route-by-header", 850},
  };
  EXPECT_EQ(plugins::catalog().size(), std::size(rows));
  for (const auto& [name, priority] : rows) {
    const auto found = std::ranges::find(plugins::catalog(), name, &PluginType::name);
    ASSERT_NE(found, plugins::catalog().end()) << name;
    EXPECT_EQ((*found)->priority, priority) << name;
  }
}

}  // namespace
}  // namespace sluice::testing
