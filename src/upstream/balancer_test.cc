// Which target, and which address of its name, gets a request.

#include "upstream/balancer.h"

#include <map>

#include <gtest/gtest.h>

namespace sluice::upstream {
namespace {

TargetGroup group_of_two(std::string id) {
  TargetGroup group;
  group.id = std::move(id);
  group.targets.resize(2);
  group.targets[0].host = "10.0.0.1";
  group.targets[1].host = "10.0.0.2";
  return group;
}

/// Priority and weight as an SRV record has them.
ResolvedAddress resolved(std::string_view ip, std::uint16_t priority = 0,
                         std::uint16_t weight = 1) {
  return {Address::from_ip(ip, 80).value(), priority, weight};
}

TEST(PickAddress, SharesByWeightAmongTheLowestPriority) {
  const std::vector<ResolvedAddress> addresses = {
      resolved("10.0.0.1", 1, 30), resolved("10.0.0.2", 1, 10), resolved("10.0.0.3", 1, 0),
      resolved("10.0.0.4", 2, 1000)};
  std::map<std::string, int> times;
  std::vector<Address> failed;
  for (std::uint64_t chance = 0; chance < 410; ++chance)
    ++times[pick_address(addresses, failed, chance).text()];
  EXPECT_EQ(times, (std::map<std::string, int>{
                       {"10.0.0.1:80", 300}, {"10.0.0.2:80", 100}, {"10.0.0.3:80", 10}}));
}

TEST(PickAddress, PassesOverThoseThatFailedUntilAllDid) {
  const std::vector<ResolvedAddress> addresses = {resolved("10.0.0.1", 1), resolved("10.0.0.2", 2),
                                                  resolved("10.0.0.3", 2), resolved("10.0.0.4", 3)};
  const Address other = Address::from_ip("10.9.9.9", 80).value();
  for (std::uint64_t chance = 0; chance < 10; ++chance) {
    std::vector<Address> failed = {other};
    const auto fail_next = [&] {
      failed.push_back(pick_address(addresses, failed, chance));
      return failed.back().text();
    };
    for (int round = 0; round < 3; ++round) {
      EXPECT_EQ(fail_next(), "10.0.0.1:80");
      const std::string second = fail_next();
      const std::string third = fail_next();
      EXPECT_EQ(std::min(second, third), "10.0.0.2:80");
      EXPECT_EQ(std::max(second, third), "10.0.0.3:80");
      EXPECT_EQ(fail_next(), "10.0.0.4:80");
      EXPECT_EQ(failed.size(), 5U);
    }
    EXPECT_EQ(failed.front(), other) << "of another name";
  }
}

TEST(Balancers, ForgetGroupsThatNobodyUsesAndKeepThePlaceOfOthers) {
  Balancers balancers;
  const TargetGroup kept = group_of_two("kept");
  EXPECT_EQ(balancers.pick(kept, {}), 0U);
  EXPECT_EQ(balancers.pick(group_of_two("gone"), {}), 0U);
  ASSERT_EQ(balancers.size(), 2U);

  balancers.forget([](std::string_view id) { return id == "kept"; });

  EXPECT_EQ(balancers.size(), 1U);
  EXPECT_EQ(balancers.pick(kept, {}), 1U);
}

}  // namespace
}  // namespace sluice::upstream
