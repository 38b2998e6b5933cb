// Snapshots that are made of the one before: what changes, what stays, and what is shared.

#include "gateway/snapshot.h"

#include <gtest/gtest.h>

#include "config/load.h"
#include "gateway/plugin_type.h"

namespace sluice {
namespace {

/// A plugin that can be told from others by its setting.
class Marker final : public Plugin {
 public:
  struct Config {
    std::string name;

    static constexpr std::string_view type_name = "marker";

    static constexpr auto fields() {
      return std::tuple{config::required("name", &Config::name, "What it is told by.")};
    }
  };

  Marker(Config config, const PluginDeps&) : names_{std::move(config.name)} {}

  std::span<const std::string> secret_names() const override { return names_; }

 private:
  std::vector<std::string> names_;
};

constexpr PluginType marker =
    plugins::plugin_type<Marker>("marker", 1, {.without_route = true}, "For tests.");
constexpr std::array<const PluginType*, 1> catalog = {&marker};

constexpr std::string_view services = R"(
_format_version: "3.0"
plugins: [{name: marker, config: {name: global}}]
services:
- name: on
  host: h
  plugins: [{name: marker, config: {name: of-service}}]
- {name: off, host: h, enabled: false}
- {name: other, host: h}
routes:
)";

config::LoadedFile load(const std::string& routes) {
  config::LoadResult loaded = config::load_text(std::string(services) + routes, "test.yaml");
  EXPECT_TRUE(loaded.file) << loaded.diagnostics.render();
  return *std::move(loaded.file);
}

std::shared_ptr<const Snapshot> compile(const config::LoadedFile& file) {
  config::Diagnostics diagnostics;
  auto snapshot = Snapshot::compile(file, catalog, diagnostics);
  EXPECT_NE(snapshot, nullptr) << diagnostics.render();
  return snapshot;
}

/// The routes of that name from a file with the same services, and their plugins.
RouteChanges changes_from(const config::LoadedFile& file, const std::vector<std::string>& names) {
  RouteChanges changes;
  for (std::uint32_t i = 0; i < file.routes.size(); ++i) {
    if (std::ranges::find(names, file.routes[i].name.value_or("")) == names.end()) continue;
    changes.put.push_back(file.routes[i]);
    for (const config::Plugin& plugin : file.plugins)
      if (plugin.route_index == i)
        changes.plugins.emplace_back(plugin).route_index =
            static_cast<std::uint32_t>(changes.put.size() - 1);
  }
  return changes;
}

const Route* find(const Snapshot& snapshot, std::string_view path) {
  const http::Headers none;
  return snapshot.router().match({.method = "GET", .path = path, .headers = none}).route;
}

/// "route: plugin plugin", with what tells each plugin.
std::string text_of(const Snapshot& snapshot, std::string_view path) {
  const Route* route = find(snapshot, path);
  if (route == nullptr) return "-";
  std::string text = route->name + ":";
  for (const Step& step : route->pipeline.steps)
    text += " " + step.plugin->secret_names()[0];
  return text;
}

TEST(Snapshot, OneRouteChangesAndTheOthersAreTheSameObjects) {
  const auto before = compile(load(R"(
- {name: a, paths: [/a], service: on}
- {name: b, paths: [/b], service: on}
- {name: c, paths: ['~/c/\d+'], service: other}
)"));
  const config::LoadedFile next = load(R"(
- {name: a, paths: [/a2], service: other, plugins: [{name: marker, config: {name: own}}]}
)");
  config::Diagnostics diagnostics;

  const auto after = Snapshot::compile(*before, changes_from(next, {"a"}), catalog, diagnostics);

  ASSERT_NE(after, nullptr) << diagnostics.render();
  EXPECT_EQ(text_of(*before, "/a"), "a: of-service");
  EXPECT_EQ(text_of(*before, "/a2"), "a: of-service");  // a prefix of it
  EXPECT_EQ(text_of(*after, "/a2"), "a: own");
  EXPECT_EQ(text_of(*after, "/a"), "-");
  EXPECT_EQ(find(*after, "/b"), find(*before, "/b"));
  EXPECT_EQ(find(*after, "/c/1"), find(*before, "/c/1"));
  EXPECT_EQ(after->route_count(), 3U);
  EXPECT_EQ(after->service_count(), 3U);
  // Whoever misses a route may have sent the key of any of them.
  EXPECT_EQ(after->without_route().secret_names,
            (std::vector<std::string>{"of-service", "global", "own"}));
}

TEST(Snapshot, RoutesComeAndGo) {
  const auto before = compile(load("- {name: a, paths: [/a], service: on}\n"));
  const config::LoadedFile next = load(R"(
- {name: b, paths: [/b], service: on}
- {name: c, paths: [/c], service: off}
- {name: d, paths: [/d]}
)");
  RouteChanges changes = changes_from(next, {"b", "c", "d"});
  changes.removed.push_back(*config::parse_uuid(find(*before, "/a")->id));
  config::Diagnostics diagnostics;

  const auto after = Snapshot::compile(*before, changes, catalog, diagnostics);

  ASSERT_NE(after, nullptr) << diagnostics.render();
  EXPECT_EQ(text_of(*after, "/a"), "-");
  EXPECT_EQ(text_of(*after, "/b"), "b: of-service");
  EXPECT_EQ(text_of(*after, "/c"), "-");
  EXPECT_EQ(text_of(*after, "/d"), "d: global");
  EXPECT_EQ(after->route_count(), 2U);
}

TEST(Snapshot, ARouteOfAServiceThatIsSwitchedOffIsGone) {
  const auto before = compile(load("- {name: a, paths: [/a], service: on}\n"));
  const config::LoadedFile next = load("- {name: a, paths: [/a], service: off}\n");
  config::Diagnostics diagnostics;

  const auto after = Snapshot::compile(*before, changes_from(next, {"a"}), catalog, diagnostics);

  ASSERT_NE(after, nullptr);
  EXPECT_EQ(text_of(*after, "/a"), "-");
  EXPECT_EQ(after->route_count(), 0U);
}

TEST(Snapshot, AWrongChangeIsRefusedWhole) {
  const auto before = compile(load("- {name: a, paths: [/a], service: on}\n"));
  config::LoadedFile next = load("- {name: a, paths: [/a], service: on}\n");
  next.routes[0].paths = {"~/("};
  next.routes[0].path_places.resize(1);
  config::Diagnostics diagnostics;

  EXPECT_EQ(Snapshot::compile(*before, changes_from(next, {"a"}), catalog, diagnostics), nullptr);
  EXPECT_TRUE(diagnostics.has_errors());
  EXPECT_EQ(text_of(*before, "/a"), "a: of-service");
}

TEST(Snapshot, AChangeOutlivesTheSnapshotBefore) {
  auto snapshot = compile(load("- {name: a, paths: [/a], service: on}\n"));
  for (int i = 0; i < 3; ++i) {
    const config::LoadedFile next =
        load("- {name: b" + std::to_string(i) + ", paths: [/b" + std::to_string(i) +
             "], service: on, plugins: [{name: marker, config: {name: own}}]}\n");
    config::Diagnostics diagnostics;
    snapshot = Snapshot::compile(*snapshot, changes_from(next, {"b" + std::to_string(i)}), catalog,
                                 diagnostics);
    ASSERT_NE(snapshot, nullptr);
  }

  EXPECT_EQ(text_of(*snapshot, "/a"), "a: of-service");
  EXPECT_EQ(text_of(*snapshot, "/b0"), "b0: own");
  EXPECT_EQ(text_of(*snapshot, "/b2"), "b2: own");
  snapshot->begin(WallTime(std::chrono::seconds(5)));
  EXPECT_EQ(snapshot->live_since(), WallTime(std::chrono::seconds(5)));
}

TEST(Snapshot, AReadFileTakesCompiledRegularExpressionsOver) {
  const config::LoadedFile file = load("- {name: a, paths: ['~/a/\\d+'], service: on}\n");
  const auto before = compile(file);
  config::Diagnostics diagnostics;

  const auto after = Snapshot::compile(file, catalog, diagnostics, before.get());

  EXPECT_EQ(before->router().compiled(0).regexes[0], after->router().compiled(0).regexes[0]);
}

}  // namespace
}  // namespace sluice
