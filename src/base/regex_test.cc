// Regular expressions of paths and header values, and the prefixes that indexes are made of.

#include "base/regex.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::shared_ptr<const Regex> path_regex(std::string_view pattern) {
  auto compiled = Regex::compile(pattern, Regex::Anchor::at_start);
  EXPECT_TRUE(compiled.has_value()) << pattern << ": " << compiled.error();
  return compiled.value_or(nullptr);
}

TEST(Regex, FindsAtTheStartOnly) {
  const auto regex = path_regex("/v\\d+/");

  EXPECT_EQ(regex->find("/v12/x"), "/v12/");
  EXPECT_FALSE(regex->find("/api/v12/x"));
}

TEST(Regex, AnAnchorBindsToTheFirstAlternativeAlone) {
  const auto regex = path_regex("/a|/b");

  EXPECT_EQ(regex->find("/a"), "/a");
  EXPECT_EQ(regex->find("/x/b"), "/b");
  EXPECT_FALSE(regex->find("/x/a"));
  EXPECT_FALSE(path_regex("/(a|b)")->find("/x/b"));
  EXPECT_FALSE(path_regex("/[|]b")->find("/x/|b"));
}

TEST(Regex, SearchesAnywhereWhereItIsAskedTo) {
  const auto regex = Regex::compile("ab+", Regex::Anchor::anywhere);

  ASSERT_TRUE(regex);
  EXPECT_EQ((*regex)->find("xxabbby"), "abbb");
}

TEST(Regex, CapturesByPositionAndName) {
  const auto regex = path_regex("/(?<kind>[a-z]+)/(?P<id>\\d+)(/.*)?");
  std::string_view groups[4];

  ASSERT_TRUE(regex->captures("/orders/42", groups));

  EXPECT_EQ(regex->group_count(), 3U);
  EXPECT_EQ(groups[0], "/orders/42");
  EXPECT_EQ(groups[1], "orders");
  EXPECT_EQ(groups[2], "42");
  EXPECT_EQ(groups[3].data(), nullptr);
  EXPECT_EQ(regex->group_names(), (std::vector<std::string>{"kind", "id", ""}));
}

TEST(Regex, SaysWhatIsWrong) {
  EXPECT_EQ(Regex::compile("/(a", Regex::Anchor::at_start).error(), "missing ): /(a");
  EXPECT_EQ(Regex::compile("/a)(b", Regex::Anchor::at_start).error(), "unexpected )");
  EXPECT_FALSE(Regex::compile("(?<=a)b", Regex::Anchor::at_start));
  EXPECT_FALSE(Regex::compile("(a)\\1", Regex::Anchor::at_start));
  EXPECT_FALSE(Regex::compile(std::string(regex_bytes_max + 1, 'a'), Regex::Anchor::at_start));
  EXPECT_FALSE(Regex::compile("((a{900}){900}){900}", Regex::Anchor::at_start));
}

TEST(Regex, KnowsWithWhatEveryMatchBegins) {
  struct Case {
    std::string_view pattern;
    std::string_view prefix;
  };

  for (const Case& each : std::initializer_list<Case>{
           {"/users/(\\d+)", "/users/"},
           {"/a\\.b", "/a.b"},
           {"/ab*", "/a"},
           {"/ab?", "/a"},
           {"/ab{0,2}", "/a"},
           {"/ab+", "/ab"},
           {"/a|/b", ""},
           {"/(?i)x", "/"},
           {"(?i)/x", ""},
           {"/\\d", "/"},
           {"/[ab]", "/"},
           {"/\\Qa.b\\E", "/"},
           {"/endel\xC3\xB8st", "/endel"},
           {"/a$", "/a"},
           {"", ""},
       })
    EXPECT_EQ(path_regex(each.pattern)->literal_prefix(), each.prefix) << each.pattern;
}

TEST(Regex, KnowsWhatEveryMatchHolds) {
  struct Case {
    std::string_view pattern;
    std::string_view literal;
  };

  for (const Case& each : std::initializer_list<Case>{
           {"/v\\d+/group17/(\\d+)", "/group17/"},
           {"/(a|b)/orders", "/orders"},
           {"/ab+cd", "/ab"},
           {"/a{2,3}bcd", "bcd"},
           {"/a\\x41bc/de", "/de"},
           {"/a\\x{41}bcd", "bcd"},
           {"/\\pLabc/d", "/d"},
           {"/\\p{Greek}abc", "abc"},
           {"/\\d{2,3}/x", "/x"},
           {"/[abc]*def", "def"},
           {"/abc?def", "/ab"},
           {"/endel\xC3\xB8st/x", "/endel"},
           {"/abc|/d", ""},
           {"/(abc|d)", "/"},
           {"(?i)/abc", ""},
           {"/(?i:abc)/def", ""},
           {"/(?:abc)+/d", "/d"},
           {"/\\Qabc\\E/d", "/d"},
           {".*", ""},
       })
    EXPECT_EQ(path_regex(each.pattern)->literal(), each.literal) << each.pattern;
}

}  // namespace
}  // namespace sluice
