// When certificates are valid, and what is said of those that are not.

#include "config/pem.h"

#include <chrono>

#include <gtest/gtest.h>

#include "config/load.h"
#include "support/certified.h"

namespace sluice::config {
namespace {

TEST(Pem, ACertificateHasATimeThatBeginsAndEnds) {
  const WallTime now = std::chrono::system_clock::now();
  const auto pem_since = [&](WallTime begin, const char* end) {
    return testing::certify("node", begin, end, nullptr).pem();
  };
  const std::string right = pem_since(now, "20991231235959Z");
  EXPECT_FALSE(is_early(right) || is_expired(right));
  const std::string early = pem_since(now + std::chrono::hours(48), "20991231235959Z");
  EXPECT_TRUE(is_early(early) && !is_expired(early));
  const std::string expired = pem_since(now - std::chrono::hours(48), "20200101000000Z");
  EXPECT_TRUE(!is_early(expired) && is_expired(expired));
  EXPECT_FALSE(is_early("nonsense") || is_expired("nonsense"));
}

TEST(Pem, AConfigurationIsToldOfACertificateWhoseTimeHasYetToBegin) {
  const auto said_of = [](WallTime begin) {
    const testing::Certified made = testing::certify("node", begin, "20991231235959Z", nullptr);
    const auto quoted = [](std::string pem) {
      for (std::size_t at = 0; (at = pem.find('\n', at)) != std::string::npos; at += 2)
        pem.replace(at, 1, "\\n");
      return '"' + pem + '"';
    };
    const LoadResult loaded =
        load_text("_format_version: \"3.0\"\ncertificates:\n- cert: " + quoted(made.pem()) +
                      "\n  key: " + quoted(made.key_pem()) + "\n  snis: [{name: node}]\n",
                  "certificates.yaml");
    EXPECT_FALSE(loaded.diagnostics.has_errors()) << loaded.diagnostics.render();
    return loaded.diagnostics.warnings();
  };
  const WallTime now = std::chrono::system_clock::now();
  EXPECT_TRUE(said_of(now).empty());
  const auto said = said_of(now + std::chrono::hours(48));
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said.front().find("cert: warning: is not valid yet"), std::string::npos)
      << said.front();
}

}  // namespace
}  // namespace sluice::config
