// decK's defaults and tags, and files of older versions.

#include <string>

#include <gtest/gtest.h>

#include "config/load.h"

namespace sluice::config {
namespace {

LoadedFile loaded(const std::string& text, bool allow_unsupported = false) {
  LoadResult result = load_text(text, "test.yaml", {allow_unsupported});
  EXPECT_TRUE(result.file.has_value()) << result.diagnostics.render();
  return result.file ? *std::move(result.file) : LoadedFile();
}

TEST(DeckInfo, GivesEntitiesTheirDefaults) {
  const LoadedFile file = loaded(R"(
_format_version: "3.0"
_info:
  select_tags: [team-a]
  defaults:
    service: {retries: 1, port: 99, tags: [x]}
    route: {strip_path: false}
    upstream: {slots: 100}
    target: {weight: 7}
services:
- {name: a, host: h, retries: 2, routes: [{paths: [/]}, {paths: [/b], strip_path: true}]}
- {name: b, url: "http://h:81", tags: [own]}
routes: [{paths: [/c], service: a}]
upstreams: [{name: u, targets: [{target: t}]}]
targets: [{target: v, upstream: u, weight: 1}]
)");

  EXPECT_EQ(file.services[0].retries, 2U);
  EXPECT_EQ(file.services[0].port, 99);
  EXPECT_EQ(file.services[1].retries, 1U);
  EXPECT_EQ(file.services[1].port, 81);
  EXPECT_EQ(file.services[0].tags, (std::vector<std::string>{"x", "team-a"}));
  EXPECT_EQ(file.services[1].tags, (std::vector<std::string>{"own", "team-a"}));
  EXPECT_FALSE(file.routes[0].strip_path);
  EXPECT_TRUE(file.routes[1].strip_path);
  EXPECT_FALSE(file.routes[2].strip_path);
  EXPECT_EQ(file.upstreams[0].slots, 100U);
  EXPECT_EQ(file.targets[0].weight, 7U);
  EXPECT_EQ(file.targets[1].weight, 1U);
}

TEST(DeckInfo, IsWrongOnceWhateverTakesItOver) {
  const LoadResult result = load_text(
      "_format_version: \"3.0\"\n"
      "_info: {defaults: {service: {retries: many}}}\n"
      "services: [{host: a}, {host: b}]\n",
      "test.yaml");

  EXPECT_EQ(result.diagnostics.render(),
            "test.yaml:2:39: services[0].retries: must be a whole number between 0 and 32767, got "
            "\"many\"\n"
            "  _info: {defaults: {service: {retries: many}}}\n"
            "                                        ^\n");
}

TEST(FormatVersion, MarksRegularExpressionsBelowThree) {
  const std::string routes =
      "services: [{host: h, routes: [{paths: [/a, '/b\\d+', '~/c']}]}]\n"
      "routes: [{paths: ['/(d)', /e.f-g_h~/%2F]}]\n";
  const auto paths = [&](const std::string& version) {
    std::string all;
    for (const Route& route :
         loaded("_format_version: \"" + version + "\"\n" + routes, true).routes)
      for (const std::string& path : route.paths)
        all += path + " ";
    return all;
  };

  for (const std::string version : {"1.1", "2.1"})
    EXPECT_EQ(paths(version), "/a ~/b\\d+ ~/c ~/(d) /e.f-g_h~/%2F ") << version;
}

}  // namespace
}  // namespace sluice::config
