// Wrong files and what is said about each, compared as whole text:
// tests/golden/config/*.{yaml,json} and *.expected. With UPDATE_GOLDEN=1 in the environment the
// expectations are written anew, for a person to review.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/load.h"

namespace sluice::config {
namespace {

namespace fs = std::filesystem;

const fs::path& folder() {
  static const fs::path path = fs::path(SLUICE_SOURCE_DIR) / "tests/golden/config";
  return path;
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

std::vector<std::string> inputs() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder()))
    if (entry.path().extension() != ".expected") names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

/// What `sluice check` would print. Files named allowed_* are loaded with allow_unsupported.
std::string verdict_on(const std::string& name) {
  const LoadOptions options{.allow_unsupported = name.starts_with("allowed_")};
  const LoadResult result = load_text(content_of(folder() / name), name, options);
  return result.diagnostics.render() + (result.file ? "loads\n" : "");
}

class GoldenConfig : public testing::TestWithParam<std::string> {};

TEST_P(GoldenConfig, SaysWhatIsExpected) {
  fs::path expected = folder() / GetParam();
  expected.replace_extension(".expected");

  const std::string verdict = verdict_on(GetParam());

  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(expected, std::ios::binary) << verdict;
  EXPECT_EQ(verdict, content_of(expected));
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenConfig, testing::ValuesIn(inputs()), [](const auto& tested) {
  return tested.param.substr(0, tested.param.find('.'));
});

TEST(GoldenConfigFolder, HoldsAtLeastSixtyWrongFiles) {
  std::size_t wrong = 0;
  for (const std::string& name : inputs())
    if (!verdict_on(name).ends_with("loads\n")) ++wrong;

  EXPECT_GE(wrong, 60U);
}

}  // namespace
}  // namespace sluice::config
