// route-by-header as its users see it.

#include <string>

#include <gtest/gtest.h>

#include "support/plugin_harness.h"

namespace sluice::testing {
namespace {

std::string with_rules(std::string_view rules) {
  return "_format_version: \"3.0\"\n"
         "upstreams:\n"
         "- {name: east, host_header: east.example, targets: [{target: \"10.0.0.1:80\"}]}\n"
         "- {name: west, host_header: west.example, targets: [{target: \"10.0.0.1:80\"}]}\n"
         "services: [{name: s, url: \"http://10.0.0.1:80\", routes: [{name: r, paths: [/]}]}]\n"
         "plugins: [{name: route-by-header, config: {rules: " +
         std::string(rules) + "}}]\n";
}

TEST(RouteByHeader, ChoosesTheUpstreamOfTheFirstRuleThatHolds) {
  PluginHarness gateway(
      with_rules("[{condition: {X-Region: east, X-Beta: \"1\"}, upstream_name: east}, "
                 "{condition: {X-Region: east}, upstream_name: west}]"));
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"X-Region: east\r\nX-Beta: 1\r\n", "east.example"},
      {"x-region: east\r\n", "west.example"},
      {"X-Region: EAST\r\n", "10.0.0.1"},
      {"X-Beta: 1\r\n", "10.0.0.1"},
      {"", "10.0.0.1"},
  };
  for (const auto& [fields, host] : rows) {
    const Answer answer = gateway.get("/", fields);
    EXPECT_NE(answer.body.find("\"host\":\"" + std::string(host) + "\""), std::string::npos)
        << fields << answer.body;
  }
}

TEST(RouteByHeader, NamesTheSettingThatIsWrong) {
  std::string problems;
  compile_text(with_rules("[{condition: {a: b}, upstream_name: north}]"), problems);
  EXPECT_NE(problems.find("there is no upstream \"north\""), std::string::npos) << problems;
  compile_text(with_rules("[{condition: {}, upstream_name: east}]"), problems);
  EXPECT_NE(problems.find("at least one header field"), std::string::npos) << problems;
}

}  // namespace
}  // namespace sluice::testing
