// No credential is told: every declared setting that holds one, right and wrong, through all that
// `check`, the status API and `explain` print.

#include <set>

#include <gtest/gtest.h>

#include "config/file.h"
#include "explain/report.h"
#include "explain/routes.h"
#include "gateway/plugin_check.h"
#include "support/explained.h"

namespace sluice::explain {
namespace {

using testing::Subject;

// No part of four letters of it stands in any other text.
constexpr std::string_view secret = "QzWx7Kv9JpYq3Lm8";

/// Whether a text tells of the secret: four letters of it in a row.
bool tells(std::string_view text) {
  for (std::size_t i = 0; i + 4 <= secret.size(); ++i)
    if (text.contains(secret.substr(i, 4))) return true;
  return false;
}

/// Writes documents in which one setting that is declared as confidential has a value.
class SecretDocuments {
 public:
  template <class Visit>
  void visit_file(Visit&& visit) {
    walk(config::type_of<config::File>(), "", "", visit);
  }

  template <class Visit>
  void visit_plugin(const config::PluginSettings& plugin, Visit&& visit) {
    walk(*plugin.settings, "plugins: [{name: " + std::string(plugin.name) + ", config: ", "}]",
         visit);
  }

 private:
  /// `open` and `close` stand around a value of the type.
  template <class Visit>
  void walk(const config::Type& type, const std::string& open,  // NOLINT(misc-no-recursion)
            const std::string& close, Visit& visit) {
    using config::TypeKind;
    if (type.kind == TypeKind::optional) return walk(*type.element(), open, close, visit);
    if (type.kind == TypeKind::list) return walk(*type.element(), open + "[", "]" + close, visit);
    if (type.kind == TypeKind::map) return walk(*type.element(), open + "{x: ", "}" + close, visit);
    if (type.kind != TypeKind::object || !open_types_.insert(&type).second) return;
    const bool is_top = open.empty();
    for (const config::Field& field : type.fields()) {
      const std::string begin = open + (is_top ? "" : "{") + std::string(field.name) + ": ";
      const std::string end = (is_top ? "" : "}") + close;
      if (field.constraint.secret)
        visit(std::string(field.name), begin, end);
      else if (field.type != nullptr)
        walk(*field.type, begin, end, visit);
    }
    open_types_.erase(&type);
  }

  std::set<const config::Type*> open_types_;
};

/// All that is printed of a file, loaded with and without --allow-unsupported.
std::string all_that_is_said(const std::string& document) {
  std::string said;
  for (const bool allow : {false, true}) {
    config::LoadResult loaded =
        config::load_text("_format_version: \"3.0\"\n" + document + "\n", "kong.yaml", {allow});
    if (loaded.file) {
      const auto snapshot = Snapshot::compile(*loaded.file, plugins::catalog(), loaded.diagnostics);
    } else {
      check_flawed(loaded, plugins::catalog());
    }
    said += loaded.diagnostics.render() + loaded.diagnostics.render_json();
    for (const std::string& warning : loaded.diagnostics.warnings())
      said += warning;
  }
  return said;
}

TEST(Secrets, OfNoDeclaredSettingAreTold) {
  std::size_t settings = 0;
  const std::string value(secret);
  const auto expect_silence = [&](const std::string& name, const std::string& begin,
                                  const std::string& end) {
    ++settings;
    const std::string values[] = {value,
                                  "\"" + value + "\"",
                                  "'" + value + "'",
                                  "[" + value + "]",
                                  "{a: " + value + "}",
                                  "[[" + value + ", " + value + "]]",
                                  value + ", unknown_setting: 1",
                                  "1, " + name + ": " + value,
                                  "\"\\x00" + value + "\"",
                                  "\"" + value};
    for (const std::string& written : values) {
      const std::string document = begin + written + end;
      EXPECT_FALSE(tells(all_that_is_said(document))) << document << "\n"
                                                      << all_that_is_said(document);
    }
  };
  SecretDocuments documents;
  documents.visit_file(expect_silence);
  for (const config::PluginSettings& plugin : plugin_settings(plugins::catalog()))
    documents.visit_plugin(plugin, expect_silence);
  EXPECT_GT(settings, 100U);
}

TEST(Secrets, OfRequestsAndSettingsAreNotExplained) {
  const std::string value(secret);
  const Subject subject(R"(_format_version: "3.0"
gateway: {explain_key: ")" +
                        value + R"("}
services:
- name: s
  url: http://10.0.0.1
  routes:
  - {name: r, paths: [/r]}
  - {name: by-header, paths: [/r], headers: {Authorization: [")" +
                        value + R"("]}}
plugins:
- name: key-auth
  config: {key_names: [x-key], anonymous: alice}
- name: request-transformer
  config:
    add:
      headers: ["Authorization:)" +
                        value + R"(", "Cookie: )" + value + R"(", "X-Key:)" + value + R"("]
- name: response-transformer
  config: {add: {headers: ["Set-Cookie:)" +
                        value + R"("]}}
consumers:
- {username: alice, keyauth_credentials: [{key: )" +
                        value + R"(}]}
)");
  const Fields requests[] = {
      {{"Authorization", "Basic " + value}},
      {{"Proxy-Authorization", value}},
      {{"Cookie", "a=" + value + "; b=" + value}},
      {{"x-key", value}},
      {{"X-Key", value + "1"}},
      {{"X-Sluice-Explain", value}},
      {{"Connection", "Authorization"}, {"Authorization", value}},
  };
  for (const std::string target : {"/r", "/none", "/r?x-key=", "/none?a=b&x%2dkey="})
    for (const Fields& fields : requests) {
      const std::string url =
          "http://a.test" + target + (target.ends_with('=') ? value + "&c=d" : std::string());
      const Explanation explanation = subject.ask("GET", url, fields);
      EXPECT_FALSE(tells(to_text(explanation, "kong.yaml"))) << to_text(explanation, "kong.yaml");
      EXPECT_FALSE(tells(to_json(explanation, "kong.yaml")));
    }
}

TEST(Secrets, OfRoutesAreNotTold) {
  const std::string value(secret);
  const std::string routes = R"(gateway: {router_flavor: expressions}
services:
- name: s
  url: http://10.0.0.1
  routes:
  - {name: a, headers: {Authorization: [")" +
                             value + R"("], X-Api-Key: [")" + value + R"("], x-v: ["1"]}}
  - {name: b, priority: 1, expression: 'http.path ^= "/b" && (any(http.headers.cookie) == ")" +
                             value + R"(" || http.queries.token contains ")" + value + R"(")'}
)";
  const Subject subject("_format_version: \"3.0\"\n" + routes);
  const std::vector<ListedRoute> listed = list_routes(subject.file, *subject.snapshot);
  EXPECT_FALSE(tells(routes_text(listed, "kong.yaml"))) << routes_text(listed, "kong.yaml");
  EXPECT_FALSE(tells(routes_json(listed, "kong.yaml")));
  EXPECT_EQ(listed[0].expression,
            "http.path ^= \"/b\" && (any(http.headers.cookie) == REDACTED || http.queries.token "
            "contains REDACTED)");
  const Explanation explanation =
      subject.ask("GET", "/b?token=" + value, {{"Cookie", value}, {"X-Api-Key", value}});
  EXPECT_FALSE(tells(to_text(explanation, "kong.yaml"))) << to_text(explanation, "kong.yaml");
  for (const std::string wrong : {"name: a, foo: 1", "name: b, foo: 1"}) {
    std::string text = routes;
    text.replace(text.find(wrong.substr(0, 7)), 7, wrong);
    EXPECT_FALSE(tells(all_that_is_said(text))) << all_that_is_said(text);
  }
}

TEST(Secrets, FromTheEnvironmentAreNotExplained) {
  ASSERT_EQ(setenv("DECK_EXPLAINED", std::string(secret).c_str(), 1), 0);
  const Subject subject(R"(_format_version: "3.0"
services: [{name: s, url: "http://10.0.0.1", routes: [{name: r, paths: [/r]}]}]
plugins:
- {name: request-termination, config: {message: '${{ env "DECK_EXPLAINED" }}', trigger: x}}
)");
  const Explanation explanation = subject.ask("GET", "/r");
  ASSERT_EQ(explanation.plugins.size(), 1U);
  EXPECT_FALSE(tells(to_text(explanation, "kong.yaml"))) << to_text(explanation, "kong.yaml");
}

}  // namespace
}  // namespace sluice::explain
