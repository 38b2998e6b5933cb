// YAML and JSON as they become a tree: scalars, places, limits.

#include "config/yaml.h"

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "config/json.h"

namespace sluice::config {
namespace {

struct Parsed {
  std::shared_ptr<Document> document;
  std::string problems;

  std::string json() const { return document == nullptr ? problems : to_json(document->root()); }
};

Parsed parse(std::string text, TextFormat format = TextFormat::yaml) {
  Diagnostics diagnostics(Source{"f", std::move(text)});
  auto document = parse_text(format, diagnostics);
  return {std::move(document), diagnostics.render()};
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

TEST(Yaml, ReadsPlainScalarsByTheCoreSchema) {
  EXPECT_EQ(parse("[null, ~, Null, true, False, TRUE, yes, no, on]").json(),
            R"([null, null, null, true, false, true, "yes", "no", "on"])");
  EXPECT_EQ(parse("[0, -1, +2, 0x1F, 0o17, 017, 1_000, 0b1]").json(),
            R"([0, -1, 2, 31, 15, 17, "1_000", "0b1"])");
  EXPECT_EQ(parse("[1.5, .5, 1., 1e3, -1.5E-2, ., e3, 1e, 1.2.3]").json(),
            R"([1.5, 0.5, 1, 1000, -0.015, ".", "e3", "1e", "1.2.3"])");
  EXPECT_EQ(parse("[.inf, -.Inf, .nan, inf, nan]").json(), R"([null, null, null, "inf", "nan"])");
}

TEST(Yaml, ReadsAWholeNumberThatIsTooLargeAsADouble) {
  const Parsed parsed = parse("[9223372036854775807, 9223372036854775808]");

  ASSERT_NE(parsed.document, nullptr);
  EXPECT_EQ(parsed.document->root().items()[0].kind(), NodeKind::integer);
  EXPECT_EQ(parsed.document->root().items()[1].kind(), NodeKind::number);
}

TEST(Yaml, LeavesQuotedAndBlockScalarsTexts) {
  EXPECT_EQ(parse("['1', \"true\", !!str 2, ! 3]").json(), R"(["1", "true", "2", "3"])");
  EXPECT_EQ(parse("a: |\n  1\n  2\nb: >-\n  x\n  y\n").json(), R"({"a": "1\n2\n", "b": "x y"})");
}

TEST(Yaml, KnowsWhereEverythingBegins) {
  const Parsed parsed = parse("a: \"x\"\nb:\n- é: 'y'\n- [1, {c: }]\n");

  ASSERT_NE(parsed.document, nullptr) << parsed.problems;
  const Node& root = parsed.document->root();
  EXPECT_EQ(root.place(), (Place{1, 1}));
  EXPECT_EQ(root.members()[0].value.place(), (Place{1, 4}));
  EXPECT_EQ(root.members()[1].key_place, (Place{2, 1}));
  EXPECT_EQ(root.members()[1].value.place(), (Place{3, 1}));
  const Node& list = root.members()[1].value;
  EXPECT_EQ(list.items()[0].place(), (Place{3, 3}));
  EXPECT_EQ(list.items()[0].members()[0].value.place(), (Place{3, 6}));
  EXPECT_EQ(list.items()[1].items()[1].members()[0].key_place, (Place{4, 8}));
}

TEST(Yaml, ReadsJsonWithTabsAndEscapes) {
  const std::string json = "{\n\t\"a\":\t\"b\\/\\ud83d\\ude00\",\n\t\"c\": [1e3, null]\n}";

  EXPECT_EQ(parse(json).json(), "{\"a\": \"b/😀\", \"c\": [1000, null]}");
  EXPECT_EQ(parse(json, TextFormat::json).json(), "{\"a\": \"b/😀\", \"c\": [1000, null]}");
}

TEST(Yaml, HoldsJsonFilesToJson) {
  EXPECT_EQ(parse("{a: 1}").json(), "{\"a\": 1}");
  EXPECT_EQ(parse("{a: 1}", TextFormat::json).document, nullptr);
}

TEST(Yaml, ReadsNothingAsNull) {
  EXPECT_EQ(parse("").json(), "null");
  EXPECT_EQ(parse("\xEF\xBB\xBF").json(), "null");
  EXPECT_EQ(parse("# only a comment\n").json(), "null");
  EXPECT_EQ(parse("---\n...\n").json(), "null");
}

TEST(Yaml, ResolvesAliasesToTheWholeValue) {
  EXPECT_EQ(parse("a: &x {b: [1]}\nc: *x\nd: &x 2\ne: *x\n").json(),
            R"({"a": {"b": [1]}, "c": {"b": [1]}, "d": 2, "e": 2})");
}

TEST(Yaml, RefusesAnAliasInsideItsOwnAnchor) {
  EXPECT_EQ(first_line(parse("&a [1, *a]").problems), "f:1:8: alias \"a\" has no anchor before it");
}

TEST(Yaml, AllowsAMillionNodesThroughAliasesAndNotMore) {
  std::string text = "- &a [";
  for (int i = 0; i < 999; ++i)
    text += "x, ";
  text += "x]\n- [";
  for (int i = 0; i < 998; ++i)
    text += "*a, ";

  EXPECT_NE(parse(text + "*a]\n").document, nullptr);
  EXPECT_EQ(parse(text + "*a, *a]\n").document, nullptr);
}

TEST(Yaml, MergesMapsUnderTheKeysOfAMap) {
  EXPECT_EQ(parse("a: &x {k: 1, l: 2}\nb: {l: 3, <<: *x, m: 4}\n").json(),
            R"({"a": {"k": 1, "l": 2}, "b": {"l": 3, "m": 4, "k": 1}})");
  EXPECT_EQ(parse("- &x {k: 1}\n- &y {k: 2, l: 3}\n- <<: [*x, *y, {l: 4, m: {n: 5}}]\n").json(),
            R"([{"k": 1}, {"k": 2, "l": 3}, {"k": 1, "l": 3, "m": {"n": 5}}])");
  EXPECT_EQ(parse("- &x {k: {l: 1}}\n- &y {<<: *x, m: 2}\n- {k: {}, <<: *y}\n").json(),
            R"([{"k": {"l": 1}}, {"m": 2, "k": {"l": 1}}, {"k": {}, "m": 2}])");
  EXPECT_EQ(parse("\"<<\": {k: 1}\n").json(), R"({"<<": {"k": 1}})");
  EXPECT_EQ(parse("<<: []\n").json(), "{}");
}

TEST(Yaml, SaysWhereAMergeIsWrong) {
  EXPECT_EQ(first_line(parse("a: &x swordfish\nb:\n  <<: *x\n").problems),
            "f:3:3: a merge key (\"<<\") must have a map or a list of maps, got a string");
  EXPECT_EQ(
      first_line(parse("a: 1\n<<: [{}, 1]\n").problems),
      "f:2:1: a merge key (\"<<\") must have a map or a list of maps, got a list with a number");
  EXPECT_EQ(first_line(parse("<<: {a: 1}\n<<: {b: 1}\n").problems),
            "f:2:1: duplicate key \"<<\", first given at line 1, column 1");
  EXPECT_EQ(first_line(parse("<<: {a: 1}\nb: 1\nb: 2\n").problems),
            "f:3:1: duplicate key \"b\", first given at line 2, column 1");
}

TEST(Yaml, CountsWhatIsMergedAsWhatAliasesStandFor) {
  std::string text = "- &a {";
  for (int i = 0; i < 999; ++i)
    text += "k" + std::to_string(i) + ": x, ";
  text += "}\n- <<: [";
  for (int i = 0; i < 999; ++i)
    text += "*a, ";

  EXPECT_NE(parse(text + "*a]\n").document, nullptr);
  EXPECT_EQ(parse(text + "*a, *a]\n").document, nullptr);

  std::string chain = "- &a0 {x: [1, 2, 3]}\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = std::to_string(i - 1);
    chain += "- &a" + std::to_string(i) + " {<<: [*a" + before + ", *a" + before + "]}\n";
  }
  EXPECT_EQ(parse(chain).document, nullptr);
}

TEST(Yaml, CountsTheDepthOfWhatIsMerged) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  const std::string text = "- &a {k: " + nested(60) + "}\n- ";

  EXPECT_NE(parse(text + std::string(36, '[') + "{<<: *a}" + std::string(36, ']')).document,
            nullptr);
  EXPECT_EQ(parse(text + std::string(39, '[') + "{<<: *a}" + std::string(39, ']')).document,
            nullptr);
}

TEST(Yaml, CountsTheDepthBehindAnAliasToo) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };

  EXPECT_NE(parse(nested(100)).document, nullptr);
  EXPECT_EQ(parse(nested(101)).document, nullptr);
  // 1 + 60 levels are fine twice, but not one inside the other.
  EXPECT_NE(
      parse("- &a " + nested(60) + "\n- " + std::string(38, '[') + "*a" + std::string(38, ']'))
          .document,
      nullptr);
  EXPECT_EQ(
      parse("- &a " + nested(60) + "\n- " + std::string(40, '[') + "*a" + std::string(40, ']'))
          .document,
      nullptr);
}

TEST(Yaml, RefusesALineOfBracketsBeforeReadingAllOfIt) {
  const Parsed parsed = parse("a: " + std::string(3'000'000, '['));

  EXPECT_EQ(first_line(parsed.problems), "f:1:1004: lists and maps may be nested at most 100 deep");
}

TEST(Yaml, ReadsManyBracketsInTexts) {
  std::string text = "[";
  for (int i = 0; i < 2000; ++i)
    text += "\"[{\", ";

  EXPECT_NE(parse(text + "x]").document, nullptr);
}

TEST(Yaml, NamesBothPlacesOfAKeyThatComesTwice) {
  EXPECT_EQ(first_line(parse("a: 1\nb: 2\n\"a\": 3\n").problems),
            "f:3:1: duplicate key \"a\", first given at line 1, column 1");
}

TEST(Yaml, FindsAKeyThatComesTwiceAmongMany) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += "k" + std::to_string(i) + ": 1\n";

  EXPECT_NE(parse(text).document, nullptr);
  EXPECT_EQ(first_line(parse(text + "k7: 1\n").problems),
            "f:1001:1: duplicate key \"k7\", first given at line 8, column 1");
}

TEST(Yaml, RefusesKeysThatAreNoTexts) {
  EXPECT_EQ(first_line(parse("? [a]\n: 1\n").problems),
            "f:1:3: a key must be a string, got a list or a map");
  EXPECT_EQ(first_line(parse("- &a b\n- {*a : 1}\n").problems), "f:2:4: an alias cannot be a key");
}

TEST(Yaml, TellsWhereTheTextIsNotUtf8) {
  EXPECT_EQ(first_line(parse("a: b\nc: \xC3\xA9\xFF\n").problems),
            "f:2:5: must be UTF-8 text, got byte 0xff");
  for (const std::string bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x01"})
    EXPECT_EQ(parse("a: " + bad).document, nullptr) << bad;
  EXPECT_EQ(parse(std::string("a: \0b", 5)).document, nullptr);
}

TEST(Yaml, ReportsTheFirstSyntaxErrorWithItsPlace) {
  EXPECT_EQ(first_line(parse("a: b: c\n").problems),
            "f:1:5: syntax error: invalid nested block mapping on the same line");
  EXPECT_EQ(first_line(parse("a: \"x\n").problems),
            "f:1:5: syntax error: double-quoted scalar without closing quote");
}

}  // namespace
}  // namespace sluice::config
