// ip-restriction as its users see it.

#include <string>

#include <gtest/gtest.h>

#include "support/plugin_harness.h"

namespace sluice::testing {
namespace {

constexpr std::string_view trusting =
    "_format_version: \"3.0\"\n"
    "gateway: {trusted_ips: [0.0.0.0/0, \"::/0\"], real_ip_header: X-Real-IP}\n"
    "services: [{name: s, url: \"http://10.0.0.1:80\", routes: [{name: r, paths: [/]}]}]\n";

Answer ask_from(std::string_view ip, std::string_view config) {
  PluginHarness gateway(std::string(trusting) +
                        "plugins: [{name: ip-restriction, config: " + std::string(config) + "}]\n");
  return gateway.get("/", "X-Real-IP: " + std::string(ip) + "\r\n");
}

TEST(IpRestriction, LetsInWhoMay) {
  struct Row {
    std::string_view config;
    std::string_view ip;
    int status;
  };

  const Row rows[] = {
      {"{allow: [10.1.2.3]}", "10.1.2.3", 200},
      {"{allow: [10.1.2.3]}", "10.1.2.4", 403},
      {"{allow: [10.1.2.0/24, 192.168.0.0/16]}", "192.168.7.7", 200},
      {"{allow: [10.1.2.0/24]}", "10.1.3.0", 403},
      {"{deny: [10.1.2.3]}", "10.1.2.3", 403},
      {"{deny: [10.1.2.3]}", "10.1.2.4", 200},
      {"{allow: [10.0.0.0/8], deny: [10.1.2.3]}", "10.1.2.3", 403},
      {"{allow: [10.0.0.0/8], deny: [10.1.2.3]}", "10.1.2.4", 200},
      {"{allow: [\"2001:db8::/32\"]}", "2001:db8::1", 200},
      {"{allow: [\"2001:db8::/32\"]}", "2001:db9::1", 403},
      {"{allow: [10.1.2.3]}", "::ffff:10.1.2.3", 200},
      {"{allow: [\"::/0\"]}", "10.1.2.3", 403},
      {"{deny: [0.0.0.0/0]}", "10.1.2.3", 403},
  };
  for (const Row& row : rows)
    EXPECT_EQ(ask_from(row.ip, row.config).status, row.status) << row.config << " " << row.ip;
}

TEST(IpRestriction, SaysWhoIsRefused) {
  const Answer answer = ask_from("10.1.2.3", "{deny: [10.1.2.3]}");

  EXPECT_EQ(answer.fields(), error_fields);
  EXPECT_EQ(answer.body_without_id(), error_body("IP address not allowed: 10.1.2.3"));
}

TEST(IpRestriction, RefusesInTheWordsOfTheConfiguration) {
  const Answer answer = ask_from("10.1.2.3", "{deny: [10.1.2.3], status: 418, message: Go away}");

  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.body_without_id(), error_body("Go away"));
}

TEST(IpRestriction, IsNoMatterWhereNoRouteMatches) {
  PluginHarness gateway("ip-restriction", "{deny: [0.0.0.0/0, \"::/0\"]}");

  EXPECT_EQ(gateway.get("/", "Host: elsewhere\r\n").status, 404);
}

TEST(IpRestriction, NamesTheSettingThatIsWrong) {
  EXPECT_NE(config_error("ip-restriction", "{allow: [10.0.0.0/33]}").find("allow[0]"),
            std::string::npos);
  EXPECT_NE(config_error("ip-restriction", "{}").find("at least one"), std::string::npos);
}

}  // namespace
}  // namespace sluice::testing
