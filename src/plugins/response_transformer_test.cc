// response-transformer as clients see it.

#include <string>

#include <gtest/gtest.h>

#include "support/plugin_harness.h"

namespace sluice::testing {
namespace {

TEST(ResponseTransformer, ChangesHeaderFields) {
  struct Row {
    std::string_view config;
    std::vector<std::pair<std::string, std::string>> upstream;
    std::string_view client;
  };

  const Row rows[] = {
      {"{remove: {headers: [X-A]}}", {{"X-A", "1"}, {"x-a", "2"}, {"X-B", "3"}}, "X-B: 3\n"},
      {"{rename: {headers: [\"X-A:X-B\"]}}", {{"X-A", "1"}, {"X-A", "2"}}, "X-B: 1\nX-B: 2\n"},
      {"{replace: {headers: [\"X-A:new\"]}}", {{"X-A", "1"}}, "X-A: new\n"},
      {"{replace: {headers: [\"X-A:new\"]}}", {}, ""},
      {"{add: {headers: [\"X-A:1\", \"X-A:2\", \"X-B:3\"]}}", {{"X-B", "0"}}, "X-B: 0\nX-A: 1\n"},
      {"{append: {headers: [\"X-A:1\", \"X-A:2\"]}}", {{"X-A", "0"}}, "X-A: 0\nX-A: 1\nX-A: 2\n"},
  };
  for (const Row& row : rows) {
    PluginHarness gateway("response-transformer", row.config);
    gateway.upstream_answers(200, "", "body", row.upstream);
    const Answer answer = gateway.get("/");
    EXPECT_EQ(answer.fields(), row.client) << row.config;
    EXPECT_EQ(answer.body, "body");
  }
}

/// The body without chunks.
std::string content(const Answer& answer) {
  if (answer.head.find("Transfer-Encoding: chunked") == std::string::npos) return answer.body;
  std::string text;
  std::string_view rest = answer.body;
  for (;;) {
    std::size_t size = 0;
    const std::size_t line = rest.find("\r\n");
    std::from_chars(rest.data(), rest.data() + line, size, 16);
    if (size == 0) return text;
    text += rest.substr(line + 2, size);
    rest.remove_prefix(line + 2 + size + 2);
  }
}

TEST(ResponseTransformer, ChangesJsonBodies) {
  struct Row {
    std::string_view config;
    std::string_view upstream;
    std::string_view client;
  };

  const Row rows[] = {
      {"{remove: {json: [a]}}", R"({"a":1,"b":[1, 2],"\u0061":2})", R"({"b":[1, 2]})"},
      {"{rename: {json: [\"a:b\"]}}", R"({"a":1,"b":2})", R"({"b":1})"},
      {"{replace: {json: [\"a:x\", \"c:y\"]}}", R"({"a":1,"b":2})", R"({"a":"x","b":2})"},
      {"{add: {json: [\"a:x\", \"c:1\", \"d:true\"], json_types: [string, number, boolean]}}",
       R"({"a":1})", R"({"a":1,"c":1,"d":true})"},
      {"{append: {json: [\"a:x\", \"b:2\"], json_types: [string, number]}}", R"({"a":"0","b":[1]})",
       R"({"a":["0","x"],"b":[1,2]})"},
      {"{remove: {json: [a]}}", "not json", "not json"},
      {"{remove: {json: [a]}}", "[{\"a\":1}]", "[{\"a\":1}]"},
      {"{remove: {json: [a]}}", "", ""},
  };
  for (const Row& row : rows) {
    PluginHarness gateway("response-transformer", row.config);
    gateway.upstream_answers(200, "application/json; charset=utf-8", row.upstream);
    EXPECT_EQ(content(gateway.get("/")), row.client) << row.config;
  }
}

TEST(ResponseTransformer, LeavesOtherBodiesAlone) {
  PluginHarness gateway("response-transformer", "{remove: {json: [a]}}");
  gateway.upstream_answers(200, "text/plain", R"({"a":1})");
  const Answer answer = gateway.get("/");
  EXPECT_EQ(answer.body, R"({"a":1})");
  EXPECT_EQ(answer.field("Content-Length"), "7");
}

TEST(ResponseTransformer, LetsNothingThroughThatItCannotRead) {
  PluginHarness gateway("response-transformer", "{remove: {json: [secret]}}");
  gateway.upstream_answers(200, "application/json",
                           "{\"secret\":\"s3cr3t\",\"x\":\"" + std::string(9 << 20, 'x') + "\"}");
  EXPECT_EQ(gateway.get("/").body.find("s3cr3t"), std::string::npos);
}

TEST(ResponseTransformer, AnswersHead) {
  PluginHarness gateway("response-transformer", "{remove: {json: [a]}, add: {headers: [\"X:1\"]}}");
  gateway.upstream_answers(200, "application/json", R"({"a":1})");
  const Answer answer = gateway.get("/", "", "HEAD");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("X"), "1");
  EXPECT_EQ(answer.body, "");
}

TEST(ResponseTransformer, AlsoDressesErrorsOfOtherPlugins) {
  PluginHarness gateway(
      "_format_version: \"3.0\"\n"
      "services: [{name: s, url: \"http://10.0.0.1:80\", routes: [{name: r, paths: [/]}]}]\n"
      "plugins: [{name: key-auth}, {name: response-transformer, config: {remove: {headers: "
      "[WWW-Authenticate], json: [request_id]}, add: {headers: [\"X-A:1\"]}}}]\n");
  const Answer answer = gateway.get("/");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.fields(), std::string(error_fields) + "X-A: 1\n");
  EXPECT_EQ(content(answer), R"({"message":"No API key found in request"})");
}

TEST(ResponseTransformer, NamesTheSettingThatIsWrong) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"{add: {json: [\"a:x\"], json_types: [number]}}", "must have a number"},
      {"{add: {json: [\"a:1\"], json_types: [boolean]}}", "true or false"},
      {"{add: {headers: [\"Connection:close\"]}}", "add.headers[0]"},
      {"{add: {json_types: [object]}}", "json_types[0]"},
  };
  for (const auto& [config, message] : rows)
    EXPECT_NE(config_error("response-transformer", config).find(message), std::string::npos)
        << config << ": " << config_error("response-transformer", config);
}

}  // namespace
}  // namespace sluice::testing
