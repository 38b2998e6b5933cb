// What a worker keeps of groups of targets.

#include "upstream/balancer.h"

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
