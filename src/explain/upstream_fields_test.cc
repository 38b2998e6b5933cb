// The header fields that the upstream gets, by table (kong.md §3): what is forwarded, added,
// believed and dropped.

#include <gtest/gtest.h>

#include "support/explained.h"

namespace sluice::explain {
namespace {

using testing::field;
using testing::Subject;

constexpr std::string_view own_via = "1.1 sluice/" SLUICE_VERSION;

/// `trusted` is a list of trusted_ips; the rest are settings of the route and the gateway.
std::string configuration_of(const std::string& trusted, const std::string& route = {},
                             const std::string& gateway = {},
                             const std::string& host = "up.test:8080") {
  return "_format_version: \"3.0\"\n"
         "gateway: {listeners: [{address: \"127.0.0.1:8000\"}], trusted_ips: [" +
         trusted + "]" + (gateway.empty() ? "" : ", " + gateway) +
         "}\n"
         "services: [{name: s, url: \"http://" +
         host + "\", routes: [{name: r, paths: [/r]" + (route.empty() ? "" : ", " + route) +
         "}]}]\n"
         "upstreams: [{name: balanced, host_header: virtual.test, targets: [{target: "
         "\"10.0.0.1:81\"}]}"
         ", {name: plain, targets: [{target: \"10.0.0.2:80\"}]}"
         ", {name: six, targets: [{target: \"[::1]:81\"}]}]\n";
}

struct Row {
  Fields sent;
  std::string name;
  std::string expected;  ///< values joined with " | "; "-" for none
};

void expect_fields(const Subject& subject, const std::vector<Row>& rows,
                   const std::string& from = "10.1.1.1") {
  for (const Row& row : rows) {
    auto request = *parse_url("http://a.test:8000/r/x?q=1");
    request.fields = row.sent;
    request.from = from;
    const Explanation explanation = subject.ask(request);
    std::string sent;
    for (const auto& [name, value] : row.sent)
      sent.append(name).append(": ").append(value).append("; ");
    ASSERT_TRUE(explanation.forward) << sent << explanation.status;
    EXPECT_EQ(field(explanation.forward->fields, row.name), row.expected) << sent << row.name;
  }
}

TEST(UpstreamFields, AnUntrustedClientIsNotBelieved) {
  const Subject subject(configuration_of(""));
  expect_fields(subject,
                {
                    {{}, "X-Forwarded-For", "10.1.1.1"},
                    {{{"X-Forwarded-For", "1.2.3.4"}}, "X-Forwarded-For", "1.2.3.4, 10.1.1.1"},
                    {{{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-For", "5.6.7.8"}},
                     "X-Forwarded-For",
                     "1.2.3.4, 5.6.7.8, 10.1.1.1"},
                    {{{"X-Forwarded-For", ""}}, "X-Forwarded-For", "10.1.1.1"},
                    {{}, "X-Real-IP", "10.1.1.1"},
                    {{{"X-Real-IP", "1.2.3.4"}}, "X-Real-IP", "10.1.1.1"},
                    {{}, "X-Forwarded-Proto", "http"},
                    {{{"X-Forwarded-Proto", "https"}}, "X-Forwarded-Proto", "http"},
                    {{}, "X-Forwarded-Host", "a.test"},
                    {{{"X-Forwarded-Host", "evil.test"}}, "X-Forwarded-Host", "a.test"},
                    {{}, "X-Forwarded-Port", "8000"},
                    {{{"X-Forwarded-Port", "1"}}, "X-Forwarded-Port", "8000"},
                    {{}, "X-Forwarded-Path", "/r/x"},
                    {{{"X-Forwarded-Path", "/evil"}}, "X-Forwarded-Path", "/r/x"},
                    {{}, "X-Forwarded-Prefix", "/r"},
                    {{{"X-Forwarded-Prefix", "/evil"}}, "X-Forwarded-Prefix", "/r"},
                    {{{"Forwarded", "for=1.2.3.4"}}, "Forwarded", "-"},
                });
}

TEST(UpstreamFields, ATrustedPeerIsBelieved) {
  const Subject subject(configuration_of("10.0.0.0/8"));
  expect_fields(subject,
                {
                    {{}, "X-Forwarded-For", "10.1.1.1"},
                    {{{"X-Forwarded-For", "1.2.3.4"}}, "X-Forwarded-For", "1.2.3.4, 10.1.1.1"},
                    {{}, "X-Real-IP", "10.1.1.1"},
                    {{{"X-Real-IP", "1.2.3.4"}}, "X-Real-IP", "1.2.3.4"},
                    {{{"X-Real-IP", "nonsense"}}, "X-Real-IP", "10.1.1.1"},
                    {{{"X-Forwarded-Proto", "https"}}, "X-Forwarded-Proto", "https"},
                    {{}, "X-Forwarded-Proto", "http"},
                    {{{"X-Forwarded-Host", "public.test"}}, "X-Forwarded-Host", "public.test"},
                    {{}, "X-Forwarded-Host", "a.test"},
                    {{{"X-Forwarded-Port", "443"}}, "X-Forwarded-Port", "443"},
                    {{}, "X-Forwarded-Port", "8000"},
                    {{{"X-Forwarded-Path", "/public"}}, "X-Forwarded-Path", "/public"},
                    {{}, "X-Forwarded-Path", "/r/x"},
                    {{{"X-Forwarded-Prefix", "/public"}}, "X-Forwarded-Prefix", "/public"},
                    {{}, "X-Forwarded-Prefix", "/r"},
                    {{{"Forwarded", "for=1.2.3.4"}}, "Forwarded", "for=1.2.3.4"},
                });
  // The same file, another peer.
  expect_fields(subject,
                {{{{"X-Forwarded-Host", "evil.test"}}, "X-Forwarded-Host", "a.test"},
                 {{{"X-Real-IP", "1.2.3.4"}}, "X-Real-IP", "192.168.0.9"}},
                "192.168.0.9");
}

TEST(UpstreamFields, TheClientsAddressComesFromTheFieldThatIsTrusted) {
  const std::string by_list = "real_ip_header: X-Forwarded-For";
  expect_fields(Subject(configuration_of("10.0.0.0/8", "", by_list)),
                {
                    {{{"X-Forwarded-For", "1.2.3.4, 5.6.7.8"}}, "X-Real-IP", "5.6.7.8"},
                    {{{"X-Forwarded-For", "1.2.3.4, 10.2.2.2"}}, "X-Real-IP", "10.2.2.2"},
                    {{{"X-Forwarded-For", "1.2.3.4:999"}}, "X-Real-IP", "1.2.3.4"},
                    {{{"X-Forwarded-For", "[2001:db8::1]:999"}}, "X-Real-IP", "2001:db8::1"},
                });
  expect_fields(Subject(configuration_of("10.0.0.0/8", "", by_list + ", real_ip_recursive: true")),
                {
                    {{{"X-Forwarded-For", "1.2.3.4, 5.6.7.8, 10.2.2.2"}}, "X-Real-IP", "5.6.7.8"},
                    {{{"X-Forwarded-For", "10.3.3.3, 10.2.2.2"}}, "X-Real-IP", "10.3.3.3"},
                    {{{"X-Forwarded-For", "1.2.3.4, junk, 10.2.2.2"}}, "X-Real-IP", "10.2.2.2"},
                });
}

TEST(UpstreamFields, NoFieldHasTheClientsAddressWhereThePROXYHeaderHasIt) {
  expect_fields(Subject(configuration_of("10.0.0.0/8", "", "real_ip_header: proxy_protocol")),
                {
                    {{{"proxy_protocol", "1.2.3.4"}}, "X-Real-IP", "10.1.1.1"},
                    {{{"X-Real-IP", "1.2.3.4"}}, "X-Real-IP", "10.1.1.1"},
                });
}

TEST(UpstreamFields, HostIsTheTargetsUnlessAnotherIsWanted) {
  struct Case {
    std::string host;   ///< of the service
    std::string route;  ///< further settings of the route
    std::string expected;
  };

  const Case cases[] = {
      {"up.test:8080", "", "up.test:8080"},
      {"up.test", "", "up.test"},
      {"up.test:80", "", "up.test"},
      {"up.test:443", "", "up.test:443"},
      {"10.0.0.9:81", "", "10.0.0.9:81"},
      {"[::1]:81", "", "[::1]:81"},
      {"balanced", "", "virtual.test"},
      {"plain", "", "10.0.0.2"},
      {"six", "", "[::1]:81"},
      {"up.test:8080", "preserve_host: true", "a.test:8000"},
      {"balanced", "preserve_host: true", "a.test:8000"},
  };
  for (const auto& [host, route, expected] : cases)
    expect_fields(Subject(configuration_of("", route, "", host)), {{{}, "Host", expected}});
  // As the client wrote it.
  expect_fields(Subject(configuration_of("", "preserve_host: true")),
                {{{{"Host", "A.Test"}}, "Host", "A.Test"}});
}

TEST(UpstreamFields, HopByHopFieldsEndHere) {
  const Subject subject(configuration_of(""));
  expect_fields(
      subject, {
                   {{{"Connection", "keep-alive"}}, "Connection", "-"},
                   {{{"Connection", "close, X-Own"}, {"X-Own", "1"}}, "X-Own", "-"},
                   {{{"Keep-Alive", "timeout=5"}}, "Keep-Alive", "-"},
                   {{{"Proxy-Connection", "keep-alive"}}, "Proxy-Connection", "-"},
                   {{{"Proxy", "evil"}}, "Proxy", "-"},
                   {{{"TE", "gzip"}}, "TE", "-"},
                   {{{"TE", "trailers"}}, "TE", "trailers"},
                   {{{"TE", "trailers"}}, "Connection", "TE"},
                   {{{"Upgrade", "websocket"}}, "Upgrade", "-"},
                   {{{"Connection", "Upgrade"}, {"Upgrade", "websocket"}}, "Upgrade", "websocket"},
                   {{{"Connection", "Upgrade"}, {"Upgrade", "websocket"}}, "Connection", "Upgrade"},
                   {{{"Connection", "Authorization"}, {"Authorization", "Basic x"}},
                    "Authorization",
                    "REDACTED"},
                   {{{"Connection", "X-Forwarded-For"}, {"X-Forwarded-For", "1.2.3.4"}},
                    "X-Forwarded-For",
                    "1.2.3.4, 10.1.1.1"},
               });
}

TEST(UpstreamFields, ViaAndTheRequestIdAreTheGateways) {
  const Subject subject(configuration_of(""));
  expect_fields(subject, {
                             {{}, "Via", std::string(own_via)},
                             {{{"Via", "1.0 first"}}, "Via", "1.0 first, " + std::string(own_via)},
                             {{{"Via", "1.0 first"}, {"Via", "1.1 second"}},
                              "Via",
                              "1.0 first, 1.1 second, " + std::string(own_via)},
                         });
  auto request = *parse_url("http://a.test/r");
  request.fields = {{"X-Kong-Request-Id", "mine"}};
  const std::string id = field(subject.ask(request).forward->fields, "X-Kong-Request-Id");
  EXPECT_EQ(id.size(), 32U) << id;
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
}

TEST(UpstreamFields, WhoIsCallingIsNotTheClientsToSay) {
  const std::vector<Row> rows = {
      {{{"X-Consumer-ID", "1"}}, "X-Consumer-ID", "-"},
      {{{"X-Consumer-Username", "admin"}}, "X-Consumer-Username", "-"},
      {{{"X-Consumer-Custom-ID", "1"}}, "X-Consumer-Custom-ID", "-"},
      {{{"X-Credential-Identifier", "1"}}, "X-Credential-Identifier", "-"},
      {{{"X-Anonymous-Consumer", "true"}}, "X-Anonymous-Consumer", "-"},
      {{{"x_consumer_username", "admin"}}, "x_consumer_username", "-"},
      {{{"X-Own", "1"}, {"X-Own", "2"}}, "X-Own", "1 | 2"},
      {{{"Accept", "*/*"}}, "Accept", "*/*"},
  };
  expect_fields(Subject(configuration_of("")), rows);
}

TEST(UpstreamFields, OverTlsTheSchemeIsHttps) {
  const Subject subject(configuration_of(""));
  const Explanation explanation = subject.ask("GET", "https://a.test/r");
  ASSERT_TRUE(explanation.forward);
  EXPECT_EQ(field(explanation.forward->fields, "X-Forwarded-Proto"), "https");
}

}  // namespace
}  // namespace sluice::explain
