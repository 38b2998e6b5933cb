// key-auth as its users see it: who gets in, what the upstream learns, what nobody learns.

#include <string>

#include <gtest/gtest.h>

#include "support/plugin_harness.h"

namespace sluice::testing {
namespace {

std::string with_keys(std::string_view config, std::string_view more = "") {
  return "_format_version: \"3.0\"\n"
         "consumers:\n"
         "- {id: 11111111-1111-4111-8111-111111111111, username: ann, custom_id: c-7, "
         "keyauth_credentials: [{id: 22222222-2222-4222-8222-222222222222, key: ann-key}, {key: "
         "short, ttl: 10}]}\n"
         "- {id: 33333333-3333-4333-8333-333333333333, username: nobody}\n"
         "services: [{name: s, url: \"http://10.0.0.1:80\", routes: [{name: r, hosts: [here], "
         "paths: [/]}]}]\n"
         "plugins: [{name: key-auth, config: " +
         std::string(config) + "}" + std::string(more) + "]\n";
}

/// The identity that the upstream saw, in its echo.
std::string identity(const Answer& answer) {
  std::string found;
  for (const std::string name : {"X-Consumer-ID", "X-Consumer-Custom-ID", "X-Consumer-Username",
                                 "X-Credential-Identifier", "X-Anonymous-Consumer"}) {
    const std::string key = "\"" + name + "\":\"";
    const std::size_t at = answer.body.find(key);
    if (at == std::string::npos) continue;
    const std::size_t from = at + key.size();
    found += name + "=" + answer.body.substr(from, answer.body.find('"', from) - from) + " ";
  }
  return found;
}

constexpr std::string_view ann =
    "X-Consumer-ID=11111111-1111-4111-8111-111111111111 X-Consumer-Custom-ID=c-7 "
    "X-Consumer-Username=ann X-Credential-Identifier=22222222-2222-4222-8222-222222222222 ";
constexpr std::string_view anonymous =
    "X-Consumer-ID=33333333-3333-4333-8333-333333333333 X-Consumer-Username=nobody "
    "X-Anonymous-Consumer=true ";

TEST(KeyAuth, TellsTheUpstreamWhoCalls) {
  PluginHarness gateway(with_keys("{}"));

  EXPECT_EQ(identity(gateway.get("/", "apikey: ann-key\r\n")), ann);
  EXPECT_EQ(identity(gateway.get("/?apikey=ann%2dkey")), ann);
  EXPECT_EQ(identity(gateway.get("/",
                                 "APIKEY: ann-key\r\nX-Consumer-ID: root\r\n"
                                 "X-Anonymous-Consumer: true\r\nX-Consumer-Groups: a\r\n")),
            ann);
}

TEST(KeyAuth, RefusesEverythingElse) {
  struct Row {
    std::string_view target;
    std::string_view fields;
    std::string_view message;
  };

  const Row rows[] = {
      {"/", "", "No API key found in request"},
      {"/", "apikey:\r\n", "No API key found in request"},
      {"/?apikey=ann-key", "apikey:\r\n", "No API key found in request"},
      {"/?apikey", "", "No API key found in request"},
      {"/?apikey=", "", "No API key found in request"},
      {"/", "apikey: ann-ke\r\n", "Unauthorized"},
      {"/", "apikey: ann-key2\r\n", "Unauthorized"},
      {"/", "apikey: ANN-KEY\r\n", "Unauthorized"},
      {"/?apikey=ann-key", "apikey: wrong\r\n", "Unauthorized"},
      {"/", "apikey: ann-key\r\napikey: ann-key\r\n", "Duplicate API key found"},
      {"/?apikey=ann-key&apikey=ann-key", "", "Duplicate API key found"},
      {"/", "X-Consumer-Username: ann\r\n", "No API key found in request"},
  };
  PluginHarness gateway(with_keys("{}"));
  for (const Row& row : rows) {
    const Answer answer = gateway.get(row.target, row.fields);
    EXPECT_EQ(answer.status, 401) << row.fields;
    EXPECT_EQ(answer.fields(), std::string(error_fields) + "WWW-Authenticate: Key\n");
    EXPECT_EQ(answer.body_without_id(), error_body(row.message)) << row.target << row.fields;
  }
}

TEST(KeyAuth, LooksOnlyWhereItIsTold) {
  PluginHarness header_only(with_keys("{key_in_query: false, key_names: [X-Key, X-Other]}"));
  EXPECT_EQ(header_only.get("/?X-Key=ann-key").status, 401);
  EXPECT_EQ(header_only.get("/", "X-Other: ann-key\r\n").status, 200);
  EXPECT_EQ(header_only.get("/", "X-Key: wrong\r\nX-Other: ann-key\r\n").status, 401);

  PluginHarness query_only(with_keys("{key_in_header: false}"));
  EXPECT_EQ(query_only.get("/", "apikey: ann-key\r\n").status, 401);
  EXPECT_EQ(query_only.get("/?apikey=ann-key").status, 200);
}

TEST(KeyAuth, FindsTheKeyInABody) {
  struct Row {
    std::string_view type;
    std::string_view body;
    int status;
    std::string_view left;  // what the upstream gets with hide_credentials, as it is in JSON
  };

  const std::string_view multipart = "multipart/form-data; boundary=B";
  const Row rows[] = {
      {"application/json", R"({"apikey":"ann-key","a":1})", 200, R"({\"a\":1})"},
      {"application/json; charset=utf-8", R"({"apikey":"ann-\u006bey"})", 200, "{}"},
      {"application/json", R"({"apikey":1})", 401, ""},
      {"application/json", R"([])", 401, ""},
      {"application/json", R"({"apikey":"ann-key")", 401, ""},
      {"application/json", R"({"apikey":""})", 401, ""},
      {"application/x-www-form-urlencoded", "a=1&apikey=ann-key", 200, "a=1"},
      {"application/x-www-form-urlencoded", "apikey=ann-key&apikey=x", 401, ""},
      {multipart, "--B\r\nContent-Disposition: form-data; name=\"apikey\"\r\n\r\nann-key\r\n--B--",
       200, R"(--B--\r\n)"},
      {multipart,
       "\r\n--B \r\nContent-Disposition: form-data;\r\n "
       "name=\"apikey\"\r\n\r\nann-key\r\n--B--\r\nx",
       200, R"(--B--\r\n)"},
      {multipart,
       "--B\r\nContent-Disposition: form-data; name=\"apikey\"\r\n\r\nann-key\r\n"
       "--B\r\nContent-Disposition: form-data; name=\"apikey\"\r\n\r\nann-key\r\n--B--",
       401, ""},
      {multipart, "--C--", 401, ""},
      {"text/plain", "apikey=ann-key", 401, ""},
  };
  PluginHarness gateway(with_keys("{key_in_body: true, hide_credentials: true}"));
  for (const Row& row : rows) {
    const Answer answer = gateway.post("/", row.type, row.body);
    EXPECT_EQ(answer.status, row.status) << row.body << answer.body;
    if (row.status == 200) {
      EXPECT_NE(answer.body.find("\"body\":\"" + std::string(row.left) + "\""), std::string::npos)
          << answer.body;
    }
  }
  EXPECT_EQ(gateway.get("/", "apikey: ann-key\r\n").status, 200);
  const Answer broken = gateway.post("/", "application/json", "{");
  EXPECT_EQ(broken.body_without_id(), error_body("No API key found in request"));
  EXPECT_EQ(broken.field("WWW-Authenticate"), "Key");
  EXPECT_EQ(gateway.post("/", "application/json", "{", "apikey: ann-key\r\n").status, 200);
  const std::string large(2'000'000, ' ');
  EXPECT_EQ(gateway.post("/", "application/json", large).status, 401);
  // Its key could not be hidden.
  EXPECT_EQ(gateway.post("/", "application/json", large, "apikey: ann-key\r\n").status, 413);
  PluginHarness shows(with_keys("{key_in_body: true}"));
  EXPECT_EQ(shows.post("/", "application/json", large, "apikey: ann-key\r\n").status, 200);
  EXPECT_EQ(shows.post("/", "application/json", large).status, 401);
}

TEST(KeyAuth, TakesABrokenBodyForOneOfTheAnonymousConsumer) {
  PluginHarness gateway(with_keys("{key_in_body: true, anonymous: nobody}"));
  const Answer answer = gateway.post("/", "application/json", "{broken");
  EXPECT_EQ(identity(answer), anonymous);
  EXPECT_NE(answer.body.find("\"body\":\"{broken\""), std::string::npos) << answer.body;
  EXPECT_EQ(gateway.post("/", "application/json", std::string(2'000'000, ' ')).status, 413);
}

TEST(KeyAuth, FindsAFieldWithHyphensUnderANameWithUnderscores) {
  PluginHarness gateway(with_keys("{key_names: [api_key], hide_credentials: true}"));
  EXPECT_EQ(gateway.get("/", "api_key: ann-key\r\n").status, 200);
  EXPECT_EQ(gateway.get("/", "api_key: ann-key\r\nApi-Key: wrong\r\n").status, 200);
  EXPECT_EQ(gateway.get("/?api-key=ann-key").status, 401);
  const Answer answer = gateway.get("/", "Api-Key: ann-key\r\n");
  EXPECT_EQ(identity(answer), ann);
  EXPECT_EQ(answer.body.find("ann-key"), std::string::npos) << answer.body;
  EXPECT_EQ(gateway.log().back().find("ann-key"), std::string::npos) << gateway.log().back();
}

TEST(KeyAuth, LooksNoFurtherThanAnEmptyKey) {
  PluginHarness gateway(with_keys("{key_names: [first, second]}"));
  for (const std::string_view target : {"/?first=", "/?first=&second=ann-key"}) {
    const Answer answer = gateway.get(target, "second: ann-key\r\n");
    EXPECT_EQ(answer.body_without_id(), error_body("No API key found in request")) << target;
  }
  EXPECT_EQ(gateway.get("/", "first:\r\nsecond: ann-key\r\n").status, 401);
  // A name without a value is `true` to Kong, and no text.
  EXPECT_EQ(gateway.get("/?first", "second: ann-key\r\n").status, 200);
}

TEST(KeyAuth, HidesTheKeyFromTheUpstream) {
  PluginHarness shows(with_keys("{}"));
  EXPECT_NE(shows.get("/?b=1", "apikey: ann-key\r\n").body.find("ann-key"), std::string::npos);

  PluginHarness hides(with_keys("{hide_credentials: true}"));
  for (const Answer& answer :
       {hides.get("/?b=%7e&apikey=ann-key&c"), hides.get("/?b=%7e&c", "apikey: ann-key\r\n"),
        hides.get("/?b=%7e&apikey=other&c", "apikey: ann-key\r\n")}) {
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.find("apikey"), std::string::npos) << answer.body;
    EXPECT_NE(answer.body.find("\"query\":\"b=%7e&c\""), std::string::npos) << answer.body;
  }
}

TEST(KeyAuth, NeverLogsAKey) {
  PluginHarness gateway(with_keys("{}"));
  gateway.get("/?a=1&apikey=ann-key", "apikey: ann-key\r\n");
  gateway.get("/?%61pikey=ann-key?x");
  gateway.get("/", "apikey: ann-key\r\nHost: elsewhere\r\n");
  gateway.get("/?apikey=ann-key", "Host: elsewhere\r\n");

  ASSERT_EQ(gateway.log().size(), 4U);
  for (const std::string& line : gateway.log()) {
    EXPECT_EQ(line.find("ann-key"), std::string::npos) << line;
    EXPECT_NE(line.find("REDACTED"), std::string::npos) << line;
  }
  EXPECT_NE(gateway.log()[0].find(
                R"("authenticated_entity":{"id":"22222222-2222-4222-8222-222222222222",)"
                R"("consumer_id":"11111111-1111-4111-8111-111111111111"})"),
            std::string::npos)
      << gateway.log()[0];
}

TEST(KeyAuth, TakesOthersForTheAnonymousConsumer) {
  PluginHarness gateway(with_keys("{anonymous: nobody}"));

  EXPECT_EQ(identity(gateway.get("/", "apikey: ann-key\r\n")), ann);
  EXPECT_EQ(identity(gateway.get("/")), anonymous);
  EXPECT_EQ(identity(gateway.get("/", "apikey: wrong\r\nX-Credential-Identifier: x\r\n")),
            anonymous);
  EXPECT_EQ(identity(gateway.get("/?apikey=a&apikey=b")), anonymous);
}

TEST(KeyAuth, LetsPreflightsPassWhereItIsTold) {
  PluginHarness asks(with_keys("{}"));
  EXPECT_EQ(asks.get("/", "", "OPTIONS").status, 401);

  PluginHarness passes(with_keys("{run_on_preflight: false}"));
  const Answer answer = passes.get("/", "X-Consumer-Username: root\r\n", "OPTIONS");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(identity(answer), "");
  EXPECT_EQ(passes.get("/").status, 401);
}

TEST(KeyAuth, NamesItsRealm) {
  PluginHarness gateway(with_keys("{realm: the shop}"));
  EXPECT_EQ(gateway.get("/").field("WWW-Authenticate"), "Key realm=\"the shop\"");
}

TEST(KeyAuth, HonoursTheTimeOfAKey) {
  PluginHarness gateway(with_keys("{}"));

  EXPECT_EQ(gateway.get("/", "apikey: short\r\n").status, 200);
  gateway.advance(std::chrono::seconds(9));
  EXPECT_EQ(gateway.get("/", "apikey: short\r\n").status, 200);
  gateway.advance(std::chrono::seconds(2));
  EXPECT_EQ(gateway.get("/", "apikey: short\r\n").status, 401);
  EXPECT_EQ(gateway.get("/", "apikey: ann-key\r\n").status, 200);
}

TEST(KeyAuth, IsSkippedWhereNoRouteMatches) {
  PluginHarness gateway(with_keys("{}"));
  EXPECT_EQ(gateway.get("/", "Host: elsewhere\r\n").status, 404);
}

TEST(KeyAuth, NamesTheSettingThatIsWrong) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"{key_names: []}", "at least one header field"},
      {"{key_names: [\"a b\"]}", "key_names[0]"},
      {"{anonymous: someone}", "no consumer has the id or username \"someone\""},
      {"{key_in_header: false, key_in_query: false}", "must be true"},
  };
  for (const auto& [config, message] : rows) {
    std::string problems;
    compile_text(with_keys(config), problems);
    EXPECT_NE(problems.find(message), std::string::npos) << config << ": " << problems;
  }
}

}  // namespace
}  // namespace sluice::testing
