// redirect as its users see it.

#include <string>

#include <gtest/gtest.h>

#include "support/plugin_harness.h"

namespace sluice::testing {
namespace {

TEST(Redirect, SendsClientsElsewhere) {
  struct Row {
    std::string_view config;
    std::string_view target;
    int status;
    std::string_view location;
  };

  const Row rows[] = {
      {"{location: \"https://new.example/x?a=1\"}", "/old?b=2", 301, "https://new.example/x?a=1"},
      {"{location: \"https://new.example/x\", status_code: 308}", "/", 308,
       "https://new.example/x"},
      {"{location: \"https://new.example/x?a=1\", keep_incoming_path: true}", "/old/y?b=2", 301,
       "https://new.example/old/y?b=2"},
      {"{location: \"http://new.example:81\", keep_incoming_path: true}", "/old%20x", 301,
       "http://new.example:81/old%20x"},
      {"{location: \"https://new.example\", keep_incoming_path: true}", "//evil.example/", 301,
       "https://new.example/evil.example/"},
      {"{location: \"https://new.example\", keep_incoming_path: true}",
       "/red/x/../y//%7ez/%2e?a/../b", 301, "https://new.example/red/y/~z/?a/../b"},
      {"{location: \"https://new.example\", keep_incoming_path: true}", "/a%2fb/%0d%0aX:%20%c3%a9",
       301, "https://new.example/a%2Fb/%0D%0AX:%20%C3%A9"},
      {"{location: \"https://new.example/a#top\", keep_incoming_path: true}", "/b?c", 301,
       "https://new.example/b?c#top"},
  };
  for (const Row& row : rows) {
    PluginHarness gateway("redirect", row.config);
    const Answer answer = gateway.get(row.target);
    EXPECT_EQ(answer.status, row.status) << row.config;
    EXPECT_EQ(answer.fields(), "Location: " + std::string(row.location) + "\n");
    EXPECT_EQ(answer.body, "redirecting");
  }
}

TEST(Redirect, NamesTheSettingThatIsWrong) {
  EXPECT_NE(config_error("redirect", "{}").find("location"), std::string::npos);
  EXPECT_NE(config_error("redirect", "{location: /path}").find("https://"), std::string::npos);
  EXPECT_NE(config_error("redirect", "{location: \"https://a\", status_code: 103}")
                .find("between 200 and 599"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::testing
