// The flavor traditional_compatible, by table: who gets which request. From kong.md §2.

#include "gateway/router/router.h"

#include <gtest/gtest.h>

#include "support/router_cases.h"

namespace sluice {
namespace {

using testing::expect_routes;
using testing::RequestLine;
using testing::RouteTable;

TEST(Router, RoutesByHost) {
  expect_routes({"a h=a.com", "b h=b.com,www.b.com", "upper h=UPPER.com", "v6 h=[::1]"},
                {
                    {"GET a.com /", "a@"},
                    {"GET a.com /any/path", "a@"},
                    {"POST a.com:8080 /", "a"},
                    {"GET b.com /", "b"},
                    {"GET www.b.com /", "b"},
                    {"GET x.b.com /", "-"},
                    {"GET aa.com /", "-"},
                    {"GET a.co /", "-"},
                    {"GET a.com.evil /", "-"},
                    {"GET - /", "-"},
                    {"GET upper.com /", "upper"},
                });
}

TEST(Router, RoutesByWildcardHost) {
  expect_routes({"suffix h=*.a.com", "prefix h=api.*", "deep h=*.deep.a.com", "exact h=x.a.com"},
                {
                    {"GET w.a.com /", "suffix"},
                    {"GET x.y.a.com /", "suffix"},
                    {"GET a.com /", "-"},
                    {"GET .a.com /", "-"},
                    {"GET xa.com /", "-"},
                    {"GET x.a.com.org /", "-"},
                    {"GET api.org /", "prefix"},
                    {"GET api.x.y /", "prefix"},
                    {"GET api. /", "-"},
                    {"GET api /", "-"},
                    {"GET apis.org /", "-"},
                    // A route of plain hosts only precedes all with wildcards.
                    {"GET x.a.com /", "exact"},
                    // Equal priority: the higher identifier, which here is that of the later line.
                    {"GET x.deep.a.com /", "deep"},
                    {"GET api.a.com /", "prefix"},
                });
}

TEST(Router, RoutesByPort) {
  expect_routes({"any h=a.com", "special h=a.com:8443", "wild h=*.b.com:99", "plain h=c.com:80",
                 "secure h=d.com:443", "left h=e.*:7"},
                {
                    {"GET a.com /", "any"},
                    {"GET a.com:8443 /", "special"},
                    {"GET a.com:8444 /", "any"},
                    {"GET x.b.com:99 /", "wild"},
                    {"GET x.b.com /", "-"},
                    {"GET c.com /", "plain"},
                    {"GET c.com:80 /", "plain"},
                    {"GET c.com / scheme=https", "-"},
                    {"GET d.com / scheme=https", "secure"},
                    {"GET d.com /", "-"},
                    {"GET e.org:7 /", "left"},
                    {"GET e.org:8 /", "-"},
                });
}

TEST(Router, RoutesByPathPrefix) {
  expect_routes({"root p=/", "a p=/a", "ab p=/a/b", "slash p=/s/", "enc p=/r%2Fs", "utf p=/ø"},
                {
                    {"GET x /", "root@/"},
                    {"GET x /b", "root@/"},
                    {"GET x /a", "a@/a"},
                    {"GET x /a/", "a@/a"},
                    {"GET x /abc", "a@/a"},
                    {"GET x /a/b", "ab@/a/b"},
                    {"GET x /a/bc/d", "ab@/a/b"},
                    {"GET x /a/c", "a@/a"},
                    {"GET x /s", "root@/"},
                    {"GET x /s/", "slash@/s/"},
                    {"GET x /s/x", "slash@/s/"},
                    {"GET x /r%2Fs/t", "enc"},
                    {"GET x /r/s", "root"},
                    {"GET x /øre", "utf@/ø"},
                    {"GET x /A", "root"},
                    {"OPTIONS x *", "-"},
                    {"GET x /?q=/a", "root@/"},
                });
}

TEST(Router, RoutesByRegexPath) {
  expect_routes({"id p=~/users/(?<id>\\d+)$", "any p=~/users/.*", "prefix p=/users/1",
                 "loose p=~/v\\d+/", "alt p=~/x|/y", "fold p=~(?i)/fold", "opt p=~/op?t"},
                {
                    {"GET x /users/17", "any@/users/17"},
                    {"GET x /users/1", "any@/users/1"},
                    {"GET x /v1/a", "loose@/v1/"},
                    {"GET x /v12/a/b", "loose@/v12/"},
                    {"GET x /v/a", "-"},
                    {"GET x /api/v1/a", "-"},
                    {"GET x /x", "alt@/x"},
                    {"GET x /z/y", "alt"},
                    {"GET x /z/x", "-"},
                    {"GET x /FOLD", "fold@/FOLD"},
                    {"GET x /ot", "opt@/ot"},
                    {"GET x /opt", "opt@/opt"},
                });
}

TEST(Router, TriesRegexesByTheirPriority) {
  expect_routes({"low p=~/a/.* rp=1", "high p=~/a/b.* rp=2", "zero p=~/.*", "plain p=/a/bcdefgh"},
                {
                    {"GET x /a/b", "high"},
                    {"GET x /a/c", "low"},
                    {"GET x /b", "zero"},
                    {"GET x /a/bcdefgh", "high"},
                });
}

TEST(Router, TheFirstRegexOfARouteThatMatchesIsItsPath) {
  expect_routes({"r p=~/a/\\d+,~/a,~/a/b"}, {
                                                {"GET x /a/12", "r@/a/12"},
                                                {"GET x /a/b", "r@/a"},
                                                {"GET x /a", "r@/a"},
                                            });
}

TEST(Router, RoutesByMethod) {
  expect_routes({"get m=GET p=/", "write m=POST,PUT,PATCH p=/", "odd m=PURGE,MKCOL p=/",
                 "only m=DELETE", "all p=/all"},
                {
                    {"GET x /", "get"},
                    {"POST x /", "write"},
                    {"PUT x /", "write"},
                    {"PATCH x /", "write"},
                    {"PURGE x /", "odd"},
                    {"MKCOL x /", "odd"},
                    {"COPY x /", "-"},
                    {"DELETE x /", "only"},
                    {"HEAD x /", "-"},
                    {"OPTIONS x /", "-"},
                    {"get x /", "-"},
                    {"COPY x /all", "all"},
                    {"DELETE x /all", "all"},
                });
}

TEST(Router, RoutesByHeader) {
  expect_routes(
      {"v1 p=/ H:x-version=1", "v2 p=/ H:X-Version=2|two", "both p=/ H:x-version=1 H:x-env=test",
       "agent p=/ H:user-agent=~*^curl/\\d+", "under p=/ H:x_under=a", "rest p=/"},
      {
          {"GET x / x-version:1", "v1"},
          {"GET x / X-Version:1", "v1"},
          {"GET x / x-version:2", "v2"},
          {"GET x / x-version:TWO", "v2"},
          {"GET x / x-version:3", "rest"},
          {"GET x / x-version:12", "rest"},
          {"GET x / x-version:1 x-env:test", "both"},
          {"GET x / x-version:2 x-env:test", "v2"},
          {"GET x / x-version:3 x-version:1", "v1"},
          {"GET x / user-agent:curl/8.1", "agent"},
          {"GET x / user-agent:CURL/8.1", "agent"},
          {"GET x / user-agent:my-curl/8", "rest"},
          {"GET x / user-agent:wget user-agent:curl/8", "agent"},
          {"GET x / x-under:a", "under"},
          {"GET x / x_under:A", "under"},
          {"GET x /", "rest"},
      });
}

TEST(Router, HeaderRegexesSearchAndIgnoreCase) {
  expect_routes({"r H:x-a=~*b[0-9]|~*END$|exact", "digit H:x-b=~*^\\D+$"},
                {
                    {"GET x / x-a:xxB7xx", "r"},
                    {"GET x / x-a:the-end", "r"},
                    {"GET x / x-a:end-the", "-"},
                    {"GET x / x-a:Exact", "r"},
                    {"GET x / x-a:exactly", "-"},
                    // Kong makes the whole pattern lower case, so that \D is \d.
                    {"GET x / x-b:17", "digit"},
                    {"GET x / x-b:abc", "-"},
                });
}

TEST(Router, RoutesBySniUnlessTheSchemeIsHttp) {
  expect_routes(
      {"a s=a.com p=/", "wild s=*.b.com p=/", "left s=c.* p=/", "dot s=d.com. p=/", "rest p=/"},
      {
          {"GET x / scheme=https sni=a.com", "a"},
          {"GET x / scheme=https sni=x.b.com", "wild"},
          {"GET x / scheme=https sni=b.com", "rest"},
          {"GET x / scheme=https sni=c.org", "left"},
          {"GET x / scheme=https sni=d.com", "dot"},
          {"GET x / scheme=https sni=e.com", "rest"},
          {"GET x / scheme=https", "rest"},
          // Of four equals that all count as matching, the highest identifier.
          {"GET x /", "dot"},
      });
}

TEST(Router, RoutesBySourceAndDestination) {
  expect_routes({"net p=/ src=10.0.0.0/8", "host p=/h src=192.168.0.1", "port p=/p src=:99",
                 "pair p=/q src=10.0.0.0/8:99,11.0.0.0/8", "to p=/ dst=127.0.0.1:8000",
                 "six p=/s src=[fd00::/16]"},
                {
                    {"GET x / src=10.2.3.4:5", "net"},
                    {"GET x / src=11.2.3.4:5", "-"},
                    {"GET x /", "-"},
                    {"GET x /h src=192.168.0.1:5", "host"},
                    {"GET x /h src=192.168.0.2:5", "-"},
                    {"GET x /p src=1.1.1.1:99", "port"},
                    {"GET x /p src=1.1.1.1:98", "-"},
                    {"GET x /q src=10.1.1.1:99", "pair"},
                    {"GET x /q src=11.1.1.1:1", "pair"},
                    {"GET x / src=12.0.0.1:1 dst=127.0.0.1:8000", "to"},
                    {"GET x / src=12.0.0.1:1 dst=127.0.0.1:8001", "-"},
                    {"GET x /s src=[fd00::7]:1", "six"},
                    {"GET x /s src=[fe00::7]:1", "-"},
                });
}

TEST(Router, MoreKindsOfMatchersWinOverLongerPaths) {
  expect_routes({"long p=/a/b/c/d", "hosted h=x p=/a", "method m=GET h=x p=/", "regex p=~/a/b.*"},
                {
                    {"GET x /a/b/c/d", "method"},
                    {"POST x /a/b/c/d", "hosted"},
                    {"GET y /a/b/c/d", "regex"},
                    {"POST x /", "-"},
                });
}

TEST(Router, WithinOneWeightHostsThenHeadersThenPathsDecide) {
  expect_routes(
      {"plain h=a.com p=/", "wild h=*.com p=/long/path", "mixed h=a.com,*.org p=/long/path",
       "one p=/x H:a=1", "two p=/ H:a=1 H:b=2", "regex h=a.com p=~/r"},
      {
          // Plain hosts only: before a longer path with a wildcard, also in a mixed list.
          {"GET a.com /long/path", "plain"},
          {"GET b.com /long/path", "wild"},
          {"GET c.org /long/path", "mixed"},
          {"GET z /x a:1 b:2", "two"},
          {"GET z /x a:1", "one"},
          {"GET a.com /r", "regex"},
      });
}

TEST(Router, ARouteIsSplitByTheLengthsOfItsPaths) {
  expect_routes({"many p=/,/aaaa,~/reg.*", "aaa p=/aaa", "aaaaa p=/aaaaa", "reg p=~/regular rp=1"},
                {
                    {"GET x /aaa", "aaa@/aaa"},
                    {"GET x /aaaa", "many@/aaaa"},
                    {"GET x /aaaaa", "aaaaa@/aaaaa"},
                    {"GET x /regular", "reg@/regular"},
                    {"GET x /reg", "many@/reg"},
                    {"GET x /b", "many@/"},
                });
}

TEST(Router, EqualPriorityGoesToTheHigherIdentifier) {
  expect_routes({"nine p=/a id=9", "ten p=/a id=10", "eight p=/a id=8", "regexone p=~/r id=3",
                 "regextwo p=~/r.* id=2"},
                {
                    {"GET x /a", "ten"},
                    {"GET x /r", "regexone"},
                });
}

TEST(Router, ARouteWithoutPathsHasThemAll) {
  expect_routes({"m m=GET", "h h=a.com", "hm m=POST h=a.com", "deep p=/deep/er"},
                {
                    {"GET x /x", "m@"},
                    {"GET x *", "m@"},
                    {"PUT a.com /x", "h@"},
                    {"POST a.com /x", "hm"},
                    // One matcher each: the host's bit counts more than any length of a path.
                    {"PUT a.com /deep/er", "h"},
                    {"PUT x /deep/er", "deep"},
                    {"GET x /deep/er", "deep"},
                });
}

TEST(Router, RegexesBehindOneLiteralAreToldApart) {
  expect_routes({"num h=a p=~/i/\\d+$", "hex h=a p=~/i/[a-f]+$", "word h=a p=~/i/\\w+/edit",
                 "all h=a p=/i", "other h=b p=~/i/\\d+$"},
                {
                    {"GET a /i/12", "num@/i/12"},
                    {"GET a /i/abc", "hex@/i/abc"},
                    {"GET a /i/abc/edit", "word"},
                    {"GET a /i/xyz", "all@/i"},
                    {"GET b /i/12", "other"},
                    {"GET b /i/abc", "-"},
                });
}

TEST(Router, SaysWhichRegexIsWrong) {
  const RouteTable table({"ok p=~/a", "bad p=/x,~/(", "header p=/ H:a=1 H:b=~*["});

  ASSERT_EQ(table.problems().size(), 2U);
  EXPECT_EQ(table.problems()[0].route, 1U);
  EXPECT_EQ(table.problems()[0].index, 1U);
  EXPECT_EQ(table.problems()[0].message, "missing ): /(");
  EXPECT_EQ(table.problems()[1].route, 2U);
  EXPECT_EQ(table.problems()[1].field, RouteProblem::Field::header);
  EXPECT_EQ(table.problems()[1].index, 1U);
  EXPECT_EQ(testing::answer_text(table, RequestLine("GET x /x"), false), "-");
  EXPECT_EQ(testing::answer_text(table, RequestLine("GET x /a"), false), "ok");
}

TEST(Router, AnEmptyRouterMatchesNothing) {
  expect_routes({}, {{"GET x /", "-"}});
}

TEST(Router, SharesRegexesWithThePreviousRouter) {
  std::vector<RouteProblem> problems;
  std::vector<RouteMatch> routes(1);
  routes[0].paths = {"~/a/\\d+"};
  const Router first(routes, problems);
  const Router second(routes, problems, &first);
  const http::Headers none;
  const Question question{.method = "GET", .path = "/a/1", .headers = none};

  EXPECT_EQ(first.match(question).path.regex, second.match(question).path.regex);
  EXPECT_NE(first.match(question).path.regex, Router(routes, problems).match(question).path.regex);
}

}  // namespace
}  // namespace sluice
