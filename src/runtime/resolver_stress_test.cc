// The resolver in a bad network, under load, and at its end, with many seeds.

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "support/resolver_fixture.h"

namespace sluice {
namespace {

using testing::address_record;
using testing::DnsManner;
using testing::Found;
using testing::service_record;
using testing::text_of;

class ResolverStressTest : public testing::ResolverTest {
 protected:
  ResolverStressTest() { settings_.order = {DnsType::srv, DnsType::a, DnsType::aaaa}; }
};

class ResolverLimitTest : public testing::ResolverTest {};

TEST_P(ResolverLimitTest, RefusesTooManyQueriesAtOnce) {
  first().manner = second().manner = DnsManner::silent;
  std::vector<std::optional<Found>> found(1200);
  Scope scope(loop_, found.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    ASSERT_TRUE(scope.spawn(testing::store(
        resolver().resolve("n" + std::to_string(i) + ".test", 80, loop_.now() + milliseconds(100)),
        found[i])));
  testing::turn_until(loop_, [&] { return scope.size() == 0; });

  EXPECT_EQ(text_of(*found[1023]), "error: n1023.test: not resolved in time");
  EXPECT_EQ(text_of(*found[1024]), "error: n1024.test: too many queries");
}

TEST_P(ResolverStressTest, MayDieWhileItAsks) {
  first().manner = DnsManner::truncates;
  first().answers_streams = false;
  for (int i = 0; i < 30; ++i) {
    std::optional<Found> found;
    std::optional<Found> service;
    Scope scope(loop_, 2);
    ASSERT_TRUE(scope.spawn(testing::store(resolver().resolve("a.test", 80, never), found)));
    ASSERT_TRUE(
        scope.spawn(testing::store(resolver().resolve("_x._tcp.a.test", 80, never), service)));
    for (int turn = 0; turn < i; ++turn)
      loop_.turn(loop_.now() + microseconds(500));
    if (i % 2 == 0) scope.cancel();
    resolver_.reset();
  }
}

/// Whatever the network and the servers do: the right answer or an error, in bounded time, and
/// nothing is left.
TEST_P(ResolverStressTest, StandsABadNetwork) {
  Random random(GetParam());
  engine_.faults().datagram_lost = 5;
  engine_.faults().connect_fails = 5;
  engine_.faults().connect_hangs = 8;
  engine_.faults().connection_resets = 3;
  settings_.timeout = milliseconds(300);
  settings_.stale_ttl = milliseconds(random.below(2000));
  settings_.cache_entries = 1 + random.below(30);
  for (int i = 0; i < 20; ++i) {
    const std::string number = std::to_string(i);
    add(address_record("n" + number + ".test", "10.5.0." + number,
                       static_cast<std::uint32_t>(random.below(3))));
    add(service_record("_s._tcp.n" + number + ".test", {1, 1, 99}, "n" + number + ".test"));
  }
  constexpr unsigned manners = static_cast<unsigned>(DnsManner::floods) + 1;
  for (const auto& server : servers_)
    for (int i = 0; i < 3000; ++i)
      server->first_manners.push_back(static_cast<DnsManner>(random.below(manners)));
  std::vector<std::optional<Found>> found(300);
  std::vector<std::string> names(found.size());

  struct Group {
    explicit Group(Loop& loop) : scope(loop, 300) {}

    Scope scope;
  };

  std::array<std::optional<Group>, 10> groups;
  for (auto& group : groups)
    group.emplace(loop_);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string name = "n" + std::to_string(random.below(20)) + ".test";
    names[i] = name;
    auto task =
        random.one_in(3)
            ? resolver().resolve("_s._tcp." + name, 80, never)
            : resolver().resolve(name, 99, after(loop_.now(), milliseconds(random.below(3000))));
    auto& group = groups[random.below(groups.size())];
    ASSERT_TRUE(group->scope.spawn(testing::store(std::move(task), found[i])));
    if (random.one_in(4)) loop_.turn(loop_.now() + milliseconds(random.below(50)));
    if (random.one_in(40)) group.emplace(loop_);
  }
  testing::turn_until(loop_, [&] {
    return std::ranges::all_of(groups, [](auto& group) { return group->scope.size() == 0; });
  });

  std::size_t right = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i] || !*found[i]) continue;
    ++right;
    const std::string number = names[i].substr(1, names[i].find('.') - 1);
    EXPECT_EQ(text_of(*found[i]), "10.5.0." + number + ":99") << names[i];
  }
  EXPECT_GT(right, 0u);
}

INSTANTIATE_TEST_SUITE_P(Simulated, ResolverLimitTest, ::testing::Range<std::uint64_t>(1, 6));
INSTANTIATE_TEST_SUITE_P(Simulated, ResolverStressTest, ::testing::Range<std::uint64_t>(1, 201));

}  // namespace
}  // namespace sluice
