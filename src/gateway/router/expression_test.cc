// Kong's expression language, by table. From kong.md §2.6.

#include "gateway/router/expression.h"

#include <gtest/gtest.h>

#include "support/router_cases.h"

namespace sluice {
namespace {

using testing::expect_routes;
using testing::RequestLine;

/// An expression, and requests that it does and does not admit.
struct Case {
  std::string text;
  std::vector<std::string> admitted;
  std::vector<std::string> refused;
};

void expect_admits(const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    // In a router, so that its index takes part.
    const testing::RouteTable table({"r x=" + each.text});
    for (const std::string& request : each.admitted)
      EXPECT_EQ(testing::answer_text(table, RequestLine(request), false), "r")
          << each.text << "\n  " << request;
    for (const std::string& request : each.refused)
      EXPECT_EQ(testing::answer_text(table, RequestLine(request), false), "-")
          << each.text << "\n  " << request;
  }
}

TEST(Expression, ComparesTexts) {
  expect_admits({
      {R"(http.path == "/a")", {"GET x /a"}, {"GET x /ab", "GET x /", "GET x /A"}},
      {R"(http.path != "/a")", {"GET x /ab", "GET x /"}, {"GET x /a"}},
      {R"(http.path ^= "/a")", {"GET x /a", "GET x /abc"}, {"GET x /", "GET x /ba"}},
      {R"(http.path =^ ".js")", {"GET x /a.js"}, {"GET x /a.json", "GET x /js"}},
      {R"(http.path ~ "^/v\\d+/")", {"GET x /v1/a", "GET x /v22/"}, {"GET x /v/", "GET x /a/v1/"}},
      {R"(http.path ~ "/v[0-9]$")", {"GET x /v1", "GET x /a/v1"}, {"GET x /v1/"}},
      {R"(http.path contains "/b/")", {"GET x /a/b/c"}, {"GET x /ab/c", "GET x /b"}},
      {R"(http.method == "GET")", {"GET x /"}, {"POST x /", "get x /"}},
      {R"(http.host == "A.com")", {"GET a.com /", "GET a.com:99 /"}, {"GET b.com /"}},
      {R"(http.host =^ ".a.com")", {"GET x.a.com /"}, {"GET a.com /"}},
      {R"(http.host ^= "api.")", {"GET api.org /"}, {"GET web.api.org /"}},
      {R"(net.protocol == "https")", {"GET x / scheme=https"}, {"GET x /"}},
      {R"(tls.sni == "a.com")",
       {"GET x / scheme=https sni=a.com"},
       {"GET x /", "GET x / sni=b.com"}},
      // A field that is absent satisfies nothing, not even !=.
      {R"(tls.sni != "a.com")", {"GET x / sni=b.com"}, {"GET x /", "GET x / sni=a.com"}},
      {R"(lower(http.path) == "/a")", {"GET x /A", "GET x /a"}, {"GET x /b"}},
      {R"(lower(http.path) ^= "/A")", {}, {"GET x /A", "GET x /a"}},
  });
}

TEST(Expression, IsAskedAsOtherRoutesAreWhereTheyCanSayTheSame) {
  const std::string methods = R"((http.method == "GET" || http.method == "PURGE"))";
  const std::string values =
      R"((any(lower(http.headers.x_a)) == "1" || any(lower(http.headers.x_a)) == "b"))";
  expect_admits({
      {methods, {"GET x /", "PURGE x /"}, {"POST x /", "LINK x /"}},
      {R"(http.method == "GET" && http.method == "PUT")", {}, {"GET x /", "PUT x /"}},
      {methods + R"( && http.method == "GET")", {"GET x /"}, {"PURGE x /"}},
      {R"(lower(http.method) == "get")", {"GET x /", "get x /"}, {"PUT x /"}},
      {R"((http.method == "GET" || http.path == "/a"))", {"GET x /", "PUT x /a"}, {"PUT x /"}},
      {R"(!(http.method == "GET") && http.path ^= "/")", {"PUT x /"}, {"GET x /"}},
      {values, {"GET x / x-a:1", "GET x / X_A:B", "GET x / x-a:2 x-a:1"}, {"GET x / x-a:2"}},
      {values + R"( && http.path ^= "/a")", {"GET x /a x-a:b"}, {"GET x /b x-a:b", "GET x /a"}},
      {R"((any(lower(http.headers.a)) == "1" || any(lower(http.headers.b)) == "1"))",
       {"GET x / a:1", "GET x / b:1"},
       {"GET x / a:2 b:2"}},
      // What is compared in lower case is never this; and without any() all values have to be.
      {R"(any(lower(http.headers.x_a)) == "B")", {}, {"GET x / x-a:B", "GET x / x-a:b"}},
      {R"(lower(http.headers.x_a) == "b")", {"GET x / x-a:B"}, {"GET x / x-a:b x-a:c"}},
  });

  for (const std::string& text :
       {methods, values,
        R"(http.host == "a" && http.path ^= "/b" && )" + methods + " && " + values}) {
    const auto expression = Expression::compile(text);
    ASSERT_TRUE(expression);
    EXPECT_TRUE((*expression)->is_covered()) << text;
  }
}

TEST(Expression, ComparesHeaders) {
  expect_admits({
      {R"(http.headers.x_foo == "a")",
       {"GET x / x-foo:a", "GET x / X-Foo:a", "GET x / x_foo:a", "GET x / x-foo:a x-foo:a"},
       {"GET x /", "GET x / x-foo:A", "GET x / x-foo:a x-foo:b", "GET x / x-fo:a"}},
      {R"(any(http.headers.x_foo) == "a")",
       {"GET x / x-foo:a", "GET x / x-foo:b x-foo:a"},
       {"GET x /", "GET x / x-foo:b"}},
      {R"(any(lower(http.headers.x_foo)) == "a")",
       {"GET x / x-foo:b x-foo:A"},
       {"GET x / x-foo:b"}},
      {R"(lower(any(http.headers.x_foo)) == "a")",
       {"GET x / x-foo:b x-foo:A"},
       {"GET x / x-foo:b"}},
      {R"(http.headers.x_foo != "a")",
       {"GET x / x-foo:b"},
       {"GET x / x-foo:a", "GET x /", "GET x / x-foo:b x-foo:a"}},
      {R"(any(http.headers.x_foo) != "a")", {"GET x / x-foo:a x-foo:b"}, {"GET x / x-foo:a"}},
      {R"(http.headers.user_agent ~ "curl/\\d")",
       {"GET x / user-agent:a-curl/8"},
       {"GET x / user-agent:CURL/8", "GET x /"}},
      {R"(http.headers.x_foo contains "b")", {"GET x / x-foo:abc"}, {"GET x / x-foo:ac"}},
      {R"(http.headers.x_foo =^ "c")", {"GET x / x-foo:abc"}, {"GET x / x-foo:cab"}},
  });
}

TEST(Expression, ComparesQueries) {
  expect_admits({
      {R"(http.queries.q == "1")",
       {"GET x /?q=1", "GET x /?a=2&q=1", "GET x /?%71=%31", "GET x /?q=1&q=1"},
       {"GET x /", "GET x /?q=2", "GET x /?Q=1", "GET x /?q=1&q=2", "GET x /?qq=1"}},
      {R"(any(http.queries.q) == "1")", {"GET x /?q=2&q=1"}, {"GET x /?q=2&q=3"}},
      {R"(http.queries.q == "")", {"GET x /?q", "GET x /?q="}, {"GET x /", "GET x /?q=1"}},
      {R"(http.queries.q == "a b")", {"GET x /?q=a+b", "GET x /?q=a%20b"}, {"GET x /?q=ab"}},
      {R"(http.queries.page_size ^= "1")", {"GET x /?page_size=10"}, {"GET x /?page-size=10"}},
      {R"(http.queries.a.b == "1")", {"GET x /?a.b=1"}, {"GET x /?a=1"}},
      {R"(lower(http.queries.q) == "abc")", {"GET x /?q=ABC"}, {"GET x /?q=AB"}},
      {R"(http.queries.q ~ "^[0-9]+$")", {"GET x /?q=12"}, {"GET x /?q=1a"}},
  });
}

TEST(Expression, ComparesSegments) {
  expect_admits({
      {R"(http.path.segments.0 == "a")", {"GET x /a", "GET x /a/b"}, {"GET x /", "GET x /b/a"}},
      {R"(http.path.segments.1 == "b")", {"GET x /a/b", "GET x /a/b/c"}, {"GET x /a", "GET x /b"}},
      {R"(http.path.segments.0_1 == "a/b")",
       {"GET x /a/b", "GET x /a/b/c"},
       {"GET x /a", "GET x /a/c"}},
      {R"(http.path.segments.1_2 ^= "b/c")", {"GET x /a/b/cd"}, {"GET x /a/b"}},
      {R"(http.path.segments.1 == "")", {"GET x /a/"}, {"GET x /a", "GET x /a/b"}},
      {R"(http.path.segments.len == 0)", {"GET x /"}, {"GET x /a"}},
      {R"(http.path.segments.len == 2)", {"GET x /a/b", "GET x /a/"}, {"GET x /a"}},
      {R"(http.path.segments.len >= 2)", {"GET x /a/b", "GET x /a/b/c"}, {"GET x /a"}},
      {R"(http.path.segments.20 == "a")", {}, {"GET x /a"}},
  });
}

TEST(Expression, ComparesNumbersAndAddresses) {
  expect_admits({
      {"net.src.port == 99", {"GET x / src=1.2.3.4:99"}, {"GET x / src=1.2.3.4:98", "GET x /"}},
      {"net.src.port != 99", {"GET x / src=1.2.3.4:98"}, {"GET x / src=1.2.3.4:99", "GET x /"}},
      {"net.dst.port > 8000", {"GET x / dst=1.2.3.4:8001"}, {"GET x / dst=1.2.3.4:8000"}},
      {"net.dst.port >= 8000", {"GET x / dst=1.2.3.4:8000"}, {"GET x / dst=1.2.3.4:7999"}},
      {"net.dst.port < 8000", {"GET x / dst=1.2.3.4:7999"}, {"GET x / dst=1.2.3.4:8000"}},
      {"net.dst.port <= 8000", {"GET x / dst=1.2.3.4:8000"}, {"GET x / dst=1.2.3.4:8001"}},
      {"net.port == 0x1F40", {"GET x / dst=1.2.3.4:8000"}, {"GET x / dst=1.2.3.4:80"}},
      {"net.dst.port == 017500", {"GET x / dst=1.2.3.4:8000"}, {"GET x / dst=1.2.3.4:17500"}},
      {"net.src.port > -1", {"GET x / src=1.2.3.4:1"}, {"GET x /"}},
      {"net.dst.port == 81", {"GET x:81 / dst=1.2.3.4:80"}, {"GET x:80 / dst=1.2.3.4:81"}},
      {"net.src.ip == 10.0.0.1", {"GET x / src=10.0.0.1:1"}, {"GET x / src=10.0.0.2:1", "GET x /"}},
      {"net.src.ip != 10.0.0.1", {"GET x / src=10.0.0.2:1"}, {"GET x / src=10.0.0.1:1", "GET x /"}},
      {"net.src.ip in 10.0.0.0/8",
       {"GET x / src=10.9.9.9:1"},
       {"GET x / src=11.0.0.1:1", "GET x /"}},
      {"net.src.ip not in 10.0.0.0/8",
       {"GET x / src=11.0.0.1:1"},
       {"GET x / src=10.9.9.9:1", "GET x /"}},
      {"net.dst.ip == fd00::1", {"GET x / dst=[fd00::1]:1"}, {"GET x / dst=[fd00::2]:1"}},
      {"net.dst.ip in fd00::/16", {"GET x / dst=[fd00::2]:1"}, {"GET x / dst=[fe00::2]:1"}},
      {"net.src.ip in ::/0", {"GET x / src=[fd00::2]:1"}, {"GET x / src=1.2.3.4:1"}},
  });
}

TEST(Expression, OrBindsTighterThanAnd) {
  expect_admits({
      {R"(http.method == "GET" && http.path == "/a" || http.path == "/b")",
       {"GET x /a", "GET x /b"},
       {"POST x /b", "GET x /c"}},
      {R"(http.path == "/a" || http.path == "/b" && http.method == "GET")",
       {"GET x /a", "GET x /b"},
       {"POST x /a", "POST x /b"}},
      {R"((http.method == "GET" && http.path == "/a") || http.path == "/b")",
       {"GET x /a", "POST x /b"},
       {"POST x /a"}},
      {R"(!(http.path == "/a"))", {"GET x /b"}, {"GET x /a"}},
      {R"(!(http.path == "/a" || http.path == "/b"))", {"GET x /c"}, {"GET x /a", "GET x /b"}},
      {R"(!(!(http.path == "/a")))", {"GET x /a"}, {"GET x /b"}},
      {R"(http.method == "GET" && !(http.host == "a" && http.path ^= "/x"))",
       {"GET b /x", "GET a /y"},
       {"GET a /x", "POST b /y"}},
      {R"(((http.path == "/a")))", {"GET x /a"}, {"GET x /b"}},
      {R"(http.host == "a" && http.host == "b")", {}, {"GET a /", "GET b /"}},
      {R"(http.host == "a" || http.path ^= "/p")", {"GET a /", "GET b /p"}, {"GET b /"}},
      {R"((http.host == "a" || http.host == "b") && (http.path ^= "/p" || http.path ^= "/q"))",
       {"GET a /p", "GET b /q"},
       {"GET c /p", "GET a /r"}},
      {R"(http.path ~ "^/a|^/b" && http.method == "GET")", {"GET x /b", "GET x /a"}, {"GET x /c"}},
  });
}

TEST(Expression, ReadsLiterals) {
  expect_admits({
      {R"(http.headers.x == "a\"b")", {R"(GET x / x:a"b)"}, {"GET x / x:ab"}},
      {R"(http.headers.x == "a\\b")", {R"(GET x / x:a\b)"}, {}},
      {R"(http.queries.x == "a\tb\nc\rd")", {"GET x /?x=a%09b%0Ac%0Dd"}, {}},
      {R"xx(http.path ~ r#"^/\d+"x?$"#)xx", {R"(GET x /12")", R"(GET x /12"x)"}, {"GET x /12"}},
      {R"xx(http.headers.x == r#"\n"#)xx", {R"(GET x / x:\n)"}, {}},
      {"http.path==\"/a\"\n\t&&\r\nhttp.method==\"GET\"", {"GET x /a"}, {"POST x /a"}},
      {"  http.path == \"/a\"  ", {"GET x /a"}, {}},
      {R"(http.path == "/ø")", {"GET x /ø"}, {"GET x /o"}},
      {R"(http.path == "")", {}, {"GET x /"}},
      {R"(http.path ^= "")", {"GET x /"}, {}},
  });
}

TEST(Expression, TheHigherPriorityIsTriedFirst) {
  expect_routes({R"(low pr=1 x=http.path ^= "/a/b/c")", R"(high pr=2 x=http.path ^= "/a")",
                 "classic h=a p=/a m=GET H:x=1", R"(zero x=http.host == "a")",
                 R"(secure proto=https pr=3 x=http.path ^= "/s")",
                 R"(plain proto=http pr=3 x=http.path ^= "/p")"},
                {
                    {"GET a /a/b/c x:1", "high@/a"},
                    {"GET a /b", "zero@"},
                    {"GET b /b", "-"},
                    {"GET b /s", "secure"},
                    {"GET b /s scheme=https", "secure"},
                    {"GET b /p", "plain"},
                    {"GET b /p scheme=https", "-"},
                });
}

TEST(Expression, EqualPriorityGoesToTheHigherIdentifier) {
  expect_routes({R"(a id=7 x=http.path ^= "/a")", R"(b id=9 x=http.path ^= "/")",
                 R"(c id=8 x=http.path ^= "/a")"},
                {{"GET x /a", "b"}});
}

TEST(Expression, TheLastPredicateOnThePathSaysWhatIsStripped) {
  expect_routes({R"(prefix x=http.path ^= "/a/b" && http.method == "GET")",
                 R"(both x=http.path ^= "/c" && http.path ^= "/c/d")",
                 R"x(regex x=http.path ~ "^/r/(?<id>\\d+)")x", R"(exact x=http.path == "/e")",
                 R"(none x=http.path contains "zz")"},
                {
                    {"GET x /a/b/c", "prefix@/a/b"},
                    {"GET x /c/d/e", "both@/c/d"},
                    {"GET x /r/12/x", "regex@/r/12"},
                    {"GET x /e", "exact@/e"},
                    {"GET x /uzz", "none@"},
                });
}

struct Wrong {
  std::string text;
  std::size_t offset;
  std::string message;
};

TEST(Expression, SaysWhatIsWrongAndWhere) {
  for (const auto& [text, offset, message] : std::vector<Wrong>{
           {"", 0, "expected a field, got the end"},
           {"http.pat == \"/\"", 0, "no field \"http.pat\", did you mean \"http.path\"?"},
           {"http.path", 9,
            "expected an operator, one of == != ~ ^= =^ > >= < <= in, not in, contains, got the "
            "end"},
           {"http.path = 1", 10,
            "expected an operator, one of == != ~ ^= =^ > >= < <= in, not in, contains, got "
            "\"= 1\""},
           {"http.path == ", 13, "expected a value, got the end"},
           {"http.path == 1", 13, "expected a text in double quotes, got \"1\""},
           {"http.path == \"/", 13, "this text has no end: \" is missing"},
           {"http.path == r#\"/", 13, "this raw text has no end: \"# is missing"},
           {"http.path == \"\\d\"", 14,
            "no escape \"\\d\", use \\n \\r \\t \\\\ \\\" or a raw text r#\"...\"#"},
           {"http.path ~ \"(\"", 12, "not a regular expression: missing ): ("},
           {"http.path > \"/\"", 10, "this operator compares numbers"},
           {"http.path in \"/\"", 10,
            "in and not in take an IP address and a network; for a text use contains"},
           {"net.src.port == \"1\"", 16, "expected a number, got a text"},
           {"net.src.port ~ \"1\"", 13, "this operator compares texts; use == or != here"},
           {"net.src.port == 1.2", 16, "expected a whole number, got \"1.2\""},
           {"net.src.port == 08", 16, "expected a whole number, got \"08\""},
           {"net.src.ip == 10.0.0.0/8", 14, "== and != take an address; for a network use in"},
           {"net.src.ip in 10.0.0.1", 14, "in and not in take a network such as 10.0.0.0/8"},
           {"net.src.ip in 10.0.0.1/8", 14,
            "the bits behind the prefix of \"10.0.0.1/8\" must be zero"},
           {"net.src.ip == \"10.0.0.1\"", 14, "expected an IP address without quotes"},
           {"net.src.ip == 10.0.0", 14, "expected an IP address, got \"10.0.0\""},
           {"lower(net.src.port) == 1", 19, "lower() takes a field that is a text"},
           {"upper(http.path) == \"/\"", 0, "no function \"upper\", use lower() or any()"},
           {"!http.path == \"/\"", 1, "expected \"(\" behind \"!\": only a group can be negated"},
           {"(http.path == \"/\"", 17, "expected \")\", got the end"},
           {"http.path == \"/\")", 16, "expected && or || between two conditions, got \")\""},
           {"http.path == \"/\" & http.path == \"/\"", 17,
            "expected && or || between two conditions, got \"& http.path \""},
           {"http.path == \"/\" &&", 19, "expected a field, got the end"},
           {"http.path.segments.a == \"/\"", 0,
            "expected http.path.segments.0, .0_2 or .len, got \"a\""},
           {"http.path.segments.2_1 == \"/\"", 0,
            "expected http.path.segments.0, .0_2 or .len, got \"2_1\""},
           {std::string(65, '(') + "http.path == \"/\"", 64,
            "parentheses must not be nested deeper than 64"},
           {std::string(16385, ' '), 0, "must not be longer than 16384 bytes"},
       }) {
    const auto compiled = Expression::compile(text);
    ASSERT_FALSE(compiled) << text;
    EXPECT_EQ(compiled.error().message, message) << text;
    EXPECT_EQ(compiled.error().offset, offset) << text;
  }
}

}  // namespace
}  // namespace sluice
