// Whole files: entities flat, references resolved, ids derived.

#include "config/load.h"

#include <string>

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

LoadedFile loaded(const std::string& text) {
  LoadResult result = load_text(text, "test.yaml");
  EXPECT_TRUE(result.file.has_value()) << result.diagnostics.render();
  return result.file ? *std::move(result.file) : LoadedFile();
}

constexpr const char* everything = R"(
_format_version: "3.0"
gateway: {workers: 3, limits: {header_count: 7}, timeouts: {header: 0.5}, status: null}
services:
- name: orders
  url: http://pool/base
  request_timeout: 250
  routes:
  - name: list
    paths: [/orders]
    plugins:
    - name: cors
      config: {origins: ["*"], max_age: 5}
      consumer: alice
  - hosts: [a.com]
  plugins: [{name: cors}]
- name: users
  host: "[::1]"
  port: 8080
routes:
- name: top
  methods: [GET]
  service: {name: users}
- name: nowhere
  paths: [/static]
upstreams:
- name: pool
  targets: [{target: "127.0.0.1:9000", weight: 3}]
targets:
- {target: localhost, upstream: pool}
consumers:
- username: alice
  plugins: [{name: acl, enabled: false}]
plugins:
- {name: cors, route: top, service: users}
- name: prometheus
)";

TEST(Load, FlattensEntitiesAndResolvesReferences) {
  const LoadedFile file = loaded(everything);

  ASSERT_EQ(file.services.size(), 2U);
  ASSERT_EQ(file.routes.size(), 4U);
  ASSERT_EQ(file.targets.size(), 2U);
  EXPECT_TRUE(file.services[0].routes.empty());
  EXPECT_EQ(file.routes[0].name, "list");
  EXPECT_EQ(file.routes[0].service_index, 0U);
  EXPECT_EQ(file.routes[1].service_index, 0U);
  EXPECT_EQ(file.routes[2].service_index, 1U);
  EXPECT_FALSE(file.routes[3].service_index.has_value());
  EXPECT_EQ(file.services[0].upstream_index, 0U);
  EXPECT_FALSE(file.services[1].upstream_index.has_value());
  EXPECT_EQ(file.targets[0].upstream_index, 0U);
  EXPECT_EQ(file.targets[1].upstream_index, 0U);
}

TEST(Load, GivesEveryPluginItsScope) {
  const LoadedFile file = loaded(everything);

  ASSERT_EQ(file.plugins.size(), 5U);
  const Plugin& on_route = file.plugins[0];
  EXPECT_EQ(on_route.path, "services[0].routes[0].plugins[0]");
  EXPECT_EQ(on_route.route_index, 0U);
  EXPECT_EQ(on_route.consumer_index, 0U);
  EXPECT_FALSE(on_route.service_index.has_value());
  EXPECT_EQ(file.plugins[1].service_index, 0U);
  EXPECT_EQ(file.plugins[2].consumer_index, 0U);
  EXPECT_FALSE(file.plugins[2].enabled);
  EXPECT_EQ(file.plugins[3].route_index, 2U);
  EXPECT_EQ(file.plugins[3].service_index, 1U);
  const Plugin& global = file.plugins[4];
  EXPECT_FALSE(global.service_index || global.route_index || global.consumer_index);
  EXPECT_EQ(global.config, nullptr);
}

TEST(Load, KeepsPluginSettingsAndNothingElseOfTheFile) {
  const LoadedFile file = loaded(everything);

  ASSERT_NE(file.plugins[0].config, nullptr);
  EXPECT_EQ(file.plugins[0].config->find("max_age")->integer(), 5);
  EXPECT_EQ(file.plugins[0].config->find("max_age")->place(), (Place{13, 41}));
  EXPECT_LE(file.document->footprint(), 4096U);
}

TEST(Load, TakesAUrlApart) {
  const LoadedFile file = loaded(everything);

  EXPECT_EQ(file.services[0].protocol, Protocol::http);
  EXPECT_EQ(file.services[0].host, "pool");
  EXPECT_EQ(file.services[0].port, 80);
  EXPECT_EQ(file.services[0].path, "/base");
  EXPECT_EQ(file.services[0].request_timeout, milliseconds(250));
  EXPECT_EQ(file.services[1].host, "::1");
  EXPECT_FALSE(file.services[1].path.has_value());
}

TEST(Load, GivesTargetsTheirNormalForm) {
  const LoadedFile file = loaded(
      "{_format_version: '3.0', upstreams: [{name: u, targets: [{target: '[::1]'}, {target: "
      "a}]}]}");

  EXPECT_EQ(file.targets[0].target, "[::1]:8000");
  EXPECT_EQ(file.targets[0].host, "::1");
  EXPECT_EQ(file.targets[0].port, 8000);
  EXPECT_EQ(file.targets[1].target, "a:8000");
  EXPECT_EQ(file.targets[1].weight, 100U);
}

TEST(Load, DerivesIdsAsKongDoes) {
  const LoadedFile file = loaded(R"({_format_version: "3.0",
      services: [{name: orders, host: h, plugins: [{name: cors}]}],
      upstreams: [{name: pool, targets: [{target: "127.0.0.1:9000"}]}],
      targets: [{target: "localhost:8000", upstream: pool}]})");

  EXPECT_EQ(file.services[0].id.text(), "580c8aca-d632-5804-b307-a24326e1e2d5");
  EXPECT_EQ(file.targets[0].id.text(), "724ced81-25a9-59ec-a9b1-8df7c0492cae");
  EXPECT_EQ(file.targets[1].id.text(), "fc678b9e-e536-522d-8435-6728faab5a1c");
  EXPECT_EQ(file.plugins[0].id.text(), "a0d445a5-fc6b-53e3-b47c-5b4affaa378e");
}

TEST(Load, GivesEntitiesWithoutNamesDifferentIdsThatStayTheSame) {
  const char* text =
      "{_format_version: '3.0', services: [{host: h, routes: [{paths: [/a]}, {paths: [/b]}]}, "
      "{host: h}]}";

  const LoadedFile first = loaded(text);
  const LoadedFile second = loaded(text);

  EXPECT_NE(first.services[0].id, first.services[1].id);
  EXPECT_NE(first.routes[0].id, first.routes[1].id);
  EXPECT_EQ(first.routes[1].id, second.routes[1].id);
}

TEST(Load, FindsEntitiesByIdToo) {
  const LoadedFile file = loaded(R"({_format_version: "3.0",
      services: [{id: 7dd8e3c5-6c4a-4a0f-9d6f-000000000001, host: h}],
      routes: [{paths: [/], service: {id: 7DD8E3C5-6c4a-4a0f-9d6f-000000000001}}]})");

  EXPECT_EQ(file.routes[0].service_index, 0U);
}

TEST(Load, ReadsTheSettingsOfTheNode) {
  const Gateway gateway = loaded(everything).gateway;

  EXPECT_EQ(gateway.workers, 3U);
  EXPECT_EQ(gateway.limits.header_count, 7U);
  EXPECT_EQ(gateway.limits.header_bytes, 65'536U);
  EXPECT_EQ(gateway.timeouts.header, milliseconds(500));
  EXPECT_FALSE(gateway.status.has_value());
  ASSERT_TRUE(gateway.access_log.has_value());
  EXPECT_EQ(gateway.access_log->path, "/dev/stdout");
  ASSERT_EQ(gateway.listeners.size(), 1U);
  EXPECT_EQ(gateway.listeners[0].address, "0.0.0.0:8000");
}

TEST(Load, GivesNoFileWhereThereIsAnError) {
  const LoadResult result = load_text("services: []", "test.yaml");

  EXPECT_FALSE(result.file.has_value());
  EXPECT_TRUE(result.diagnostics.has_errors());
}

TEST(Load, LoadsWhatIsNotSupportedYetOnlyWhenThatIsAllowed) {
  const char* text = "{_format_version: '3.0', services: [{name: a, host: h, protocol: tcp}]}";

  const LoadResult refused = load_text(text, "f");
  const LoadResult allowed = load_text(text, "f", {.allow_unsupported = true});

  EXPECT_FALSE(refused.file.has_value());
  ASSERT_TRUE(allowed.file.has_value());
  EXPECT_EQ(allowed.file->services[0].protocol, Protocol::tcp);
  EXPECT_EQ(allowed.diagnostics.all().size(), 1U);
}

TEST(LoadFile, SaysWhyAFileCannotBeRead) {
  const LoadResult missing = load_file("/nonexistent/kong.yml");
  const LoadResult folder = load_file("/");

  EXPECT_EQ(missing.diagnostics.render(),
            "/nonexistent/kong.yml: cannot be read: No such file or directory\n");
  EXPECT_EQ(folder.diagnostics.render(), "/: cannot be read: Is a directory\n");
}

TEST(LoadFile, ReadsAFileFromDisk) {
  const LoadResult result =
      load_file(std::string(SLUICE_SOURCE_DIR) + "/tests/golden/config/valid.yaml");

  EXPECT_TRUE(result.file.has_value()) << result.diagnostics.render();
}

}  // namespace
}  // namespace sluice::config
