// What is said about a candidate that a request does not fit. That the inspector agrees with the
// router is shown by every table of the router's tests (support/router_cases.h).

#include "gateway/router/inspector.h"

#include <gtest/gtest.h>

#include "support/router_cases.h"

namespace sluice {
namespace {

using testing::RequestLine;
using testing::RouteTable;

/// "name: field wanted <- found; ..." for each candidate in turn, the answer as "name: -".
std::string verdicts_of(const std::vector<std::string>& routes, const std::string& request,
                        std::span<const std::string> secrets = {}) {
  const RouteTable table(routes);
  const RequestLine line(request);
  std::string text;
  const Router& router = table.router();
  for (const Verdict& verdict : RouterInspector(router, secrets).examine_all(line.question())) {
    const Candidate& candidate = router.candidates()[verdict.candidate];
    text += router.routes()[candidate.route].route->name + ": ";
    if (verdict.misfits.empty()) text += "-";
    for (std::size_t i = 0; i < verdict.misfits.size(); ++i) {
      const Misfit& misfit = verdict.misfits[i];
      text += fmt::format("{}{} {} <- {}", i == 0 ? "" : "; ", name_of(misfit.field), misfit.wanted,
                          misfit.found);
    }
    text += "\n";
  }
  return text;
}

struct Case {
  std::vector<std::string> routes;
  std::string request;
  std::string expected;
};

TEST(RouterInspector, NamesEachAttributeThatDoesNotFit) {
  const Case cases[] = {
      {{"r h=a.com"}, "GET b.com /", "r: host a.com <- b.com\n"},
      {{"r h=a.com,*.b.com"}, "GET - /", "r: host a.com, *.b.com <- \n"},
      {{"r h=a.com:8443"}, "GET a.com:8444 /", "r: port a.com:8443 <- 8444\n"},
      {{"r p=/a,/b"}, "GET x /c", "r: path /a, /b <- /c\n"},
      {{"r p=/a,/bb"}, "GET x /c", "r: path /bb <- /c\nr: path /a <- /c\n"},
      {{"r p=~/v\\d+$"}, "GET x /v1/a", "r: path ~/v\\d+$ <- /v1/a\n"},
      {{"r m=GET,POST"}, "PUT x /", "r: method GET, POST <- PUT\n"},
      {{"r m=PURGE"}, "COPY x /", "r: method PURGE <- COPY\n"},
      {{"r H:x-v=1|~*2+"}, "GET x / x-v:3", "r: header x-v: 1, ~*2+ <- 3\n"},
      {{"r H:x-v=1"}, "GET x /", "r: header x-v: 1 <- \n"},
      {{"r H:x-v=1 H:x-w=2"},
       "GET x / x-v:9 x-v:8 x-w:3",
       "r: header x-v: 1 <- 9, 8; header x-w: 2 <- 3\n"},
      {{"r s=a.com"}, "GET x / scheme=https sni=b.com", "r: sni a.com <- b.com\n"},
      {{"r src=10.0.0.0/8:99"},
       "GET x / src=11.0.0.1:98",
       "r: source 10.0.0.0/8:99 <- 11.0.0.1:98\n"},
      {{"r dst=[::1]:99"}, "GET x / dst=[::2]:99", "r: destination [::1]:99 <- [::2]:99\n"},
      {{"r dst=:99"}, "GET x /", "r: destination :99 <- \n"},
      {{"r h=a.com p=/a m=PUT H:x-v=1"},
       "GET b.com /b",
       "r: host a.com <- b.com; path /a <- /b; method PUT <- GET; header x-v: 1 <- \n"},
      {{"two h=a.com p=/a", "one p=/a", "none p=/"},
       "GET b.com /a",
       "two: host a.com <- b.com\none: -\n"},
  };
  for (const auto& [routes, request, expected] : cases)
    EXPECT_EQ(verdicts_of(routes, request), expected) << request;
}

TEST(RouterInspector, NamesThePredicatesOfAnExpressionThatFail) {
  const Case cases[] = {
      {{R"(r x=http.path ^= "/a" && http.method == "GET")"},
       "POST x /b",
       "r: expression http.path ^= \"/a\" <- /b; expression http.method == \"GET\" <- POST\n"},
      {{R"(r x=http.path ^= "/a" && http.method == "GET")"},
       "POST x /a",
       "r: expression http.method == \"GET\" <- POST\n"},
      {{R"(r x=http.method == "PUT" || http.method == "GET")"},
       "POST x /",
       "r: expression http.method == \"PUT\" <- POST; expression http.method == \"GET\" <- POST\n"},
      {{R"x(r x=!(http.path ^= "/a"))x"},
       "GET x /ab",
       "r: expression not http.path ^= \"/a\" <- /ab\n"},
      {{R"x(r x=any(lower(http.headers.x_v)) == "b")x"},
       "GET x / x-v:A x-v:C",
       "r: expression any(lower(http.headers.x_v)) == \"b\" <- A, C\n"},
      {{R"(r x=http.queries.q == "1")"},
       "GET x /?q=%32&r=1",
       "r: expression http.queries.q == \"1\" <- 2\n"},
      {{R"(r x=net.src.ip in 10.0.0.0/8)"},
       "GET x / src=11.0.0.1:9",
       "r: expression net.src.ip in 10.0.0.0/8 <- 11.0.0.1\n"},
      {{R"(r x=net.dst.port == 99)"},
       "GET x / dst=11.0.0.1:9",
       "r: expression net.dst.port == 99 <- 9\n"},
      {{R"(r x=http.path.segments.0_1 == "a/b" && http.path.segments.len > 2)"},
       "GET x /a/c",
       "r: expression http.path.segments.0_1 == \"a/b\" <- a/c; "
       "expression http.path.segments.len > 2 <- 2\n"},
      {{R"x(r x=http.path ~ "^/a|b")x"}, "GET x /c", "r: expression http.path ~ \"^/a|b\" <- /c\n"},
      {{R"x(r x=http.path ~ "^/v\\d+\"")x"},
       "GET x /b",
       "r: expression http.path ~ \"^/v\\\\d+\\\"\" <- /b\n"},
      {{R"(r x=tls.sni == "a.com" && http.host =^ ".a")"},
       "GET x /",
       "r: expression tls.sni == \"a.com\" <- ; expression http.host =^ \".a\" <- x\n"},
      {{R"(r proto=http x=http.path ^= "/")"},
       "GET x / scheme=https",
       "r: protocol http <- https\n"},
  };
  for (const auto& [routes, request, expected] : cases)
    EXPECT_EQ(verdicts_of(routes, request), expected) << request;
}

TEST(RouterInspector, TellsNoCredential) {
  const std::vector<std::string> secrets = {"x-key", "xkey"};
  EXPECT_EQ(verdicts_of({"r H:authorization=s3cret"}, "GET x / authorization:0ther", secrets),
            "r: header authorization: REDACTED <- REDACTED\n");
  EXPECT_EQ(verdicts_of({"r H:x-key=s3cret"}, "GET x / X-Key:0ther", secrets),
            "r: header x-key: REDACTED <- REDACTED\n");
  EXPECT_EQ(verdicts_of({R"(r x=http.queries.xkey == "s3cret")"}, "GET x /?xkey=0ther", secrets),
            "r: expression http.queries.xkey == REDACTED <- REDACTED\n");
}

TEST(RouterInspector, LooksAtAsManyCandidatesAsItIsToldTo) {
  const RouteTable table({"a p=/a", "b p=/b", "c p=/c"});
  const RequestLine request("GET x /d");
  EXPECT_EQ(RouterInspector(table.router(), {}).examine_all(request.question(), 2).size(), 2U);
}

}  // namespace
}  // namespace sluice
