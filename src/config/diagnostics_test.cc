// How problems are shown, and what is guessed.

#include "config/diagnostics.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

TEST(Diagnostics, ShowTheLineAndACaretInTheOrderOfTheFile) {
  Diagnostics diagnostics(Source{"f.yaml", "a: 1\n\té: x\r\n"});
  const Path root;
  const Path path(root, "é");

  diagnostics.error({2, 5}, path, "second");
  diagnostics.warning({1, 4}, Path(), "first");

  EXPECT_EQ(diagnostics.render(),
            "f.yaml:1:4: warning: first\n  a: 1\n     ^\n"
            "f.yaml:2:5: é: second\n  \té: x\n  \t   ^\n");
}

TEST(Diagnostics, ShowNoLineForAPlaceOutsideTheFile) {
  Diagnostics diagnostics(Source{"f", "a"});

  diagnostics.error({}, Path(), "nowhere");
  diagnostics.error({9, 1}, Path(), "beyond");

  EXPECT_EQ(diagnostics.render(), "f: nowhere\nf:9:1: beyond\n");
}

TEST(Diagnostics, CutLongLinesAndLeaveOutACaretThatIsBehindTheCut) {
  Diagnostics diagnostics(Source{"f", std::string(500, 'x')});

  diagnostics.error({1, 400}, Path(), "far");

  EXPECT_EQ(diagnostics.render(), "f:1:400: far\n  " + std::string(160, 'x') + "\n");
}

TEST(Diagnostics, EndTheExcerptOfAWholeFieldAtItsName) {
  Diagnostics diagnostics(Source{"f", "secrets: [{key: s3cr3t}]"});

  diagnostics.unsupported_field({1, 1}, Path(), "secrets");

  EXPECT_EQ(diagnostics.render(),
            "f:1:1: field \"secrets\" is not supported yet\n  secrets:\n  ^\n");
}

TEST(Diagnostics, CountWhatTheyDoNotKeep) {
  Diagnostics diagnostics(Source{"f", ""});

  for (std::size_t i = 0; i < diagnostics_max + 7; ++i)
    diagnostics.error({}, Path(), "again");

  EXPECT_EQ(diagnostics.all().size(), diagnostics_max);
  EXPECT_EQ(diagnostics.error_count(), diagnostics_max + 7);
  EXPECT_TRUE(diagnostics.render().ends_with("f: and 7 more\n"));
}

TEST(Diagnostics, PrintNoControlCharacters) {
  EXPECT_EQ(in_quotes("a\x1b[31m\n"), "\"a\\x1b[31m\\x0a\"");
  EXPECT_EQ(in_quotes(std::string(100, 'a')), "\"" + std::string(60, 'a') + "...\"");
}

TEST(Path, IsSpelledAsInTheFile) {
  const Path services("services");
  const Path service(services, 2);
  const Path routes(service, "routes");
  const Path route(routes, 0);

  EXPECT_EQ(Path(route, "paths").text(), "services[2].routes[0].paths");
  EXPECT_EQ(Path().text(), "");
}

TEST(Nearest, FindsTheNameThatWasMeant) {
  const std::array<std::string_view, 4> names = {"paths", "hosts", "methods", "id"};

  EXPECT_EQ(nearest("pahts", names), "paths");
  EXPECT_EQ(nearest("method", names), "methods");
  EXPECT_EQ(nearest("hots", names), "hosts");
  EXPECT_EQ(nearest("completely", names), "");
  EXPECT_EQ(nearest("xy", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(suggestion("pahts", names), ", did you mean \"paths\"?");
}

}  // namespace
}  // namespace sluice::config
