// bot-detection as its users see it.

#include <string>

#include <gtest/gtest.h>

#include "support/plugin_harness.h"

namespace sluice::testing {
namespace {

Answer ask_as(std::string_view config, std::string_view agent) {
  PluginHarness gateway("bot-detection", config);
  return gateway.get("/", "User-Agent: " + std::string(agent) + "\r\n");
}

TEST(BotDetection, KnowsRobotsFromPeople) {
  const std::string_view robots[] = {
      "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
      "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
      "facebookexternalhit/1.1",
      "Twitterbot/1.0",
      "Mozilla/5.0 (compatible; YandexBot/3.0)",
      "Scrapy/2.11 (+https://scrapy.org)",
      "Python-urllib/3.11",
      "ia_archiver",
      "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
  };
  for (const std::string_view agent : robots)
    EXPECT_EQ(ask_as("{}", agent).status, 403) << agent;
  const std::string_view people[] = {
      "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17 Safari/605",
      "curl/8.5.0",
      "",
  };
  for (const std::string_view agent : people)
    EXPECT_EQ(ask_as("{}", agent).status, 200) << agent;
}

TEST(BotDetection, BelievesTheConfigurationFirst) {
  EXPECT_EQ(ask_as("{allow: [\"^Googlebot\"]}", "Googlebot/2.1").status, 200);
  EXPECT_EQ(ask_as("{deny: [\"curl/\\\\d\"]}", "curl/8.5.0").status, 403);
  EXPECT_EQ(ask_as("{deny: [curl], allow: [curl/8]}", "curl/8.5.0").status, 200);
  EXPECT_EQ(ask_as("{deny: [curl], allow: [curl/8]}", "curl/7.5.0").status, 403);
}

TEST(BotDetection, RefusesInKongsWords) {
  const Answer answer = ask_as("{}", "Googlebot/2.1");
  EXPECT_EQ(answer.fields(), error_fields);
  EXPECT_EQ(answer.body_without_id(), error_body("Forbidden"));
}

TEST(BotDetection, WantsOneUserAgentAtMost) {
  PluginHarness gateway("bot-detection", "{}");

  EXPECT_EQ(gateway.get("/").status, 200);
  const Answer answer = gateway.get("/", "User-Agent: a\r\nUser-Agent: b\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body_without_id(), error_body("Only one User-Agent header allowed"));
}

TEST(BotDetection, NamesTheSettingThatIsWrong) {
  EXPECT_NE(config_error("bot-detection", "{deny: [a, \"(\"]}").find("deny[1]"), std::string::npos);
}

}  // namespace
}  // namespace sluice::testing
