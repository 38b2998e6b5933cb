// Runs: which patterns they are for, and that they match what RE2 matches.

#include "base/run_pattern.h"

#include <random>

#include <gtest/gtest.h>
#include <re2/re2.h>

namespace sluice {
namespace {

/// The length of the match, -1 for none, -2 where the automaton is to be asked.
int match(std::string_view pattern, std::string_view text) {
  const std::string program = compile_run_pattern(pattern);
  if (program.empty()) return -2;
  std::size_t size = 0;
  switch (match_run_pattern(program, text, size)) {
    case RunOutcome::matches:
      return static_cast<int>(size);
    case RunOutcome::differs:
      return -1;
    default:
      return -2;
  }
}

int match_with_re2(const re2::RE2& regex, std::string_view text) {
  re2::StringPiece found;
  if (!regex.Match({text.data(), text.size()}, 0, text.size(), re2::RE2::ANCHOR_START, &found, 1))
    return -1;
  return static_cast<int>(found.size());
}

TEST(RunPattern, MatchesTextsAndRunsOfClasses) {
  struct Case {
    std::string_view pattern, text;
    int size;
  };

  for (const auto& [pattern, text, size] : std::vector<Case>{
           {"/users/\\d+/orders", "/users/17/orders/x", 16},
           {"/users/\\d+/orders", "/users//orders", -1},
           {"/users/\\d+/orders", "/users/17/order", -1},
           {"/v(?<n>[12])/(?P<name>[^/]+)$", "/v1/abc", 7},
           {"/v(?<n>[12])/(?P<name>[^/]+)$", "/v1/abc/", -1},
           {"/v[12]", "/v3", -1},
           {"/a/?$", "/a/", 3},
           {"/a/?$", "/a", 2},
           {"/a/?$", "/ab", -1},
           {"/a.*", "/a/b\n", 4},
           {"/(?:\\w+)\\.js$", "/app_1.js", 9},
           {"/\\D+\\d", "/ab1", 4},
           {"/[a-c\\d_.-]+", "/a1_.-d", 6},
           {"/[^\\s/]*/x", "//x", 3},
           {"/x", "", -1},
       })
    EXPECT_EQ(match(pattern, text), size) << pattern << " " << text;
}

TEST(RunPattern, LeavesTheRestToTheAutomaton) {
  for (const std::string_view pattern :
       {"/a|b",         "/(a|b)", "(?i)/a", "/a+a",     "/\\d*1",  "/a?ab",   "/(ab)+",
        "/a{2}",        "/a+?",   "/a$b",   "/^a",      "/\\bx",   "/\\x41",  "/\\pL",
        "/[[:alpha:]]", "/ø",     "/[ø]",   "/.*x",     "/[^/]+b", "/(?=a)",  "/a**",
        "/[a",          "/(a",    "/a)",    "/\\Qa\\E", "/[b-a]",  "/[\\d-z]"})
    EXPECT_EQ(compile_run_pattern(pattern), "") << pattern;
  // Only RE2 knows which bytes are one character.
  EXPECT_EQ(match("/[^/]+/", "/ø/"), -2);
  EXPECT_EQ(match("/.", "/\xff"), -2);
  EXPECT_EQ(match("/a/", "/ø/"), -1);
}

TEST(RunPattern, MatchesAsRe2DoesWhateverThePattern) {
  std::mt19937 random(5);
  const auto one_of = [&](std::initializer_list<const char*> texts) {
    return std::string(texts.begin()[random() % texts.size()]);
  };
  std::size_t compared = 0;
  re2::RE2::Options options;
  options.set_log_errors(false);
  for (int i = 0; i < 4000; ++i) {
    std::string pattern = "/";
    for (std::size_t parts = 1 + random() % 5; parts > 0; --parts) {
      pattern +=
          one_of({"a", "b", "/", "1", "\\d", "\\w", "[ab]", "[^/]", ".", "\\.", "(a)", "(?:b1)",
                  "(?<n>[a1]+)", "\\S", "[a-b1-2]", "[^ab]", "\\D", "[]a]", "[a-]"});
      pattern += one_of({"", "", "+", "*", "?", "+?"});
    }
    pattern += one_of({"", "", "$"});
    if (compile_run_pattern(pattern).empty()) continue;
    std::string in_re2 = pattern;
    if (const std::size_t at = in_re2.find("(?<n>"); at != std::string::npos)
      in_re2.replace(at, 5, "(?:");
    const re2::RE2 regex(in_re2, options);
    if (!regex.ok()) continue;
    for (int j = 0; j < 20; ++j) {
      std::string text = "/";
      for (std::size_t size = random() % 7; size > 0; --size)
        text += one_of({"a", "b", "/", "1", "2", ".", "_", "\n"});
      ASSERT_EQ(match(pattern, text), match_with_re2(regex, text)) << pattern << " " << text;
      ++compared;
    }
  }
  EXPECT_GT(compared, 5000U);
}

}  // namespace
}  // namespace sluice
