// The form of a token and what makes one good or bad.

#include "gateway/explain_token.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr std::string_view key = "sixteen letters!";

WallTime at(std::int64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

TEST(ExplainToken, IsWhatTheFormSays) {
  // Worked out with Python's hmac and base64.
  EXPECT_EQ(make_explain_token(key, at(1'800'000'000), ""),
            "1800000000..WFBTAXFNswRe3oDpMj1Ub0NzVbXrMfqKWlfw_sPjGdk");
  EXPECT_EQ(make_explain_token(key, at(1'800'000'000), "orders"),
            "1800000000.b3JkZXJz.oTazmWVOpKTSA2Yfcso85MgwfEGHU8crVXIEFikxb8Y");
}

TEST(ExplainToken, IsAcceptedUntilItExpires) {
  const std::string token = make_explain_token(key, at(1000), "r\xc3\xb8ute");
  const auto accepted = check_explain_token(key, token, at(999));
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->route, "r\xc3\xb8ute");
  EXPECT_FALSE(check_explain_token(key, token, at(1000)));
  EXPECT_FALSE(check_explain_token(key, token, at(1001)));
}

TEST(ExplainToken, IsRefusedWithoutTheKey) {
  const std::string token = make_explain_token(key, at(1000), "");
  EXPECT_TRUE(check_explain_token(key, token, at(1)));
  EXPECT_FALSE(check_explain_token("another key of 16", token, at(1)));
  EXPECT_FALSE(check_explain_token("", make_explain_token("", at(1000), ""), at(1)));
}

TEST(ExplainToken, IsRefusedWhenAByteOfItChanges) {
  const std::string token = make_explain_token(key, at(1000), "orders");
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == '1' ? '2' : '1';
    EXPECT_FALSE(check_explain_token(key, changed, at(1))) << changed;
    EXPECT_FALSE(check_explain_token(key, token.substr(0, i), at(1))) << i;
  }
  for (const std::string_view odd :
       {"", ".", "..", "...", "1000..", "9999999999999999999999..x", "-1..x", "a.b.c", "1000.b"})
    EXPECT_FALSE(check_explain_token(key, odd, at(1))) << odd;
  EXPECT_FALSE(check_explain_token(key, token + std::string(2000, 'A'), at(1)));
}

}  // namespace
}  // namespace sluice
