// Rules on single texts: what each accepts, and its near misses.

#include "config/matchers.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

using Texts = std::vector<std::string_view>;

void expect_rule(bool (*rule)(std::string_view), const Texts& right, const Texts& wrong) {
  for (const std::string_view text : right)
    EXPECT_TRUE(rule(text)) << text;
  for (const std::string_view text : wrong)
    EXPECT_FALSE(rule(text)) << text;
}

TEST(Matchers, KnowListenAddresses) {
  expect_rule(
      is_listen_address,
      {"0.0.0.0:8000", "127.0.0.1:1", "[::]:65535", "[::1]:8000", "unix:/run/sluice.sock"},
      {"0.0.0.0", "0.0.0.0:0", "0.0.0.0:65536", "::1:8000", "[127.0.0.1]:80", "localhost:80",
       "unix:", "unix:run", "unix:/", "0.0.0.0:8000x", "[::]", ":80", "", "[::1"});
  EXPECT_FALSE(is_listen_address("unix:/" + std::string(200, 'a')));
}

TEST(Matchers, KnowHosts) {
  const std::string label(63, 'a');
  expect_rule(is_host,
              {"localhost", "a_b.example.com", "example.com.", "127.0.0.1", "::1", "[::1]", "1a.2b",
               "xn--bcher-kva.de"},
              {"", ".", "a..b", "-a", "a-", "a b", "300.1.2.3", "1.2.3", "http://a", "a:80", "a/b",
               "[::1", "ä.de", "*.a"});
  EXPECT_TRUE(is_host(label + ".com"));
  EXPECT_FALSE(is_host(label + "a.com"));
  EXPECT_FALSE(is_host(label + "." + label + "." + label + "." + label));
}

TEST(Matchers, KnowHostPatterns) {
  expect_rule(
      is_host_pattern,
      {"a.com", "*.a.com", "a.*", "a.b.*", "a.com:8443", "*.a.com:80", "[::1]:80", "127.0.0.1"},
      {"*", "*.", ".*", "a.*.b", "*a.com", "a*", "*.*", "*.a.*", "a.com:0", "a.com:x", "a.com:"});
}

TEST(Matchers, KnowAddressRanges) {
  expect_rule(is_ip_or_cidr,
              {"10.0.0.1", "10.0.0.0/8", "10.0.0.0/0", "::/0", "fe80::/128", "unix:"},
              {"10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "a", ""});
}

TEST(Matchers, KnowNamesTagsAndMethods) {
  expect_rule(is_entity_name, {"a", "A.b-c_d~1", "größe"}, {"", "a b", "a/b", "a:b"});
  expect_rule(is_tag, {"a b", "größe", "a:b"}, {"", "a,b", "a/b", "a\tb"});
  expect_rule(is_method, {"GET", "PURGE"}, {"", "get", "GET ", "M-SEARCH"});
  expect_rule(is_header_name, {"X-Real-IP", "a", "x_1"}, {"", "a b", "a:", "ä"});
  expect_rule(is_header_value, {"", "a b", "größe"}, {" a", "a ", "a\nb", "a\x7f"});
  expect_rule(is_plain_path, {"/", "/a", "/a/", "/a%2Fb", "/%aF", "/a:b@c;d='e'"},
              {"", "a", "//", "/a//b", "/%", "/a%2", "/%2g", "/%%20", "/a b", "/ä", "/a?b", "/a#b",
               "/{a}", "/a\r\nb", "/\x7f"});
}

TEST(NormalPath, KeepsTripletsOfReservedCharactersAlone) {
  EXPECT_EQ(normal_path("/a%20b%2fc%61%C3%A9"), "/a b%2Fca\xC3\xA9");
  EXPECT_EQ(normal_path("/%25%00%5b"), "/%25%00%5B");
  EXPECT_EQ(normal_path("/a%2"), "/a%252");
  EXPECT_EQ(normal_path("/%%41"), "/%25A");
}

TEST(SplitHostPort, LeavesIpv6WithoutBrackets) {
  EXPECT_EQ(split_host_port("[::1]:80")->host, "::1");
  EXPECT_EQ(split_host_port("[::1]:80")->port, 80);
  EXPECT_EQ(split_host_port("::1")->host, "::1");
  EXPECT_FALSE(split_host_port("::1")->port.has_value());
  EXPECT_EQ(split_host_port("a:8000")->host, "a");
  EXPECT_FALSE(split_host_port("a:").has_value());
  EXPECT_FALSE(split_host_port("[::1]80").has_value());
}

}  // namespace
}  // namespace sluice::config
