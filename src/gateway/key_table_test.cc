// Keys: found exactly, at any number, in any order.

#include "gateway/key_table.h"

#include <string>

#include <gtest/gtest.h>

#include "base/sip_hash.h"

namespace sluice {
namespace {

TEST(SipHash, DependsOnEveryByteAndOnTheKey) {
  const SipKey key{1, 2};
  std::string text = "a key of more than sixteen bytes";
  const std::uint64_t hash = sip_hash(key, text);
  EXPECT_NE(hash, sip_hash(SipKey{1, 3}, text));
  EXPECT_NE(hash, sip_hash(SipKey{2, 2}, text));
  for (char& byte : text) {
    byte ^= 1;
    EXPECT_NE(hash, sip_hash(key, text));
    byte ^= 1;
  }
  EXPECT_NE(sip_hash(key, ""), sip_hash(key, std::string_view("\0", 1)));
  EXPECT_EQ(hash, sip_hash(key, text));
}

TEST(KeyTable, FindsWhatIsInItAndNothingElse) {
  constexpr std::uint32_t count = 20'000;
  KeyTable table(count);
  const auto key = [](std::uint32_t i) {
    // Empty, short, at the border of what a record holds, and longer.
    return std::string(i % 80, 'k') + std::to_string(i);
  };
  for (std::uint32_t i = 0; i < count; ++i)
    table.add(key(i), {{}, i});
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto found = table.find(key(i));
    ASSERT_TRUE(found) << i;
    EXPECT_EQ(found->consumer, i);
    EXPECT_FALSE(table.find(key(i) + "x"));
  }
  EXPECT_FALSE(table.find(""));
}

TEST(KeyTable, IsEmptyByItself) {
  EXPECT_FALSE(KeyTable().find("any"));
}

TEST(ConstantTime, ComparesLikeEquality) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
  EXPECT_FALSE(equal_in_constant_time("bbc", "abc"));
}

}  // namespace
}  // namespace sluice
