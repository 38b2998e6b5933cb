// cors as browsers see it.

#include <string>

#include <gtest/gtest.h>

#include "support/plugin_harness.h"

namespace sluice::testing {
namespace {

constexpr std::string_view all_methods =
    "Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT\n";

Answer preflight(PluginHarness& gateway, std::string_view origin, std::string_view fields = "") {
  return gateway.get("/",
                     "Origin: " + std::string(origin) +
                         "\r\nAccess-Control-Request-Method: PUT\r\n" + std::string(fields),
                     "OPTIONS");
}

TEST(Cors, AnswersPreflights) {
  struct Row {
    std::string_view config;
    std::string_view fields;
    std::string answer;
  };

  const std::string methods(all_methods);
  const Row rows[] = {
      {"{}", "", "Access-Control-Allow-Origin: *\n" + methods},
      {"{}", "Access-Control-Request-Headers: x-a, x-b\r\n",
       "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Headers: x-a, x-b\n" + methods},
      {"{headers: [X-C, X-D], max_age: 60, methods: [GET, POST]}",
       "Access-Control-Request-Headers: x-a\r\n",
       "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Headers: X-C,X-D\n"
       "Access-Control-Allow-Methods: GET,POST\nAccess-Control-Max-Age: 60\n"},
      {"{credentials: true}", "",
       "Access-Control-Allow-Origin: https://a.example\nVary: Origin\n"
       "Access-Control-Allow-Credentials: true\n" +
           methods},
      {"{origins: [\"https://b.example\"], credentials: true}", "",
       "Vary: Origin\nAccess-Control-Allow-Origin: https://b.example\n"
       "Access-Control-Allow-Credentials: true\n" +
           methods},
      {"{origins: [\"https://b.example\", \"https://a.example\"]}", "",
       "Vary: Origin\nAccess-Control-Allow-Origin: https://a.example\n" + methods},
      {"{origins: [\"https://b.example\", \"https://c.example\"]}", "", "Vary: Origin\n" + methods},
      {"{private_network: true}", "Access-Control-Request-Private-Network: true\r\n",
       "Access-Control-Allow-Origin: *\n" + methods +
           "Access-Control-Allow-Private-Network: true\n"},
      {"{}", "Access-Control-Request-Private-Network: true\r\n",
       "Access-Control-Allow-Origin: *\n" + methods},
      {"{exposed_headers: [X-E]}", "", "Access-Control-Allow-Origin: *\n" + methods},
  };
  for (const Row& row : rows) {
    PluginHarness gateway("cors", row.config);
    const Answer answer = preflight(gateway, "https://a.example", row.fields);
    EXPECT_EQ(answer.status, 200) << row.config;
    EXPECT_EQ(answer.fields(), row.answer) << row.config;
    EXPECT_EQ(answer.body, "");
  }
}

TEST(Cors, LetsTheUpstreamAnswerPreflights) {
  PluginHarness gateway("cors", "{preflight_continue: true}");

  const Answer answer = preflight(gateway, "https://a.example");

  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("\"method\":\"OPTIONS\""), std::string::npos);
  EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "");
}

TEST(Cors, TakesOnlyPreflightsForPreflights) {
  PluginHarness gateway("cors", "{}");
  const std::string_view rows[] = {"Origin: https://a.example\r\n",
                                   "Access-Control-Request-Method: PUT\r\n", ""};
  for (const std::string_view fields : rows) {
    const Answer answer = gateway.get("/", fields, "OPTIONS");
    EXPECT_NE(answer.body.find("\"method\":\"OPTIONS\""), std::string::npos) << fields;
    EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "*");
  }
}

TEST(Cors, KnowsWhoMay) {
  struct Row {
    std::string_view origins;
    std::string_view origin;
    std::string_view allowed;
  };

  const Row rows[] = {
      {"[\"*\"]", "https://a.example", "*"},
      {"[\"https://b.example\"]", "https://a.example", "https://b.example"},
      {"[\"https://a.example\", x.example]", "https://a.example:443", "https://a.example"},
      {"[\"https://a.example\", x.example]", "https://A.Example", ""},
      {"[\"https://a.example\", x.example]", "http://a.example", ""},
      {"[\"https://a.example\", x.example]", "https://a.example:8443", ""},
      {"[\"https://a.example\", x.example]", "https://a.example:80", ""},
      {"[\"https://a.example\", x.example]", "http://x.example", ""},
      {"[\"https://a.example\", x.example]", "http://x.example:81", ""},
      {"[\"https://a.example\", x.example]", "https://y.x.example", ""},
      {"[\"https://a.example\", x.example]", "null", ""},
      {"[\"https://a.example\", \"null\"]", "null", "null"},
      {"[\"https://a.example:443/path\", x]", "https://a.example", "https://a.example"},
      {"['^(www\\.)?a\\.example$']", "https://www.a.example", "https://www.a.example"},
      {"['^(www\\.)?a\\.example$']", "http://a.example:8080", "http://a.example:8080"},
      {"['^(www\\.)?a\\.example$']", "http://a.example:80", "http://a.example"},
      {"['^(www\\.)?a\\.example$']", "https://b.a.example", ""},
      {"['^(www\\.)?a\\.example$']", "https://a.example.evil", ""},
      {"['^(www\\.)?a\\.example$']", "https://a.example@evil", ""},
      {"['^(www\\.)?a\\.example$']", "https://evil/a.example", ""},
      {"['^(www\\.)?a\\.example$']", "https://evil?://a.example", ""},
      {"['^(www\\.)?a\\.example$']", "https://evil:@a.example@evil", ""},
      {"['.*\\.a\\.example$']", "https://b.a.example", "https://b.a.example"},
      {"['.*\\.a\\.example$']", "https://b.a.example.evil", ""},
      {"['^https?://a\\.example$']", "http://a.example:80", "http://a.example"},
      {"['^https?://a\\.example$']", "http://a.example:81", ""},
      {"['^https?://a\\.example:\\d+$']", "http://a.example:81", "http://a.example:81"},
      {"['\\[?a*::1\\]?']", "http://[::1]:80", ""},
      {"['(.)*']", "http://[::1]:81", "http://[::1]:81"},
      {"['(.)*']", "http://[::1]", "http://[::1]"},
      {"['^https://.\\.example']", "https://a.example", "https://a.example"},
      {"['^https://.\\.example']", "https://a.example.evil", ""},
      {"['https://a\\.example|https://b\\.example']", "https://b.example", "https://b.example"},
      {"['https://a\\.example|https://b\\.example']", "https://a.example.evil", ""},
  };
  for (const Row& row : rows) {
    PluginHarness gateway("cors", "{origins: " + std::string(row.origins) + "}");
    const Answer answer = gateway.get("/", "Origin: " + std::string(row.origin) + "\r\n");
    EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), row.allowed)
        << row.origins << " " << row.origin;
    EXPECT_EQ(answer.field("Vary"), row.allowed == "*" ? "" : "Origin") << row.origins;
  }
}

TEST(Cors, TakesAStarBesideOthersForEveryOrigin) {
  PluginHarness gateway("cors", "{origins: [\"https://a.example\", \"*\"]}");
  const Answer answer = gateway.get("/", "Origin: https://b.example\r\n");
  EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(answer.field("Vary"), "Origin");
  EXPECT_EQ(gateway.get("/").field("Access-Control-Allow-Origin"), "");

  PluginHarness trusting("cors", "{origins: [\"*\", \"https://a.example\"], credentials: true}");
  EXPECT_EQ(preflight(trusting, "https://b.example").fields(),
            "Vary: Origin\nAccess-Control-Allow-Origin: https://b.example\n"
            "Access-Control-Allow-Credentials: true\n" +
                std::string(all_methods));
}

TEST(Cors, SpeaksForTheUpstream) {
  PluginHarness gateway(
      "cors", "{origins: [\"https://a.example\", \"https://b.example\"], exposed_headers: [X-E]}");
  gateway.upstream_answers(200, "", "", {{"Access-Control-Allow-Origin", "*"}, {"Vary", "Accept"}});

  EXPECT_EQ(gateway.get("/", "Origin: https://a.example\r\n").fields(),
            "Access-Control-Allow-Origin: https://a.example\nVary: Accept\nVary: Origin\n"
            "Access-Control-Expose-Headers: X-E\n");
  EXPECT_EQ(gateway.get("/", "Origin: https://c.example\r\n").fields(),
            "Vary: Accept\nVary: Origin\nAccess-Control-Expose-Headers: X-E\n");
}

TEST(Cors, MarksErrorsOfTheGatewayToo) {
  PluginHarness gateway(
      "_format_version: \"3.0\"\n"
      "services: [{name: s, url: \"http://10.0.0.1:80\", routes: [{name: r, paths: [/]}]}]\n"
      "plugins: [{name: cors}, {name: key-auth}]\n");

  const Answer answer = gateway.get("/", "Origin: https://a.example\r\n");

  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(preflight(gateway, "https://a.example").status, 200);
}

TEST(Cors, MarksAnswersWithoutRouteButAllowsNothing) {
  PluginHarness gateway("cors", "{}");
  const Answer answer = preflight(gateway, "https://a.example", "Host: elsewhere\r\n");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.field("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(answer.field("Access-Control-Allow-Methods"), "");
}

TEST(Cors, LeavesRequestsWithoutOriginAloneWhereItIsTold) {
  PluginHarness gateway("cors", "{allow_origin_absent: false}");
  EXPECT_EQ(gateway.get("/").field("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(gateway.get("/", "Origin: https://a\r\n").field("Access-Control-Allow-Origin"), "*");
}

TEST(Cors, NamesTheSettingThatIsWrong) {
  EXPECT_NE(config_error("cors", "{origins: [\"(\"]}").find("origins[0]"), std::string::npos);
  EXPECT_EQ(config_error("cors", "{origins: [\"*\", a]}"), "");
  EXPECT_NE(config_error("cors", "{methods: [FETCH]}").find("methods[0]"), std::string::npos);
}

}  // namespace
}  // namespace sluice::testing
