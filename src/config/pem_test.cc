// When certificates are valid.

#include "config/pem.h"

#include <chrono>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace sluice::config
