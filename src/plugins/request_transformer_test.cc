// request-transformer as upstreams see it.

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/plugin_harness.h"

namespace sluice::testing {
namespace {

/// The echo's member of that name, as JSON.
std::string told(const Answer& answer, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":";
  const std::size_t from = answer.body.find(key);
  if (from == std::string::npos) return "none";
  const std::size_t begin = from + key.size();
  const char open = answer.body[begin];
  std::size_t end = begin + 1;
  const char close = open == '[' ? ']' : '"';
  while (answer.body[end] != close || (close == '"' && answer.body[end - 1] == '\\'))
    ++end;
  return answer.body.substr(begin, end + 1 - begin);
}

TEST(RequestTransformer, ChangesHeaderFields) {
  struct Row {
    std::string_view config;
    std::string_view fields;
    std::string_view name;
    std::string_view value;
  };

  const Row rows[] = {
      {"{remove: {headers: [X-A]}}", "X-A: 1\r\nx-a: 2\r\n", "X-A", "none"},
      {"{rename: {headers: [\"X-A:X-B\"]}}", "X-A: 1\r\nX-B: 2\r\n", "X-B", "\"1\""},
      {"{rename: {headers: [\"X-A:X-B\"]}}", "X-B: 2\r\n", "X-B", "\"2\""},
      {"{replace: {headers: [\"X-A:new\"]}}", "x-a: 1\r\n", "X-A", "\"new\""},
      {"{replace: {headers: [\"X-A:new\"]}}", "", "X-A", "none"},
      {"{add: {headers: [\"X-A:new\", \"X-A:other\"]}}", "", "X-A", "\"new\""},
      {"{add: {headers: [\"X-A:new\"]}}", "X-A: old\r\n", "X-A", "\"old\""},
      {"{append: {headers: [\"X-A:new\"]}}", "X-A: old\r\n", "X-A", "[\"old\",\"new\"]"},
      {"{append: {headers: [\"X-A:new\"]}}", "", "X-A", "\"new\""},
      {"{add: {headers: [\"X-A:a:b, c\"]}}", "", "X-A", "\"a:b, c\""},
      {"{remove: {headers: [X-A]}, add: {headers: [\"X-A:1\"]}}", "X-A: 0\r\n", "X-A", "\"1\""},
      {"{remove: {headers: [X-A]}, add: {headers: [\"X-B:$(headers.x_a)\"]}}", "X-A: 7\r\n", "X-B",
       "\"7\""},
      {"{replace: {headers: [\"Host:other.example:81\"]}}", "", "host", "\"other.example:81\""},
      {"{add: {headers: [\"Host:other.example\"]}}", "", "host", "\"10.0.0.1\""},
  };
  for (const Row& row : rows) {
    PluginHarness gateway("request-transformer", row.config);
    EXPECT_EQ(told(gateway.get("/", row.fields), row.name), row.value) << row.config << row.fields;
  }
}

TEST(RequestTransformer, ChangesTheQuery) {
  const std::tuple<std::string_view, std::string_view, std::string_view> rows[] = {
      {"{remove: {querystring: [a]}}", "/?a=1&b=%7e&a", "b=%7e"},
      {"{remove: {querystring: [a]}}", "/?a=1", ""},
      {"{rename: {querystring: [\"a:c\"]}}", "/?a=1&b=2", "c=1&b=2"},
      {"{replace: {querystring: [\"a:x y\"]}}", "/?a=1&b=2&a=3", "a=x%20y&b=2"},
      {"{replace: {querystring: [\"a:x\"]}}", "/?b=2", "b=2"},
      {"{add: {querystring: [\"a:1\", \"a:2\", \"b:3\"]}}", "/?b=0", "b=0&a=1"},
      {"{append: {querystring: [\"a:1\"]}}", "/?a=0", "a=0&a=1"},
      {"{add: {querystring: [\"a:$(query_params.b)&c\"]}}", "/?b=x%26y", "b=x%26y&a=x%26y%26c"},
  };
  for (const auto& [config, target, query] : rows) {
    PluginHarness gateway("request-transformer", config);
    EXPECT_EQ(told(gateway.get(target), "query"), "\"" + std::string(query) + "\"") << config;
  }
}

constexpr std::string_view json = "application/json";
constexpr std::string_view form = "application/x-www-form-urlencoded";
constexpr std::string_view multipart = "multipart/form-data; boundary=B";

TEST(RequestTransformer, ChangesBodies) {
  struct Row {
    std::string_view config;
    std::string_view type;
    std::string_view body;
    std::string_view upstream;  // as it stands in JSON
  };

  constexpr std::string_view all =
      "{remove: {body: [a]}, rename: {body: [\"b:c\"]}, replace: {body: [\"d:1\"]}, add: {body: "
      "[\"e:2\"]}, append: {body: [\"f:3\"]}}";
  const Row rows[] = {
      {all, json, R"({"a":1,"b":2,"d":0,"e":0,"f":"x","g":1.50})",
       R"({\"c\":2,\"d\":\"1\",\"e\":0,\"f\":[\"x\",\"3\"],\"g\":1.50})"},
      {all, json, R"({"\u0061":1})", R"({\"e\":\"2\",\"f\":[\"3\"]})"},
      {all, json, "", R"({\"e\":\"2\",\"f\":[\"3\"]})"},
      {all, json, "[1]", "[1]"},
      {"{add: {body: [a:1]}}", json, "{broken", "{broken"},
      {all, form, "a=1&b=2&d=0&e=0&f=x&g=%7e", "c=2&d=1&e=0&f=x&g=%7e&f=3"},
      {all, multipart,
       "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
       "--B\r\nContent-Disposition: form-data; name=\"d\"\r\n\r\n0\r\n--B--\r\n",
       R"(--B\r\nContent-Disposition: form-data; name=\"d\"\r\n\r\n1\r\n)"
       R"(--B\r\nContent-Disposition: form-data; name=\"e\"\r\n\r\n2\r\n--B--\r\n)"},
      {all, "text/plain", "a=1", "a=1"},
      {"{add: {body: [\"a:$(headers.x)\"]}}", json, "{}", R"({\"a\":\"\"})"},
  };
  for (const Row& row : rows) {
    PluginHarness gateway("request-transformer", row.config);
    const Answer answer = gateway.post("/", row.type, row.body);
    EXPECT_EQ(told(answer, "body"), "\"" + std::string(row.upstream) + "\"") << row.body;
  }
}

TEST(RequestTransformer, FindsFieldsInEveryMultipartBody) {
  const std::string part =
      "--B\r\nContent-Disposition: form-data; name=\"admin\"\r\n\r\n1\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n";
  const std::string lines =
      "--B\nContent-Disposition: form-data; name=admin\n\n1\n"
      "--B\nContent-Disposition: form-data; name=b\n\n2\n--B--\n";
  const std::string folded =
      "--B \r\nContent-Disposition: form-data;\r\n name=\"admin\"\r\n\r\n1\r\n";
  const std::string bodies[] = {part + "--B--",
                                "preamble\r\n" + part + "--B--",
                                "\r\n" + part + "--B--\r\n\r\n",
                                part + "--B--\r\nepilogue",
                                part + "--B-- \r\n",
                                folded + part + "--B--",
                                part.substr(0, part.size() - 2),
                                lines};
  PluginHarness gateway("request-transformer", "{remove: {body: [admin]}}");
  for (const std::string& body : bodies)
    EXPECT_EQ(told(gateway.post("/", multipart, body), "body"),
              R"("--B\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n--B--\r\n")")
        << body;
  EXPECT_EQ(told(gateway.post("/", multipart, ""), "body"), "\"\"");
}

TEST(RequestTransformer, RefusesABodyOfSeveralMeanings) {
  const std::string named = "--B\r\nContent-Disposition: form-data; name=\"b\"";
  std::vector<std::pair<std::string_view, std::string>> rows = {
      {multipart, named + "; name=\"admin\"\r\n\r\n1\r\n--B--"},
      {multipart, named + "; name*=utf-8''admin\r\n\r\n1\r\n--B--"},
      {multipart, named + "\r\n\r\n1--B\r\n\r\n--B--"},
      {multipart, "no part"},
      {"multipart/form-data; boundary=B; boundary=C", named + "\r\n\r\n1\r\n--B--"},
      {"multipart/form-data; a=application/json; boundary=B", named + "; name=\"admin\"\r\n\r\n1"},
      {"multipart/form-data, application/json", named + "\r\n\r\n1\r\n--B--"},
      {"multipart/form-data, boundary=B", named + "\r\n\r\n1\r\n--B--"},
      {"multipart/form-data; boundary=B\r\nContent-Type: text/plain", named + "\r\n\r\n1\r\n--B--"},
      {"text/plain\r\nContent-Type: multipart/form-data; boundary=B", named + "\r\n\r\n1\r\n--B--"},
  };
  // Readers that take more than RFC 8259 would find a field in these.
  for (const std::string_view body :
       {"{\"admin\":1,\"a\":NaN}", "\xEF\xBB\xBF{\"admin\":1}", "{'admin':1}", "{\"admin\":1,}"})
    rows.emplace_back("application/json", body);
  for (const std::string_view config :
       {"{remove: {body: [admin]}}", "{rename: {body: [\"admin:b\"]}}",
        "{replace: {body: [\"admin:b\"]}}"}) {
    PluginHarness gateway("request-transformer", config);
    for (const auto& [type, body] : rows)
      EXPECT_EQ(gateway.post("/", type, body).status, 400) << config << type << body;
  }
  PluginHarness adds("request-transformer", "{add: {body: [a:1]}}");
  EXPECT_EQ(told(adds.post("/", multipart, "no part"), "body"), "\"no part\"");
  PluginHarness constant("request-transformer", "{replace: {body: [\"b:x--B\"]}}");
  EXPECT_EQ(constant.post("/", multipart, named + "\r\n\r\n1\r\n--B--").status, 400);
}

TEST(RequestTransformer, RefusesABodyThatItCannotHold) {
  PluginHarness gateway("request-transformer", "{remove: {body: [a]}}");
  const std::string large = "{\"x\":\"" + std::string(9 << 20, 'x') + "\"}";
  EXPECT_EQ(gateway.post("/", json, large).status, 413);
  EXPECT_EQ(gateway.post("/", "text/plain", large).status, 200);
}

TEST(RequestTransformer, ChangesTheMethod) {
  PluginHarness gateway("request-transformer", "{http_method: GET}");
  const Answer plain = gateway.post("/?a=1", "text/plain", "b=2");
  EXPECT_EQ(told(plain, "method"), "\"GET\"");
  EXPECT_EQ(told(plain, "query"), "\"a=1\"");
  const Answer with_form = gateway.post("/?a=1", form, "b=2&c=\xff ");
  EXPECT_EQ(told(with_form, "query"), "\"a=1&b=2&c=%FF%20\"");
}

std::string with_route(std::string_view path, std::string_view uri) {
  return "_format_version: \"3.0\"\n"
         "services: [{name: s, url: \"http://10.0.0.1:80/base\", routes: [{name: r, paths: ['" +
         std::string(path) +
         "']}]}]\nplugins: [{name: request-transformer, config: {replace: "
         "{uri: '" +
         std::string(uri) + "'}}}]\n";
}

TEST(RequestTransformer, ChangesThePath) {
  struct Row {
    std::string_view path;
    std::string_view uri;
    std::string_view target;
    std::string_view upstream;
    std::string_view query;
  };

  const std::string_view user = "~/users/(?<id>[^/]+)/(\\w+)";
  const Row rows[] = {
      {"/", "/fixed", "/x?a=1", "/fixed", "a=1"},
      {"/", "fixed", "/x", "/fixed", ""},
      {user, "/u/$(uri_captures.id)", "/users/7/x", "/u/7", ""},
      {user, "/u/$(uri_captures[\"id\"])/$(uri_captures[2])", "/users/7/x", "/u/7/x", ""},
      {user, "/u/$(uri_captures.none or query_params[\"n\"] or \"d\")", "/users/7/x", "/u/d", ""},
      {user, "/u/$(uri_captures.none or query_params.n or ''d'')", "/users/7/x?n=q", "/u/q", "n=q"},
      {user, "/u/$(shared.x or headers[\"X-Id\"])", "/users/7/x", "/u/", ""},
      {"/", "/x?y=1", "/x", "/x", "y=1"},
      {"/", "/x?y=1", "/x?a=2", "/x", "y=1&a=2"},
      {"/", "/x?y=1?z#q r", "/", "/x", "y=1?z%23q%20r"},
      {"/", "/x?", "/?a", "/x", "a"},
      {"/", "?y", "/", "/", "y"},
      {user, "/u/$(uri_captures.id)?y=$(uri_captures[2])&z=1", "/users/a%2fb%3Fc/x", "/u/a%2Fb%3Fc",
       "y=x&z=1"},
      {user, "/u?id=$(uri_captures.id)", "/users/a%2fb%26c&d=+;%20e/x", "/u",
       "id=a%2Fb%26c%26d%3D%2B%3B%20e"},
      {"/", "/u$(query_params.n or ''?'')?q=$(query_params.n)", "/?n=?a%26b%23%25%0d%0a",
       "/u%3Fa&b%23%%0D%0A", "q=%3Fa%26b%23%25%0D%0A&n=?a%26b%23%25%0d%0a"},
      {"/", "/u/$(query_params.n)", "/?n=a%20b%3Fc%23d%0D%0Ae", "/u/a%20b%3Fc%23d%0D%0Ae",
       "n=a%20b%3Fc%23d%0D%0Ae"},
  };
  for (const Row& row : rows) {
    PluginHarness gateway(with_route(row.path, row.uri));
    const Answer answer = gateway.get(row.target);
    EXPECT_EQ(told(answer, "path"), "\"" + std::string(row.upstream) + "\"") << row.uri;
    EXPECT_EQ(told(answer, "query"), "\"" + std::string(row.query) + "\"") << row.uri;
  }
}

TEST(RequestTransformer, LetsNobodyClimbOrInject) {
  PluginHarness path(with_route("/", "/u/$(query_params.n)"));
  for (const std::string_view climb :
       {"../admin", "%2e%2e/admin", "%252e%252E%2fadmin", "x/..", "%00"})
    EXPECT_EQ(path.get("/?n=" + std::string(climb)).status, 400) << climb;
  PluginHarness field("request-transformer", "{add: {headers: [\"X-A:$(query_params.n)\"]}}");
  const Answer escaped = field.get("/?n=a%0d%0aX-Evil:1%00%7f%09%20%25");
  EXPECT_EQ(told(escaped, "X-A"), "\"a%0D%0AX-Evil:1%00%7F\\t %\"");
  EXPECT_EQ(told(escaped, "X-Evil"), "none");
  PluginHarness host("request-transformer", "{replace: {headers: [\"Host:$(query_params.n)\"]}}");
  EXPECT_EQ(host.get("/?n=a%20b").status, 400);
  EXPECT_EQ(host.get("/?n=a%0d%0ab").status, 400);
  PluginHarness body("request-transformer",
                     "{add: {body: [\"a:$(query_params.n)\", \"c:x\\r\\ny\"]}}");
  EXPECT_EQ(told(body.post("/?n=x%0d%0a--B%00", multipart, "--C--"), "body"), "\"--C--\"");
  EXPECT_EQ(body.post("/?n=--B", multipart, "--B--").status, 400);
  EXPECT_EQ(told(body.post("/?n=x%0d%0ay%00", multipart, "--B--"), "body"),
            R"("--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx%0D%0Ay%00\r\n)"
            R"(--B\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\nx\r\ny\r\n--B--\r\n")");
  EXPECT_EQ(host.get("/").status, 400);
}

TEST(RequestTransformer, NamesTheSettingThatIsWrong) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"{add: {headers: [no-colon]}}", "add.headers[0]"},
      {"{add: {headers: [\"a b:c\"]}}", "add.headers[0]"},
      {"{add: {headers: [\"Transfer-Encoding:x\"]}}", "add.headers[0]"},
      {"{add: {headers: [\"a:$(os.execute())\"]}}", "Lua is not run"},
      {"{replace: {uri: \"/x?$(headers.a\"}}", "cannot be read behind $("},
      {"{replace: {uri: \"/$(headers.a\"}}", "cannot be read behind $("},
      {"{rename: {body: [a]}}", "rename.body[0]"},
      {"{http_method: get}", "http_method"},
  };
  for (const auto& [config, message] : rows)
    EXPECT_NE(config_error("request-transformer", config).find(message), std::string::npos)
        << config << ": " << config_error("request-transformer", config);
}

}  // namespace
}  // namespace sluice::testing
