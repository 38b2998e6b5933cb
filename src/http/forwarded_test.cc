// The table of RFC 7239's own examples, and lines that nobody should believe.

#include "http/forwarded.h"

#include <string>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

using Addresses = std::vector<std::string_view>;

TEST(Forwarded, GivesTheAddressOfEachElement) {
  struct Case {
    std::string_view line;
    Addresses wanted;
  };

  const Case cases[] = {
      {"for=\"_gazonk\"", {""}},
      {"For=\"[2001:db8:cafe::17]:4711\"", {"2001:db8:cafe::17"}},
      {"for=192.0.2.60;proto=http;by=203.0.113.43", {"192.0.2.60"}},
      {"for=192.0.2.43, for=198.51.100.17", {"192.0.2.43", "198.51.100.17"}},
      {"for=192.0.2.43,for=\"[2001:db8:cafe::17]\",for=unknown",
       {"192.0.2.43", "2001:db8:cafe::17", ""}},
      {"for=_hidden, for=_SEVKISEK", {"", ""}},
      {"for=\"192.0.2.43:47011\"", {"192.0.2.43"}},
      {"for=192.0.2.43:47011", {"192.0.2.43"}},
      {"for=[::1]:80", {"::1"}},
      {"proto=https;host=\"a, for=6.6.6.6\";for=10.0.0.1", {"10.0.0.1"}},
      {"by=1.1.1.1", {""}},
      {"for=1.1.1.1;for=2.2.2.2", {""}},
      {"for=1.1.1.1 ; proto=http ,\t for=2.2.2.2;", {"1.1.1.1", "2.2.2.2"}},
      {", for=1.1.1.1, ,for=2.2.2.2,", {"1.1.1.1", "2.2.2.2"}},
      {"for=\"1.1.1.\\1\"", {""}},
      {"for=\"\"", {""}},
      {"for=::1", {""}},
      {"for=\"[::1\"", {""}},
      {"for=\"[1.1.1.1]\"", {""}},
      {"for=\"[::1]x\"", {""}},
      {"for=\"[::1]:\"", {""}},
      {"for=\"[::1]:_http\"", {""}},
      {"for=1.1.1.1:x", {""}},
      {"for=example.com", {""}},
      {"", {}},
  };
  for (const Case& each : cases) {
    const auto found = forwarded_for(each.line);
    ASSERT_TRUE(found) << each.line;
    EXPECT_EQ(*found, each.wanted) << each.line;
  }
}

TEST(Forwarded, AMalformedLineIsWorthNothing) {
  const std::string_view lines[] = {
      "1.1.1.1",
      "for",
      "for=",
      "for= 1.1.1.1",
      "for =1.1.1.1",
      "=1.1.1.1",
      "for=1.1.1.1 2.2.2.2",
      "for=1.1.1.1 for=2.2.2.2",
      "for=\"1.1.1.1",
      "for=\"1.1.1.1\\\"",
      "for=\"1.1.1.1\"x",
      "for=1.1.1.1\"x\"",
      "for=1.1.1.1;=",
      "for=1.1.1.1/8",
      // What a client says must not swallow what a proxy adds behind it.
      "for=\"6.6.6.6, for=\"[2001:db8::1]\"",
      "for=6.6.6.6;by=\", for=\"[2001:db8::1]\";proto=http",
      "for=\"x, for=10.0.0.1",
  };
  for (const std::string_view line : lines)
    EXPECT_FALSE(forwarded_for(line)) << line;
}

TEST(Forwarded, HasABoundOnElements) {
  std::string line = "for=1.1.1.1";
  for (std::size_t i = 1; i < forwarded_elements_max; ++i)
    line += ",for=1.1.1.1";

  EXPECT_EQ(forwarded_for(line).value().size(), forwarded_elements_max);
  EXPECT_FALSE(forwarded_for(line + ",for=1.1.1.1"));
}

}  // namespace
}  // namespace sluice::http
