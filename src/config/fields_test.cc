// The language of declarations: every type, every constraint, and what it says about a value that
// does not fit.

#include "config/fields.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/yaml.h"

namespace sluice::config {
namespace {

using std::chrono::milliseconds;

enum class Colour : std::uint8_t { red, dark_blue };

constexpr auto names_of(Colour) {
  return std::to_array<std::string_view>({"red", "dark-blue"});
}

struct Inner {
  std::uint16_t port = 80;
  Place place;

  static constexpr std::string_view type_name = "inner";

  static constexpr auto fields() {
    return std::tuple{required("port", &Inner::port, between(1, 65'535), "A port.")};
  }
};

bool is_even(std::string_view text) {
  return text.size() % 2 == 0;
}

struct Sample {
  bool flag = true;
  std::int8_t small = 1;
  double share = 0.5;
  std::string text = "t";
  std::string prefixed = "/";
  std::string even;
  milliseconds wait{1000};
  milliseconds pause{1500};
  Colour colour = Colour::red;
  std::uint32_t workers = 4;
  std::uint16_t code = 426;
  std::optional<std::string> maybe = "set";
  std::vector<std::string> list = {"default"};
  std::vector<std::string> set;
  std::vector<Inner> inners;
  std::optional<Inner> one;
  Named<std::vector<std::string>> named;
  Reference reference;
  Uuid id;
  const Node* raw = nullptr;

  static constexpr std::array<std::int64_t, 2> codes = {426, 301};
  static constexpr std::string_view type_name = "sample";

  static constexpr auto fields() {
    return std::tuple{
        optional("flag", &Sample::flag, "A flag."),
        optional("small", &Sample::small, "A number that the type bounds."),
        optional("share", &Sample::share, between(0, 1), "A fraction."),
        optional("text", &Sample::text, non_empty(), "A text."),
        optional("prefixed", &Sample::prefixed, starts_with("/"), "A path."),
        optional("even", &Sample::even, matches(is_even, "have an even length"),
                 "A text by a rule."),
        optional("wait", &Sample::wait, milliseconds_between(1, 60'000), "In milliseconds."),
        optional("pause", &Sample::pause, seconds_between(0, 60), "In seconds."),
        optional("colour", &Sample::colour, "An enumeration."),
        optional("workers", &Sample::workers, word_or("auto", 0, between(1, 8)),
                 "A number or a word."),
        optional("code", &Sample::code, one_of(std::span<const std::int64_t>(codes)),
                 "One of some."),
        optional("maybe", &Sample::maybe, "A text or null."),
        optional("list", &Sample::list, unique(non_empty()), "A list."),
        optional("set", &Sample::set, set_of(non_empty()), "A list that drops repetitions."),
        optional("inners", &Sample::inners, "A list of objects."),
        optional("one", &Sample::one, "An object or null."),
        optional("named", &Sample::named, "Lists under names."),
        optional("reference", &Sample::reference, "Another entity."),
        optional("id", &Sample::id, "An identifier."),
        optional("raw", &Sample::raw, "Anything."),
        later("future", "Not yet."),
        accepted("past", "No effect."),
    };
  }

  static void check(Sample& sample, const Given& given) {
    if (sample.text == "forbidden") given.error("text", "must not be forbidden");
  }
};

struct Decoded {
  std::shared_ptr<Document> document;
  Sample sample;
  std::string problems;  ///< first lines only, without the file's name
};

Decoded decoded(std::string text, bool allow_unsupported = false) {
  Decoded result;
  Diagnostics diagnostics(Source{"f", std::move(text)});
  if (allow_unsupported) diagnostics.allow_unsupported();
  result.document = parse_text(TextFormat::yaml, diagnostics);
  if (result.document != nullptr)
    result.sample = decode<Sample>(result.document->root(), diagnostics);
  for (const Diagnostic& problem : diagnostics.all())
    result.problems += (result.problems.empty() ? "" : "; ") +
                       (problem.path.empty() ? "" : problem.path + ": ") + problem.message;
  return result;
}

TEST(Fields, KeepTheirDefaultsWhereNothingIsGiven) {
  const Decoded result = decoded("{}");

  EXPECT_EQ(result.problems, "");
  EXPECT_TRUE(result.sample.flag);
  EXPECT_EQ(result.sample.wait, milliseconds(1000));
  EXPECT_EQ(result.sample.list, std::vector<std::string>{"default"});
  EXPECT_EQ(result.sample.maybe, "set");
}

TEST(Fields, TakeWhatIsGiven) {
  const Decoded result = decoded(
      "{flag: false, small: -128, share: 0.25, text: x, prefixed: /a, even: ab, wait: 20, pause: "
      "0.25,\n"
      "colour: dark-blue, workers: auto, code: 301, maybe: y, list: [a, b], inners: [{port: 1}, "
      "{port: 2}],\n"
      "one: {port: 3}, named: {x: [1a], y: []}, reference: {name: other},\n"
      "id: FD02801F-0957-4a15-a55a-c8d9606f30b5, raw: {k: v}, past: [1], _comment: hello}");

  EXPECT_EQ(result.problems, "");
  const Sample& sample = result.sample;
  EXPECT_FALSE(sample.flag);
  EXPECT_EQ(sample.small, -128);
  EXPECT_EQ(sample.share, 0.25);
  EXPECT_EQ(sample.even, "ab");
  EXPECT_EQ(sample.wait, milliseconds(20));
  EXPECT_EQ(sample.pause, milliseconds(250));
  EXPECT_EQ(sample.colour, Colour::dark_blue);
  EXPECT_EQ(sample.workers, 0U);
  EXPECT_EQ(sample.code, 301);
  EXPECT_EQ(sample.list, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(sample.inners.size(), 2U);
  EXPECT_EQ(sample.inners[1].port, 2);
  EXPECT_EQ(sample.inners[1].place, (Place{2, 90}));
  EXPECT_EQ(sample.one->port, 3);
  ASSERT_EQ(sample.named.size(), 2U);
  EXPECT_EQ(sample.named[0].first, "x");
  EXPECT_EQ(sample.named[0].second, std::vector<std::string>{"1a"});
  EXPECT_EQ(sample.reference.key, "other");
  EXPECT_EQ(sample.id.text(), "fd02801f-0957-4a15-a55a-c8d9606f30b5");
  ASSERT_NE(sample.raw, nullptr);
  EXPECT_EQ(sample.raw->find("k")->text(), "v");
}

TEST(Fields, ReadNullAsNotGivenUnlessTheTypeHasANull) {
  const Decoded result =
      decoded("{flag: null, wait: ~, list: null, maybe: null, one: null, raw: null}");

  EXPECT_EQ(result.problems, "");
  EXPECT_TRUE(result.sample.flag);
  EXPECT_EQ(result.sample.list, std::vector<std::string>{"default"});
  EXPECT_FALSE(result.sample.maybe.has_value());
}

TEST(Fields, SayWhatIsExpectedAndWhatWasFound) {
  const std::pair<std::string, std::string> cases[] = {
      {"flag: 1", "flag: must be true or false, got 1"},
      {"small: 128", "small: must be a whole number between -128 and 127, got 128"},
      {"small: 1.5", "small: must be a whole number between -128 and 127, got 1.5"},
      {"share: 1.01", "share: must be a number between 0 and 1, got 1.01"},
      {"share: .nan", "share: must be a number between 0 and 1, got .nan"},
      {"text: ''", "text: must be a string that is not empty, got \"\""},
      {"text: 1.0", "text: must be a string that is not empty, got 1.0, write it as \"1.0\""},
      {"text: [a]", "text: must be a string that is not empty, got a list"},
      {"prefixed: a", "prefixed: must be a string that starts with \"/\", got \"a\""},
      {"even: abc", "even: must have an even length, got \"abc\""},
      {"wait: 0", "wait: must be a whole number of milliseconds between 1 and 60000, got 0"},
      {"wait: 1.5", "wait: must be a whole number of milliseconds between 1 and 60000, got 1.5"},
      {"wait: 10s",
       "wait: must be a whole number of milliseconds between 1 and 60000, got \"10s\""},
      {"pause: 61", "pause: must be a number of seconds between 0 and 60, got 61"},
      {"colour: dark-blu",
       "colour: must be one of red, dark-blue, got \"dark-blu\", did you mean \"dark-blue\"?"},
      {"workers: fast",
       "workers: must be \"auto\" or a whole number between 1 and 8, got \"fast\""},
      {"workers: 0", "workers: must be \"auto\" or a whole number between 1 and 8, got 0"},
      {"code: 302", "code: must be one of 426, 301, got 302"},
      {"maybe: 5", "maybe: must be a string, got 5, write it as \"5\""},
      {"list: a", "list: must be a list, got \"a\""},
      {"list: [a, '', a]",
       "list[1]: must be a string that is not empty, got \"\"; list[2]: must not repeat \"a\""},
      {"list: [null]", "list[0]: must be a string that is not empty, got null"},
      {"inners: [{}]", "inners[0]: field \"port\" is required"},
      {"inners: [{port: null}]", "inners[0]: field \"port\" is required"},
      {"inners: [{port: 1, prt: 2}]", "inners[0]: unknown field \"prt\", did you mean \"port\"?"},
      {"inners: {port: 1}", "inners: must be a list, got a map"},
      {"one: 1", "one: must be a map or null, got 1"},
      {"named: [a]", "named: must be a map, got a list"},
      {"named: {x: y}", "named.x: must be a list, got \"y\""},
      {"reference: {port: 1}",
       "reference: must be a name, an id, or a map with one of them, got a map"},
      {"raw: [1]", "raw: must be a map, got a list"},
      {"future: 1", "field \"future\" is not supported yet"},
      {"text: forbidden", "text: must not be forbidden"},
      {"[]", "must be a map, got a list"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(decoded(text).problems, expected) << text;
}

TEST(Fields, ReportEveryProblemOfOneObject) {
  EXPECT_EQ(decoded("{flag: 1, wait: 0, flg: 2}").problems,
            "flag: must be true or false, got 1; "
            "wait: must be a whole number of milliseconds between 1 and 60000, got 0; "
            "unknown field \"flg\", did you mean \"flag\"?");
}

TEST(Fields, KeepTheDefaultOfWhatIsWrong) {
  EXPECT_EQ(decoded("wait: 0").sample.wait, milliseconds(1000));
}

TEST(Fields, AcceptWholeNumbersThatAreWrittenAsFractions) {
  const Decoded result = decoded("{small: 2.0, wait: 2e1}");

  EXPECT_EQ(result.problems, "");
  EXPECT_EQ(result.sample.small, 2);
  EXPECT_EQ(result.sample.wait, milliseconds(20));
}

TEST(Fields, LoadWhatIsNotSupportedYetWhenThatIsAllowed) {
  Diagnostics diagnostics(Source{"f", "future: 1"});
  diagnostics.allow_unsupported();
  const auto document = parse_text(TextFormat::yaml, diagnostics);

  decode<Sample>(document->root(), diagnostics);

  EXPECT_FALSE(diagnostics.has_errors());
  ASSERT_EQ(diagnostics.all().size(), 1U);
  EXPECT_EQ(diagnostics.all()[0].severity, Severity::warning);
}

TEST(Fields, ContinueThePathThatTheyAreGiven) {
  Diagnostics diagnostics(Source{"f", "flag: 1"});
  const auto document = parse_text(TextFormat::yaml, diagnostics);
  const Path start("plugins[0].config");

  decode<Sample>(document->root(), diagnostics, start);

  EXPECT_EQ(diagnostics.all()[0].path, "plugins[0].config.flag");
}

TEST(Fields, PrintValuesAsTheFileWouldGiveThem) {
  Sample sample;
  sample.workers = 0;
  sample.named = {{"x", {"a", "\""}}};

  const std::string json = to_json(type_of<Sample>(), {}, &sample);

  EXPECT_EQ(
      json,
      R"({"flag": true, "small": 1, "share": 0.5, "text": "t", "prefixed": "/", "even": "", )"
      R"("wait": 1000, "pause": 1.5, "colour": "red", "workers": "auto", "code": 426, "maybe": "set", )"
      R"("list": ["default"], "set": [], "inners": [], "one": null, "named": {"x": ["a", "\""]}, )"
      R"("reference": null, "id": null, "raw": null})");
}

TEST(Decode, TakesTheBooleansOfYaml11WhereABooleanIsMeant) {
  for (const std::string_view word : {"no", "No", "NO", "off", "Off", "OFF"}) {
    const Decoded wanted = decoded(fmt::format("{{flag: {}, text: {}}}", word, word));
    EXPECT_EQ(wanted.problems, "") << word;
    EXPECT_FALSE(wanted.sample.flag) << word;
    EXPECT_EQ(wanted.sample.text, word);
  }
  for (const std::string_view word : {"yes", "Yes", "YES", "on", "On", "ON"})
    EXPECT_TRUE(decoded(fmt::format("{{flag: {}}}", word)).sample.flag) << word;
  for (const std::string_view word : {"\"no\"", "'off'", "nO", "y", "!!str no"})
    EXPECT_NE(decoded(fmt::format("{{flag: {}}}", word)).problems, "") << word;
}

TEST(Decode, DropsRepetitionsFromASet) {
  const Decoded wanted = decoded("{set: [b, a, b, \"b\", a]}");

  EXPECT_EQ(wanted.problems, "");
  EXPECT_EQ(wanted.sample.set, (std::vector<std::string>{"b", "a"}));
}

}  // namespace
}  // namespace sluice::config
