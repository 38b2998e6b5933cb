// The files that settings come from, and names as text.

#include <gtest/gtest.h>

#include "runtime/dns_name.h"
#include "runtime/resolver.h"

namespace sluice {
namespace {

std::vector<std::string> servers_of(std::string_view text) {
  ResolverSettings settings;
  read_resolv_conf(text, settings);
  std::vector<std::string> servers;
  for (const Address& server : settings.nameservers)
    servers.push_back(server.text());
  return servers;
}

TEST(ResolvConf, ReadsServersInOrder) {
  EXPECT_EQ(servers_of("# made by hand\nnameserver 10.0.0.1\n nameserver\t2001:db8::53 # "
                       "second\r\nnameserver 10.0.0.3"),
            (std::vector<std::string>{"10.0.0.1:53", "[2001:db8::53]:53", "10.0.0.3:53"}));
}

TEST(ResolvConf, SkipsLinesThatMakeNoSense) {
  EXPECT_EQ(
      servers_of(
          "nameserver\nnameserver dns.example\nserver 10.0.0.9\n;nameserver 10.0.0.8\n"
          "nameserver 10.0.0.1%eth0\nnameserver fe80::1%no-such-interface\nnameserver 10.0.0.1\n"),
      (std::vector<std::string>{"10.0.0.1:53"}));
}

TEST(ResolvConf, AsksThisMachineWhenThereIsNoServer) {
  EXPECT_EQ(servers_of(""), (std::vector<std::string>{"127.0.0.1:53"}));
}

TEST(ResolvConf, TakesEightServersAtMost) {
  std::string text;
  for (int i = 1; i <= 20; ++i)
    text += "nameserver 10.0.0." + std::to_string(i) + "\n";

  EXPECT_EQ(servers_of(text).size(), 8u);
}

TEST(ResolvConf, ReadsTheInterfaceOfALinkLocalServer) {
  ResolverSettings settings;
  read_resolv_conf("nameserver fe80::1%lo\nnameserver fe80::2%7\n", settings);

  ASSERT_EQ(settings.nameservers.size(), 2u);
  EXPECT_NE(settings.nameservers[0].scope, 0u);
  EXPECT_EQ(settings.nameservers[1].scope, 7u);
}

TEST(ResolvConf, TakesTheLastOfSearchAndDomain) {
  ResolverSettings settings;
  read_resolv_conf("domain old.example\nsearch a.example b.example. .\n", settings);
  EXPECT_EQ(settings.search, (std::vector<std::string>{"a.example", "b.example."}));

  read_resolv_conf("search a.example\ndomain c.example d.example\n", settings);
  EXPECT_EQ(settings.search, (std::vector<std::string>{"c.example"}));

  read_resolv_conf("search .\n", settings);
  EXPECT_TRUE(settings.search.empty());
}

TEST(ResolvConf, ReadsOptionsWithinTheirRanges) {
  ResolverSettings settings;
  read_resolv_conf(
      "nameserver 10.0.0.1\nnameserver 10.0.0.2\noptions rotate ndots:5 timeout:1 attempts:3\n",
      settings);
  EXPECT_EQ(settings.ndots, 5u);
  EXPECT_EQ(settings.timeout, seconds(1));
  EXPECT_EQ(settings.attempts, 6u) << "rounds over all servers";

  read_resolv_conf("options ndots:99999999999 timeout:99 attempts:99\n", settings);
  EXPECT_EQ(settings.ndots, 15u);
  EXPECT_EQ(settings.timeout, seconds(30));
  EXPECT_EQ(settings.attempts, 5u);

  read_resolv_conf("options ndots:x ndots:-1 ndots: timeout:0 attempts:0 timeout:1s\n", settings);
  EXPECT_EQ(settings.ndots, 15u);
  EXPECT_EQ(settings.timeout, seconds(30));
}

TEST(HostsFile, ReadsAllNamesOfALine) {
  ResolverSettings settings;
  read_hosts_file(
      "127.0.0.1 localhost\n# 10.0.0.9 no\n10.0.0.1\tone One.example # not.this\n::1 one\nnonsense "
      "line\n"
      "10.0.0.2 bad..name\n10.0.0.3",
      settings);

  std::string text;
  for (const auto& [name, address] : settings.hosts)
    text += name + "=" + address.ip_text() + " ";
  EXPECT_EQ(text, "localhost=127.0.0.1 one=10.0.0.1 One.example=10.0.0.1 one=::1 ");
}

TEST(DnsName, KnowsValidNames) {
  const std::string label(63, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  for (const std::string& name : {std::string("a"), std::string("A-1.b_c.example."),
                                  std::string("_http._tcp.x"), label, longest, longest + "."})
    EXPECT_TRUE(is_dns_name(name)) << name;
  for (const std::string& name :
       {std::string(), std::string("."), std::string("a..b"), std::string(".a"), std::string("a.."),
        label + "a", longest + "a", std::string("a b"), std::string("a\0b", 3),
        std::string("ä.example"), std::string("a\\.b"), std::string("a/b"), std::string("a:1")})
    EXPECT_FALSE(is_dns_name(name)) << name;
}

TEST(DnsName, KnowsThisMachine) {
  for (const std::string_view name : {"localhost", "LocalHost.", "a.localhost", "a.b.LOCALHOST."})
    EXPECT_TRUE(is_localhost(name)) << name;
  for (const std::string_view name :
       {"", "localhost.example", "notlocalhost", "alocalhost", "local"})
    EXPECT_FALSE(is_localhost(name)) << name;
}

TEST(DnsName, TriesTheSearchListByDots) {
  ResolverSettings settings;
  settings.search = {"A.example", "b.example."};
  using Names = std::vector<std::string>;

  EXPECT_EQ(names_to_ask("One", settings), (Names{"one.a.example", "one.b.example", "one"}));
  EXPECT_EQ(names_to_ask("one.two", settings),
            (Names{"one.two", "one.two.a.example", "one.two.b.example"}));
  EXPECT_EQ(names_to_ask("one.", settings), (Names{"one"}));
  settings.ndots = 2;
  EXPECT_EQ(names_to_ask("one.two", settings),
            (Names{"one.two.a.example", "one.two.b.example", "one.two"}));
  settings.ndots = 0;
  EXPECT_EQ(names_to_ask("one", settings).front(), "one");
  const std::string label(60, 'a');
  EXPECT_EQ(names_to_ask(label + "." + label + "." + label + "." + label + ".aaa", settings).size(),
            1u);
}

}  // namespace
}  // namespace sluice
