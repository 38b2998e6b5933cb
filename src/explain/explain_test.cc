// What `sluice explain` finds out, through the gateway's own code.

#include "explain/explain.h"

#include <gtest/gtest.h>

#include "explain/report.h"
#include "support/explained.h"

namespace sluice::explain {
namespace {

using testing::field;
using testing::Subject;

const std::string orders = R"(_format_version: "3.0"
services:
- name: orders
  url: http://orders.internal:8080/v2
  routes:
  - name: write
    paths: [/orders]
    methods: [PUT]
  - name: read
    paths: [/orders, "~/o/(?<id>\\d+)$"]
    plugins:
    - {name: key-auth}
  plugins:
  - {name: cors, instance_name: of-service, config: {origins: ["https://a.com"]}}
plugins:
- {name: cors}
- {name: cors, route: read, enabled: false}
- {name: correlation-id, config: {header_name: X-Corr, generator: uuid}}
- {name: request-transformer, consumer: alice, config: {add: {headers: ["X-Who:alice"]}}}
- {name: request-transformer, consumer: bob, config: {add: {headers: ["X-Who:bob"]}}}
consumers:
- {username: alice, keyauth_credentials: [{key: alice-key}]}
- {username: bob, keyauth_credentials: [{key: bob-key}]}
- {username: carol, keyauth_credentials: [{key: carol-key, ttl: 5}]}
)";

TEST(Explain, NamesTheRouteAndWhyOthersAreNot) {
  const Explanation explanation =
      Subject(orders).ask("GET", "http://api.test/orders/7", {{"apikey", "alice-key"}});

  ASSERT_TRUE(explanation.route);
  EXPECT_EQ(explanation.route->route.name, "read");
  EXPECT_EQ(explanation.route->route.place.line, 9U);
  EXPECT_EQ(explanation.route->service.name, "orders");
  EXPECT_EQ(explanation.route->matched, "/orders");
  EXPECT_EQ(explanation.route->rank, 3U);
  ASSERT_EQ(explanation.rejected.size(), 2U);
  EXPECT_EQ(explanation.rejected[0].route.name, "write");
  EXPECT_EQ(explanation.rejected[0].misfits[0].field, Mismatch::method);
  EXPECT_EQ(explanation.rejected[0].misfits[0].wanted, "PUT");
  EXPECT_EQ(explanation.rejected[0].misfits[0].found, "GET");
  EXPECT_EQ(explanation.rejected[1].route.name, "read");
  EXPECT_EQ(explanation.rejected[1].misfits[0].field, Mismatch::path);
}

TEST(Explain, ChoosesTheListenerThatFitsTheUrl) {
  const std::string text =
      "_format_version: \"3.0\"\n"
      "services: [{name: s, url: \"http://10.0.0.1\", routes: [{paths: [/]}]}]\n"
      "gateway: {listeners: [{address: 127.0.0.1:8000}, {address: 127.0.0.1:8443, tls: {}}, "
      "{address: 127.0.0.1:9000}, {address: 127.0.0.1:9443, tls: {}}]}\n";
  const Subject subject(text);
  const std::pair<std::string, std::string> rows[] = {
      {"http://a/", "127.0.0.1:8000"},       {"https://a/", "127.0.0.1:8443"},
      {"http://a:9000/", "127.0.0.1:9000"},  {"https://a:9443/", "127.0.0.1:9443"},
      {"https://a:9000/", "127.0.0.1:8443"}, {"/", "127.0.0.1:8000"},
  };
  for (const auto& [url, listener] : rows) {
    const Explanation explanation = subject.ask("GET", url);
    EXPECT_EQ(explanation.listener, listener) << url;
    EXPECT_TRUE(explanation.listener_fits) << url;
    ASSERT_TRUE(explanation.forward);
    const std::string port = listener.substr(listener.find(':') + 1);
    EXPECT_EQ(field(explanation.forward->fields, "X-Forwarded-Port"), port) << url;
  }
}

TEST(Explain, NamesWhatARegularExpressionCaptured) {
  const Explanation explanation =
      Subject(orders).ask("GET", "http://api.test/o/17", {{"apikey", "alice-key"}});

  ASSERT_TRUE(explanation.route);
  EXPECT_EQ(field(explanation.route->captures, "id"), "17");
}

TEST(Explain, ShowsEachPluginWithItsConfigurationAndWhereItComesFrom) {
  const Explanation explanation =
      Subject(orders).ask("GET", "http://api.test/orders/7", {{"apikey", "alice-key"}});

  ASSERT_EQ(explanation.plugins.size(), 4U);
  EXPECT_EQ(explanation.plugins[0].name, "correlation-id");
  EXPECT_EQ(explanation.plugins[0].scope, Specificity::global);
  const ExplainedPlugin& cors = explanation.plugins[1];
  EXPECT_EQ(cors.name, "cors");
  EXPECT_EQ(cors.instance_name, "of-service");
  EXPECT_EQ(cors.scope, Specificity::service);
  EXPECT_EQ(cors.plugin.place.line, 14U);
  // A disabled one counts for nothing.
  ASSERT_EQ(cors.shadowed.size(), 1U);
  EXPECT_EQ(cors.shadowed[0].scope, Specificity::global);
  EXPECT_EQ(cors.shadowed[0].plugin.place.line, 16U);
  EXPECT_EQ(cors.settings[0].name, "origins");
  EXPECT_EQ(cors.settings[0].json, "[\"https://a.com\"]");
  EXPECT_TRUE(cors.settings[0].is_given);
  EXPECT_FALSE(cors.settings[1].is_given);
  EXPECT_EQ(explanation.plugins[2].name, "key-auth");
  EXPECT_EQ(explanation.plugins[2].outcome, TracedStep::Outcome::passed_on);
  EXPECT_EQ(explanation.plugins[2].scope, Specificity::route);
}

TEST(Explain, PluginsOfConsumersDependOnWhoCalls) {
  struct Case {
    std::string key;
    std::string who;
    TracedStep::Outcome outcome;
    Specificity scope;
  };

  const Subject subject(orders);
  const Case cases[] = {
      {"alice-key", "alice", TracedStep::Outcome::passed_on, Specificity::consumer},
      {"bob-key", "bob", TracedStep::Outcome::passed_on, Specificity::consumer},
      {"carol-key", "-", TracedStep::Outcome::not_for_it, Specificity::nothing},
      {"wrong", "-", TracedStep::Outcome::not_reached, Specificity::nothing},
  };
  for (const auto& [key, who, outcome, scope] : cases) {
    const Explanation explanation =
        subject.ask("GET", "http://api.test/orders/7", {{"apikey", key}});
    const ExplainedPlugin& transformer = explanation.plugins.back();
    EXPECT_EQ(transformer.name, "request-transformer") << key;
    EXPECT_EQ(transformer.outcome, outcome) << key;
    EXPECT_EQ(transformer.scope, scope) << key;
    EXPECT_EQ(explanation.forward ? field(explanation.forward->fields, "X-Who") : "-", who) << key;
    EXPECT_EQ(explanation.consumer, key == "wrong" ? "" : key.substr(0, key.find('-'))) << key;
  }
}

TEST(Explain, ShowsTheRequestThatTheUpstreamGets) {
  const Explanation explanation =
      Subject(orders).ask("GET", "http://api.test/orders/a%20b?q=1&apikey=alice-key",
                          {{"Connection", "X-Drop"}, {"X-Drop", "1"}, {"X-Keep", "2"}});

  ASSERT_TRUE(explanation.forward);
  const TracedForward& forward = *explanation.forward;
  EXPECT_EQ(forward.host, "orders.internal");
  EXPECT_EQ(forward.port, 8080);
  EXPECT_EQ(forward.target, "/v2/a%20b?q=1&apikey=REDACTED");
  EXPECT_EQ(field(forward.fields, "Host"), "orders.internal:8080");
  EXPECT_EQ(field(forward.fields, "X-Drop"), "-");
  EXPECT_EQ(field(forward.fields, "X-Keep"), "2");
  EXPECT_EQ(field(forward.fields, "X-Forwarded-Prefix"), "/orders");
  EXPECT_EQ(field(forward.fields, "X-Forwarded-Host"), "api.test");
  EXPECT_EQ(field(forward.fields, "X-Forwarded-Port"), "8000");
  EXPECT_EQ(field(explanation.answer, "Via"), "1.1 sluice/" SLUICE_VERSION);
  EXPECT_TRUE(explanation.succeeds());
}

TEST(Explain, ShowsTheFramingOfABody) {
  const Subject subject(R"(_format_version: "3.0"
services: [{name: s, url: "http://10.0.0.1", routes: [{name: r, paths: [/]}]}]
)");
  EXPECT_EQ(field(subject.ask("POST", "/", {}, "12345").forward->fields, "Content-Length"), "5");
  EXPECT_EQ(field(subject.ask("POST", "/").forward->fields, "Content-Length"), "0");
  EXPECT_EQ(field(subject.ask("GET", "/").forward->fields, "Content-Length"), "-");
  EXPECT_EQ(
      field(
          subject.ask("POST", "/", {{"Transfer-Encoding", "chunked"}}, "0\r\n\r\n").forward->fields,
          "Transfer-Encoding"),
      "chunked");
}

TEST(Explain, ShowsTheAnswerThatPluginsAndGatewayGive) {
  struct Case {
    std::string url;
    Fields fields;
    std::uint16_t status;
    Source by;
    std::string error;
    std::string in_body;
  };

  const Subject subject(R"(_format_version: "3.0"
services:
- {name: s, url: "http://10.0.0.1", routes: [{name: r, paths: [/s]}]}
- {name: none, host: empty, routes: [{name: n, paths: [/none]}]}
routes:
- {name: no-service, paths: [/no-service]}
- name: fixed
  paths: [/fixed]
  plugins: [{name: request-termination, config: {status_code: 418, message: "a pot"}}]
upstreams: [{name: empty, targets: [{target: "10.0.0.2:80", weight: 0}]}]
)");
  const Case cases[] = {
      {"/x", {}, 404, Source::gateway, "no_route", "no Route matched"},
      {"/x", {{"Accept", "text/html"}}, 404, Source::gateway, "no_route", "<p>no Route"},
      {"/no-service", {}, 503, Source::gateway, "no_service", "no Service found"},
      {"/fixed", {}, 418, Source::plugin, "", "a pot"},
      {"/none", {}, 503, Source::gateway, "no_target", "failure to get a peer"},
      // What never gets to a route.
      {"/s", {{"Host", "a b"}}, 400, Source::gateway, "", "Bad request"},
      {"/" + std::string(20'000, 'a'), {}, 414, Source::gateway, "", "URI too long"},
  };
  for (const auto& [url, fields, status, by, error, in_body] : cases) {
    const Explanation explanation = subject.ask("GET", url, fields);
    EXPECT_EQ(explanation.status, status) << url;
    EXPECT_EQ(explanation.answered_by, by) << url;
    EXPECT_EQ(explanation.error, error) << url;
    EXPECT_TRUE(explanation.body.contains(in_body)) << url << ": " << explanation.body;
    EXPECT_FALSE(explanation.succeeds()) << url;
    EXPECT_FALSE(explanation.forward) << url;
  }
}

TEST(Explain, ShowsTheNearestCandidatesOfMany) {
  std::string text = "_format_version: \"3.0\"\nroutes:\n";
  for (int i = 0; i < 50; ++i)
    text += "- {name: r" + std::to_string(i) + ", hosts: [h" + std::to_string(i) +
            ".com], paths: [/p" + std::to_string(i) + "], methods: [GET]}\n";
  const Explanation explanation = Subject(text).ask("GET", "http://h7.com/p9", {}, {}, 2);

  EXPECT_FALSE(explanation.route);
  EXPECT_EQ(explanation.rejected_count, 50U);
  ASSERT_EQ(explanation.rejected.size(), 2U);
  for (const ExplainedCandidate& candidate : explanation.rejected)
    EXPECT_TRUE(candidate.route.name == "r7" || candidate.route.name == "r9")
        << candidate.route.name;
}

TEST(Explain, RoutesByWhereTheRequestComesFrom) {
  const Subject subject(R"(_format_version: "3.0"
gateway: {router_flavor: expressions}
routes:
- {name: inner, expression: 'net.src.ip in 10.0.0.0/8', priority: 2}
- {name: secure, expression: 'net.protocol == "https" && tls.sni == "a.com"', priority: 1}
)");
  auto request = *parse_url("https://a.com/");
  const Options options{20, WallTime(seconds(1'700'000'000))};
  const auto route_of = [&] {
    const Explanation explanation =
        explain(subject.file, plugins::catalog(), subject.snapshot, request, options);
    return explanation.route ? explanation.route->route.name : "-";
  };
  EXPECT_EQ(route_of(), "secure");
  request.sni = "b.com";
  EXPECT_EQ(route_of(), "-");
  request.from = "10.1.2.3";
  EXPECT_EQ(route_of(), "inner");
  request.from = "10.1.2.3:99";
  EXPECT_EQ(route_of(), "inner");
}

TEST(Explain, ReadsUrls) {
  struct Case {
    std::string_view url;
    std::string expected;  ///< scheme authority target sni
  };

  const Case cases[] = {
      {"http://a.com", "http a.com / a.com"},
      {"http://a.com/", "http a.com / a.com"},
      {"HTTPS://A.com:8443/x?y#z", "https A.com:8443 /x?y A.com"},
      {"http://a.com?q", "http a.com /?q a.com"},
      {"http://[::1]:80/a", "http [::1]:80 /a "},
      {"/a/b?c=d", "http localhost /a/b?c=d localhost"},
      {"*", "http localhost * localhost"},
  };
  for (const auto& [url, expected] : cases) {
    const auto request = parse_url(url);
    ASSERT_TRUE(request) << url;
    EXPECT_EQ(
        request->scheme + " " + request->authority + " " + request->target + " " + request->sni,
        expected)
        << url;
  }
  for (const std::string_view wrong : {"a.com/x", "ftp://a.com/", "http://a.com/a b", ""})
    EXPECT_FALSE(parse_url(wrong)) << wrong;
}

TEST(Explain, TheTextHasNoByteThatATerminalObeys) {
  EXPECT_EQ(printable("a\x1b[31mb\r\n\xc3\xb8"), "a\\x1b[31mb\\x0d\\x0a\xc3\xb8");
}

}  // namespace
}  // namespace sluice::explain
