// request-termination as its users see it.

#include <string>

#include <gtest/gtest.h>

#include "support/plugin_harness.h"

namespace sluice::testing {
namespace {

constexpr std::string_view json = "Content-Type: application/json; charset=utf-8\n";

TEST(RequestTermination, AnswersAsConfigured) {
  struct Row {
    std::string_view config;
    int status;
    std::string_view fields;
    std::string_view body;
  };

  const Row rows[] = {
      {"{}", 503, json, R"({"message":"Service unavailable"})"},
      {"{status_code: 404}", 404, json, R"({"message":"Not found"})"},
      {"{status_code: 401}", 401, json, R"({"message":"Unauthorized"})"},
      {"{status_code: 405}", 405, json, R"({"message":"Method not allowed"})"},
      {"{status_code: 500}", 500, json, R"({"message":"An unexpected error occurred"})"},
      {"{status_code: 502}", 502, json, R"({"message":"Bad Gateway"})"},
      {"{status_code: 418}", 418, json, "{}"},
      {"{status_code: 200, message: 'say \"hi\"'}", 200, json, R"({"message":"say \"hi\""})"},
      {"{status_code: 200, body: '<p>', content_type: text/html}", 200, "Content-Type: text/html\n",
       "<p>"},
      {"{body: '[1]'}", 503, json, "[1]"},
  };
  for (const Row& row : rows) {
    PluginHarness gateway("request-termination", row.config);
    const Answer answer = gateway.get("/");
    EXPECT_EQ(answer.status, row.status) << row.config;
    EXPECT_EQ(answer.fields(), row.fields) << row.config;
    EXPECT_EQ(answer.body, row.body) << row.config;
  }
}

TEST(RequestTermination, WaitsForItsTrigger) {
  PluginHarness gateway("request-termination", "{trigger: X-Stop, status_code: 418}");

  EXPECT_EQ(gateway.get("/").status, 200);
  EXPECT_EQ(gateway.get("/", "x-stop: \r\n").status, 418);
  EXPECT_EQ(gateway.get("/?a=1&X-Stop").status, 418);
  EXPECT_EQ(gateway.get("/?x-stop").status, 200);
}

TEST(RequestTermination, EchoesTheRequestWithoutItsKeys) {
  PluginHarness gateway(
      "_format_version: \"3.0\"\n"
      "consumers: [{username: ann, keyauth_credentials: [{key: very-secret}]}]\n"
      "services: [{name: s, url: \"http://10.0.0.1:80\", routes: [{name: r, paths: [/]}]}]\n"
      "plugins: [{name: key-auth}, {name: request-termination, config: {echo: true, "
      "status_code: 200}}]\n");

  const Answer answer =
      gateway.post("/path?a=1&flag", "text/plain", "the body", "apikey: very-secret\r\n");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.fields(), json);
  for (const std::string_view part :
       {R"("method":"POST")", R"("path":"/path")", R"("query":{"a":"1","flag":true})",
        R"("raw_body":"the body")", R"("apikey":"REDACTED")", R"("matched_route":{)",
        R"("matched_service":{)"})
    EXPECT_NE(answer.body.find(part), std::string::npos) << part << " in " << answer.body;
  EXPECT_EQ(answer.body.find("very-secret"), std::string::npos);
}

TEST(RequestTermination, IsSkippedWhereNoRouteMatches) {
  PluginHarness gateway("request-termination", "{}");

  EXPECT_EQ(gateway.get("/", "Host: elsewhere\r\n").status, 404);
}

TEST(RequestTermination, NamesTheSettingThatIsWrong) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"{message: a, body: b}", "`message` excludes"},
      {"{content_type: text/plain}", "needs a `body`"},
      {"{echo: true, body: b}", "`echo` excludes"},
      {"{status_code: 600}", "between 200 and 599"},
      {"{status_code: 101}", "between 200 and 599"},
  };
  for (const auto& [config, message] : rows)
    EXPECT_NE(config_error("request-termination", config).find(message), std::string::npos)
        << config << ": " << config_error("request-termination", config);
}

}  // namespace
}  // namespace sluice::testing
