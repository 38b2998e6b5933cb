// Which routes can never match, by table: what is certain is found, and nothing else is said.

#include "gateway/router/shadows.h"

#include <gtest/gtest.h>

#include "support/router_cases.h"

namespace sluice {
namespace {

using testing::RouteTable;

/// "name/path<name ", for each shadow.
std::string shadows_of(const std::vector<std::string>& routes) {
  const RouteTable table(routes);
  const Router& router = table.router();
  std::string text;
  for (const Shadow& shadow : find_shadows(router)) {
    const RouteMatch& match = router.routes()[router.candidates()[shadow.candidate].route];
    const RouteMatch& by = router.routes()[router.candidates()[shadow.by].route];
    text += match.route->name + (shadow.path ? match.paths[*shadow.path] : "") + "<" +
            by.route->name + " ";
  }
  return text;
}

struct Case {
  std::vector<std::string> routes;
  std::string expected;
};

TEST(Shadows, AreFoundWhereEveryAttributeIsImplied) {
  // Of two routes that are alike, the one of the later line comes first.
  const Case cases[] = {
      {{"b p=/a", "a p=/a"}, "b/a<a "},
      // Those with several paths have derived identifiers, which happen to be higher.
      {{"b p=/a,/b", "a p=/a"}, "a/a<b "},
      {{"b p=/a,/bb", "a p=/a,/bb"}, "b/bb<a a/a<b "},
      {{"b h=a.com", "a h=a.com"}, "b<a "},
      {{"b h=A.com", "a h=a.COM"}, "b<a "},
      {{"b h=x.a.com", "a h=x.a.com,y.a.com"}, "b<a "},
      {{"b h=*.x.com", "a h=*.com"}, "b<a "},
      {{"b h=api.x.*", "a h=api.*"}, "b<a "},
      {{"b h=a.com:80", "a h=a.com"}, "b<a "},
      {{"b m=GET", "a m=GET,POST"}, "b<a "},
      {{"b p=~/a/\\d+", "a p=~/a/\\d+"}, "b~/a/\\d+<a "},
      {{"b H:x-v=1", "a H:x_V=2|1"}, "b<a "},
      {{"b H:x-v=~*a+", "a H:x-v=~*A+"}, "b<a "},
      {{"b s=a.com", "a s=a.com."}, "b<a "},
      {{"b s=x.a.com", "a s=*.a.com"}, "b<a "},
      {{"b src=10.1.0.0/16", "a src=10.0.0.0/8"}, "b<a "},
      {{"b src=10.1.0.1:80", "a src=10.1.0.1"}, "b<a "},
      {{"b dst=:80", "a dst=:80"}, "b<a "},
      {{"b p=/a h=a.com", "a p=/a h=a.com,b.com m=GET,PUT", "c p=/a h=a.com m=GET"}, ""},
      {{"b p=/a h=a.com m=GET", "a p=/a h=a.com,b.com m=GET,PUT"}, "b/a<a "},
      // A shorter prefix comes first where it is a regular expression or the priority says so.
      {{"b p=/a/b h=*.a.com", "a p=/a h=x.a.com,y.a.com"}, ""},
      {{"b p=/abc h=x.a.com,*.q.com", "a p=/a h=x.a.com"}, ""},
      {{"b p=~/a/b", "a p=~/a"}, ""},
  };
  for (const auto& [routes, expected] : cases)
    EXPECT_EQ(shadows_of(routes), expected) << fmt::format("{}", fmt::join(routes, " | "));
}

TEST(Shadows, AreNotClaimedWhereARequestIsLeft) {
  const Case cases[] = {
      {{"b p=/a", "a p=/a/b"}, ""},
      {{"b p=/a", "a p=/a h=a.com"}, ""},
      {{"b h=a.com,b.com", "a h=a.com"}, ""},
      {{"b h=a.com", "a h=a.com:80"}, ""},
      {{"b h=*.com", "a h=*.a.com"}, ""},
      {{"b h=a.*", "a h=*.a"}, ""},
      {{"b m=GET,PUT", "a m=GET"}, ""},
      {{"b m=GET", "a p=/"}, ""},
      {{"b p=~/a/\\d+", "a p=~/a/\\d"}, ""},
      {{"b H:x-v=1|2", "a H:x-v=1"}, ""},
      {{"b H:x-v=1", "a H:x-w=1"}, ""},
      {{"b H:x-v=1", "a H:x-v=1 H:x-w=1"}, ""},
      {{"b s=a.com", "a s=b.com"}, ""},
      {{"b src=10.0.0.0/8", "a src=10.1.0.0/16"}, ""},
      {{"b src=10.0.0.1", "a src=10.0.0.1:80"}, ""},
      {{"b src=[::/0]", "a src=0.0.0.0/0"}, ""},
      {{"b p=/a", "a proto=https p=/a"}, ""},
      {{"b p=/a", R"(a x=http.path ^= "/")"}, ""},
      // Two that share what they take are not looked into.
      {{"b m=GET,PUT p=/", "a m=GET p=/", "c m=PUT p=/"}, ""},
      // The parts of one route do not shadow each other.
      {{"a p=/a,/ab"}, ""},
      {{"a p=~/a,~/a/b"}, ""},
  };
  for (const auto& [routes, expected] : cases)
    EXPECT_EQ(shadows_of(routes), expected) << fmt::format("{}", fmt::join(routes, " | "));
}

TEST(Shadows, AreFoundAmongExpressions) {
  // The first of each pair has the higher priority.
  const std::pair<std::string, std::string> found[] = {
      {R"(http.path ^= "/a")", R"(http.path ^= "/a")"},
      {R"(http.path ^= "/a")", R"(http.path ^= "/a/b" && http.method == "GET")"},
      {R"(http.path ^= "/a")", R"(http.path == "/a/b")"},
      {R"(http.path contains "b")", R"(http.path ^= "/a/b")"},
      {R"(http.path ~ "^/a/[0-9]+")", R"(http.path == "/a/17")"},
      {R"(http.path ~ "^/a/[0-9]+")", R"(http.path ~ "^/a/[0-9]+" && http.host == "a.com")"},
      {R"(http.path != "/b")", R"(http.path == "/a")"},
      {R"(http.host =^ ".com")", R"(http.host == "a.com" && http.path ^= "/")"},
      {R"(http.host =^ ".a.com")", R"(http.host =^ ".x.a.com")"},
      {R"((http.method == "GET" || http.method == "PUT"))", R"(http.method == "PUT")"},
      {R"((http.method == "GET" || http.method == "PUT" || http.method == "POST"))",
       R"((http.method == "PUT" || http.method == "GET"))"},
      {R"(any(lower(http.headers.x)) == "a")",
       R"(http.path ^= "/a" && any(lower(http.headers.x)) == "a")"},
      {R"(net.src.ip in 10.0.0.0/8)", R"(net.src.ip in 10.0.0.0/8 && net.dst.port == 80)"},
      {R"(!(http.path ^= "/a/b"))", R"(!(http.path ^= "/a"))"},
  };
  for (const auto& [first, second] : found)
    EXPECT_EQ(shadows_of({"b pr=1 x=" + second, "a pr=2 x=" + first}), "b<a ")
        << first << "\n  " << second;

  const std::pair<std::string, std::string> left[] = {
      {R"(http.path ^= "/a/b")", R"(http.path ^= "/a")"},
      {R"(http.path == "/a")", R"(http.path ^= "/a")"},
      {R"(http.path ^= "/a" && http.method == "GET")", R"(http.path ^= "/a")"},
      {R"(lower(http.path) ^= "/a")", R"(http.path ^= "/a")"},
      {R"(http.headers.x == "a")", R"(any(http.headers.x) == "a")"},
      {R"(http.headers.x != "b")", R"(http.headers.x == "a" && http.path ^= "/")"},
      {R"((http.method == "GET" || http.path ^= "/a"))", R"(http.method == "PUT")"},
      {R"(http.path.segments.0 == "a")", R"(http.path.segments.1 == "a")"},
      {R"(http.queries.a == "1")", R"(http.queries.b == "1")"},
      {R"(net.src.port == 80)", R"(net.src.port == 81)"},
      {R"(net.src.port > 80)", R"(net.src.port >= 80)"},
      {R"(net.src.ip in 10.0.0.0/16)", R"(net.src.ip in 10.0.0.0/8)"},
      {R"(!(http.path ^= "/a"))", R"(!(http.path ^= "/a/b"))"},
      {R"(http.path ~ "a")", R"(http.path ~ "b")"},
      {R"(http.path ~ "^a")", R"(http.path ~ "a")"},
      {R"(http.path ~ "^/a|b")", R"(http.path ~ "/a|b")"},
  };
  for (const auto& [first, second] : left)
    EXPECT_EQ(shadows_of({"b pr=1 x=" + second, "a pr=2 x=" + first}), "")
        << first << "\n  " << second;

  const std::string path = R"( x=http.path ^= "/a")";
  EXPECT_EQ(shadows_of({"b pr=2" + path, "a pr=1" + path}), "a<b ");
  EXPECT_EQ(shadows_of({"b pr=1" + path, "a pr=2 proto=http" + path}), "");
  EXPECT_EQ(shadows_of({"b pr=1 proto=http" + path, "a pr=2" + path}), "b<a ");
}

TEST(Shadows, WhatWouldTakeForEverIsLeftOpen) {
  std::string first = R"(http.queries.y == "x")";
  std::string second = R"(http.queries.z == "x")";
  for (int depth = 0; depth < 30; ++depth) {
    first = R"(http.queries.c == "x" || (http.queries.a == "x" && ()" + first + "))";
    second = R"(http.queries.a == "x" && (http.queries.c == "x" || ()" + second + "))";
  }

  EXPECT_EQ(shadows_of({"b pr=1 x=" + second, "a pr=2 x=" + first}), "");
}

TEST(Shadows, AShorterPrefixWithMoreMatchersTakesALongerOne) {
  EXPECT_EQ(shadows_of({"b p=/a/b H:x-v=1", "a p=/a H:x-v=1 m=GET"}), "");
  EXPECT_EQ(shadows_of({"b p=/a/b m=GET", "a p=/a H:x-v=1"}), "");
  // More headers rank higher, whatever the path.
  EXPECT_EQ(shadows_of({"b p=/a/b H:x-v=1 H:x-w=1", "a p=/a H:x-v=1 H:x-w=1 H:x-y=1"}), "");
  // A regular expression with the same beginning comes before plain paths, which it may not take.
  EXPECT_EQ(shadows_of({"b p=/a/b", "a p=~/a"}), "");
}

}  // namespace
}  // namespace sluice
