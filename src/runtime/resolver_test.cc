// The resolver against name servers in the simulated network, with many seeds.

#include <initializer_list>

#include <gtest/gtest.h>

#include "support/resolver_fixture.h"

namespace sluice {
namespace {

using testing::address_record;
using testing::alias_record;
using testing::DnsManner;
using testing::Found;
using testing::ResolverTest;
using testing::run;
using testing::text_of;
using testing::zone_record;

TEST_P(ResolverTest, TakesTheFirstFamilyInTheOrderOfThoseAskedForAtOnce) {
  add(address_record("b.test", "2001:db8::2"));
  add(address_record("b.test", "10.1.0.2"));
  add(address_record("b.test", "10.1.0.3"));
  add(address_record("six.test", "2001:db8::6"));

  EXPECT_EQ(text_of(resolve("B.test")), "10.1.0.2:80 10.1.0.3:80");
  EXPECT_EQ(text_of(resolve("six.test")), "[2001:db8::6]:80");
  EXPECT_EQ(datagrams(), 4u);
  EXPECT_EQ(second().asked.size(), 0u);

  use_order({DnsType::aaaa, DnsType::a});
  EXPECT_EQ(text_of(resolve("b.test")), "[2001:db8::2]:80");
  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80");

  use_order({DnsType::aaaa});
  EXPECT_EQ(text_of(resolve("a.test")), "error: a.test: no such records");
}

TEST_P(ResolverTest, WaitsForNoTypeBehindTheOneThatCounts) {
  first().ignored_type = second().ignored_type = 28;
  const TimePoint begin = loop_.now();

  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80");
  EXPECT_LE(loop_.now() - begin, milliseconds(100));
}

TEST_P(ResolverTest, ServesAnAnswerUntilItsTimeIsOver) {
  const Found once = resolve("a.test");
  pass(seconds(59));
  const Found again = resolve("A.TEST");

  EXPECT_EQ(text_of(once), "10.1.0.1:80");
  ASSERT_TRUE(once && again);
  EXPECT_EQ(*once, *again) << "the same list, not a copy";
  EXPECT_EQ(datagrams(), 2u);

  first().zone.clear();
  first().add(address_record("a.test", "10.1.0.9"));
  pass(seconds(2));
  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.9:80");
}

TEST_P(ResolverTest, KeepsTheListWhileNothingChanges) {
  const Found once = resolve("a.test");
  pass(seconds(61));
  const Found again = resolve("a.test");

  ASSERT_TRUE(once && again);
  EXPECT_EQ(*once, *again);
  EXPECT_EQ(datagrams(), 4u) << "it was asked for anew";
}

TEST_P(ResolverTest, GivesEachPortItsList) {
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{80, 443, 80}) {
    const Found found = run(loop_, resolver().resolve("a.test", port, never));
    EXPECT_EQ(text_of(found), "10.1.0.1:" + std::to_string(port));
  }
  EXPECT_EQ(datagrams(), 2u);
}

TEST_P(ResolverTest, BoundsTimesByItsSettings) {
  settings_.ttl_min = seconds(10);
  settings_.ttl_max = seconds(30);
  add(address_record("short.test", "10.1.0.2", 0));
  resolve("short.test");
  resolve("a.test");

  pass(seconds(9));
  resolve("short.test");
  resolve("a.test");
  EXPECT_EQ(datagrams(), 4u);

  pass(seconds(22));
  resolve("a.test");
  EXPECT_EQ(datagrams(), 6u);
}

TEST_P(ResolverTest, FollowsAliases) {
  first().zone[{"www.test", 1}].answers = {alias_record("www.test", "a.test", 5),
                                           address_record("a.test", "10.1.0.1")};
  first().zone[{"www.test", 28}].answers = {alias_record("www.test", "a.test", 5)};

  EXPECT_EQ(text_of(resolve("www.test")), "10.1.0.1:80");
}

TEST_P(ResolverTest, RemembersThatANameDoesNotExist) {
  settings_.negative_ttl = seconds(10);
  settings_.ttl_min = seconds(0);

  EXPECT_EQ(text_of(resolve("no.test")), "error: no.test: no such name");
  EXPECT_EQ(resolve("no.test").error().code, ErrorCode::name_resolution_failed);
  EXPECT_EQ(datagrams(), 2u);
  pass(seconds(11));
  resolve("no.test");
  EXPECT_EQ(datagrams(), 4u);

  first().missing.authorities = {zone_record("test", 3)};
  resolve("never.test");
  pass(seconds(4));
  resolve("never.test");
  EXPECT_EQ(datagrams(), 8u) << "the zone allows three seconds";
}

TEST_P(ResolverTest, SaysThatANameHasNoAddress) {
  add({"text.test", 16, 60, std::string("\1x")});

  EXPECT_EQ(text_of(resolve("text.test")), "error: text.test: no such records");
}

TEST_P(ResolverTest, IgnoresDatagramsThatDoNotAnswer) {
  for (const DnsManner manner : {DnsManner::garbage_first, DnsManner::wrong_id_first,
                                 DnsManner::wrong_source_first, DnsManner::wrong_question_first}) {
    first().manner = manner;
    resolver_.reset();
    EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80") << static_cast<int>(manner);
  }
  EXPECT_EQ(second().asked.size(), 0u) << "the first server's true answer was awaited";
}

TEST_P(ResolverTest, AsksTheNextServerWhenOneFails) {
  for (const DnsManner manner : {DnsManner::silent, DnsManner::fails, DnsManner::late,
                                 DnsManner::malformed, DnsManner::floods}) {
    first().manner = manner;
    second().asked.clear();
    resolver_.reset();
    EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80") << static_cast<int>(manner);
    EXPECT_GE(second().asked.size(), 1u);
  }
  pass(seconds(5));  // the late answers find nobody
}

TEST_P(ResolverTest, LeavesTheQuestionThatManyGuess) {
  first().manner = second().manner = DnsManner::floods;
  const TimePoint begin = loop_.now();

  EXPECT_EQ(text_of(resolve("a.test")),
            "error: a.test: 10.0.0.1:53: too many datagrams that answer something else");
  EXPECT_LT(loop_.now() - begin, settings_.timeout);
}

TEST_P(ResolverTest, GivesUpWhenNoServerAnswers) {
  settings_.timeout = milliseconds(500);
  first().manner = DnsManner::silent;
  second().manner = DnsManner::fails;
  const TimePoint begin = loop_.now();

  EXPECT_EQ(text_of(resolve("a.test")), "error: a.test: 10.0.0.1:53: no answer in time");
  EXPECT_GE(loop_.now() - begin, milliseconds(1000));
  EXPECT_LE(loop_.now() - begin, milliseconds(1200));
  EXPECT_EQ(first().asked.size(), 4u);
  EXPECT_GE(second().asked.size(), 1u);

  resolve("a.test");
  EXPECT_EQ(datagrams(), 6u) << "remembered for negative_ttl";
  first().manner = DnsManner::answers;
  pass(milliseconds(1001));
  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80");
}

TEST_P(ResolverTest, AsksAPlainQuestionWhereExtensionsAreUnknown) {
  first().manner = DnsManner::knows_no_extension;

  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80");
  EXPECT_EQ(first().asked.size(), 4u);
}

TEST_P(ResolverTest, FetchesOverTcpWhatDoesNotFitADatagram) {
  settings_.timeout = seconds(60);  // some seeds carry a byte at a time
  first().manner = DnsManner::truncates;
  for (int i = 0; i < 200; ++i)
    add(address_record("big.test", "10.2.0." + std::to_string(i)));

  const Found found = resolve("big.test");

  ASSERT_TRUE(found.has_value()) << text_of(found);
  EXPECT_EQ((*found)->size(), 64u);
  EXPECT_GE(first().streams, 1);
  EXPECT_EQ(datagrams(), 2u);
}

TEST_P(ResolverTest, AsksTheNextServerWhenTcpHangs) {
  first().manner = DnsManner::truncates;
  first().answers_streams = false;

  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80");
  EXPECT_GE(second().asked.size(), 1u);
}

TEST_P(ResolverTest, HasOneFamilyWhenTheOtherFails) {
  for (const auto& server : servers_)
    server->zone[{"a.test", 28}] = {.rcode = DnsRcode::server_failure};
  add(address_record("six.test", "2001:db8::6"));
  for (const auto& server : servers_)
    server->zone[{"six.test", 1}] = {.rcode = DnsRcode::refused};

  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80");
  EXPECT_EQ(text_of(resolve("six.test")), "[2001:db8::6]:80");
}

TEST_P(ResolverTest, WaitsTwoAttemptsForServersThatIgnoreAFamily) {
  settings_.order = {DnsType::aaaa, DnsType::a};
  first().ignored_type = second().ignored_type = 28;
  const TimePoint begin = loop_.now();

  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80");
  EXPECT_LE(loop_.now() - begin, 2 * settings_.timeout + milliseconds(20));
}

TEST_P(ResolverTest, BettersAnAnswerSoonWithoutAnybodyWaiting) {
  settings_.order = {DnsType::aaaa, DnsType::a};
  add(address_record("a.test", "2001:db8::1", 60));
  first().ignored_type = second().ignored_type = 28;
  resolve("a.test");
  first().ignored_type = 0;
  pass(settings_.negative_ttl + milliseconds(10));

  EXPECT_EQ(text_of(resolve("a.test", milliseconds(0))), "10.1.0.1:80");
  pass(milliseconds(100));
  EXPECT_EQ(text_of(resolve("a.test", milliseconds(0))), "[2001:db8::1]:80");
}

TEST_P(ResolverTest, SharesOneQueryAmongManyAndHarmsNobodyWhenSomeLeave) {
  first().first_manners = {DnsManner::silent, DnsManner::silent};
  std::vector<std::optional<Found>> found(30);
  Scope stay(loop_, 30);
  {
    Scope leave(loop_, 30);
    for (std::size_t i = 0; i < found.size(); ++i) {
      Scope& scope = i % 3 == 0 ? leave : stay;
      const TimePoint deadline = i % 3 == 1 ? loop_.now() + milliseconds(100) : never;
      ASSERT_TRUE(
          scope.spawn(testing::store(resolver().resolve("a.test", 80, deadline), found[i])));
    }
    pass(milliseconds(50));
  }
  testing::turn_until(loop_, [&] { return stay.size() == 0; });

  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i % 3 == 0) {
      EXPECT_FALSE(found[i].has_value());
    } else if (i % 3 == 1) {
      EXPECT_EQ(text_of(*found[i]), "error: a.test: not resolved in time");
    } else {
      EXPECT_EQ(text_of(*found[i]), "10.1.0.1:80");
    }
  }
  EXPECT_EQ(datagrams(), 4u) << "A and AAAA, lost once";
}

TEST_P(ResolverTest, GoesOnWithAQueryThatNobodyAwaitsAnyMore) {
  first().first_manners = {DnsManner::late, DnsManner::late};
  settings_.timeout = seconds(5);

  EXPECT_EQ(text_of(resolve("a.test", milliseconds(10))), "error: a.test: not resolved in time");
  pass(seconds(4));
  EXPECT_EQ(text_of(resolve("a.test", milliseconds(0))), "10.1.0.1:80");
}

TEST_P(ResolverTest, ServesStaleWhileItAsksAnew) {
  settings_.stale_ttl = seconds(100);
  resolve("a.test");
  first().zone.clear();
  first().add(address_record("a.test", "10.1.0.9"));
  pass(seconds(61));

  EXPECT_EQ(text_of(resolve("a.test", milliseconds(0))), "10.1.0.1:80");
  EXPECT_EQ(text_of(resolve("a.test", milliseconds(0))), "10.1.0.1:80");
  pass(seconds(1));
  EXPECT_EQ(text_of(resolve("a.test", milliseconds(0))), "10.1.0.9:80");
  EXPECT_EQ(datagrams(), 4u) << "one refresh";
}

TEST_P(ResolverTest, ServesStaleWhileNoServerAnswersAndNoLonger) {
  settings_.stale_ttl = seconds(100);
  resolve("a.test");
  first().manner = second().manner = DnsManner::fails;
  pass(seconds(61));

  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80");
    pass(milliseconds(100));
  }
  EXPECT_LE(datagrams(), 2u + 6 * 5) << "a failed refresh is not tried again at once";
  pass(seconds(100));
  EXPECT_EQ(text_of(resolve("a.test")), "error: a.test: 10.0.0.1:53: the server failed (SERVFAIL)");
}

TEST_P(ResolverTest, ServesNoStaleAnswerForANameThatIsGone) {
  settings_.stale_ttl = seconds(100);
  resolve("a.test");
  first().zone.clear();
  pass(seconds(61));

  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80");
  pass(milliseconds(100));
  EXPECT_EQ(text_of(resolve("a.test")), "error: a.test: no such name");
}

TEST_P(ResolverTest, ForgetsTheLeastRecentlyUsed) {
  settings_.cache_entries = 2;
  add(address_record("b.test", "10.1.0.2"));
  add(address_record("c.test", "10.1.0.3"));
  for (const auto name : {"a.test", "b.test", "a.test", "c.test"})
    EXPECT_TRUE(resolve(name).has_value());
  EXPECT_EQ(datagrams(), 6u);

  resolve("a.test");
  EXPECT_EQ(datagrams(), 6u);
  resolve("b.test");
  EXPECT_EQ(datagrams(), 8u);
}

TEST_P(ResolverTest, WorksWithoutACache) {
  settings_.cache_entries = 0;

  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80");
  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80");
  EXPECT_EQ(datagrams(), 4u);
}

TEST_P(ResolverTest, KnowsAddressesHostsAndThisMachineWithoutAsking) {
  read_hosts_file("10.3.0.1 host.test\n10.3.0.2 Host.test other\n10.3.0.1 host.test\n", settings_);

  EXPECT_EQ(text_of(resolve("10.9.8.7")), "10.9.8.7:80");
  EXPECT_EQ(text_of(resolve("::1")), "[::1]:80");
  EXPECT_EQ(text_of(resolve("[2001:DB8::1]")), "[2001:db8::1]:80");
  EXPECT_EQ(text_of(resolve("HOST.test")), "10.3.0.1:80 10.3.0.2:80");
  EXPECT_EQ(text_of(resolve("other.")), "10.3.0.2:80");
  EXPECT_EQ(text_of(resolve("localhost")), "127.0.0.1:80");
  EXPECT_EQ(text_of(resolve("app.LOCALHOST.")), "127.0.0.1:80");
  use_order({DnsType::aaaa, DnsType::a});
  EXPECT_EQ(text_of(resolve("localhost")), "[::1]:80");
  EXPECT_EQ(text_of(resolve("other")), "10.3.0.2:80");
  use_order({DnsType::srv});
  EXPECT_EQ(text_of(resolve("localhost")), "127.0.0.1:80");
  EXPECT_EQ(datagrams(), 0u);
}

TEST_P(ResolverTest, RefusesWhatIsNoName) {
  for (const std::string name :
       {"", ".", "a..test", "a b", "[10.0.0.1]", "[::1", "a.test:80", "fe80::1%lo"}) {
    const Found found = resolve(name);
    ASSERT_FALSE(found.has_value()) << name;
    EXPECT_EQ(found.error().detail.text(), name + ": is not a valid host name");
  }
  EXPECT_EQ(datagrams(), 0u);
}

TEST_P(ResolverTest, TriesTheSearchListUntilANameExists) {
  settings_.search = {"one.test", "two.test"};
  add(address_record("app.two.test", "10.1.0.2"));
  add(address_record("web", "10.1.0.3"));

  EXPECT_EQ(text_of(resolve("app")), "10.1.0.2:80");
  EXPECT_EQ(text_of(resolve("web")), "10.1.0.3:80");
  EXPECT_EQ(text_of(resolve("app.")), "error: app.: no such name");
  EXPECT_EQ(text_of(resolve("none")), "error: none: no such name");
}

TEST_P(ResolverTest, StopsTheSearchWhereTheServersFail) {
  settings_.search = {"one.test"};
  add(address_record("app", "10.1.0.3"));
  for (const std::uint16_t type : std::initializer_list<std::uint16_t>{1, 28})
    first().zone[{"app.one.test", type}] =
        second().zone[{"app.one.test", type}] = {.rcode = DnsRcode::server_failure};

  EXPECT_FALSE(resolve("app").has_value()) << "perhaps the wrong host";
}

TEST_P(ResolverTest, SaysWhenNoServerIsConfigured) {
  settings_.nameservers.clear();

  EXPECT_EQ(text_of(resolve("a.test")), "error: a.test: no name server is configured");
}

INSTANTIATE_TEST_SUITE_P(Simulated, ResolverTest, ::testing::Range<std::uint64_t>(1, 201));

}  // namespace
}  // namespace sluice
