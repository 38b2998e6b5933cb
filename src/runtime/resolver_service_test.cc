// Services (SRV) resolved in the simulated network, with many seeds.

#include <map>

#include <gtest/gtest.h>

#include "support/resolver_fixture.h"

namespace sluice {
namespace {

using testing::address_record;
using testing::DnsReply;
using testing::Found;
using testing::service_record;
using testing::text_of;

constexpr std::uint16_t srv = static_cast<std::uint16_t>(DnsType::srv);

class ResolverServiceTest : public testing::ResolverTest {
 protected:
  ResolverServiceTest() { settings_.order = {DnsType::srv, DnsType::a, DnsType::aaaa}; }
};

TEST_P(ResolverServiceTest, ResolvesTheTargetsOfAService) {
  add(service_record("_http._tcp.test", {2, 10, 8002}, "b.test", 30));
  add(service_record("_http._tcp.test", {1, 20, 8001}, "a.test", 30));
  add(service_record("_http._tcp.test", {3, 0, 8003}, "gone.test", 30));
  add(service_record("_http._tcp.test", {4, 0, 0}, "six.test", 30));
  add(address_record("b.test", "10.1.0.2", 20));
  add(address_record("b.test", "2001:db8::2", 20));
  add(address_record("six.test", "2001:db8::6", 20));

  const Found found = resolve("_HTTP._tcp.test");

  EXPECT_EQ(text_of(found), "10.1.0.1:8001 10.1.0.2:8002 [2001:db8::6]:80")
      << "port 0 says nothing";
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ((**found)[0].priority, 1);
  EXPECT_EQ((**found)[0].weight, 20U * 1024);
  EXPECT_EQ((**found)[1].weight, 10U * 1024);
}

TEST_P(ResolverServiceTest, AServiceIsTakenBeforeAddressesOfItsName) {
  add(service_record("web.test", {1, 1, 8001}, "a.test"));
  add(address_record("web.test", "10.1.0.7"));

  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.1:8001");
  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80") << "has no services";

  use_order({DnsType::a, DnsType::srv});
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.7:80");
  use_order({DnsType::srv});
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.1:8001");
  EXPECT_EQ(text_of(resolve("a.test")), "error: a.test: no such records");
}

TEST_P(ResolverServiceTest, AServiceThatNamesItselfIsAHost) {
  add(service_record("web.test", {0, 100, 8001}, "WEB.test"));
  add(service_record("web.test", {0, 100, 9090}, "web.test"));
  add(address_record("web.test", "10.1.0.7"));

  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.7:80");

  add(service_record("web.test", {1, 100, 8003}, "a.test"));
  resolver_.reset();
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.7:8001 10.1.0.7:9090 10.1.0.1:8003");
}

TEST_P(ResolverServiceTest, ARecordsAddressesShareItsWeight) {
  add(service_record("web.test", {1, 30, 8001}, "three.test"));
  add(service_record("web.test", {1, 30, 8002}, "a.test"));
  add(service_record("web.test", {1, 0, 8003}, "a.test"));
  for (const auto ip : {"10.2.0.1", "10.2.0.2", "10.2.0.3"})
    add(address_record("three.test", ip));

  const Found found = resolve("web.test");

  ASSERT_TRUE(found.has_value()) << text_of(found);
  std::map<std::uint16_t, std::uint32_t> by_port;
  for (const ResolvedAddress& each : **found)
    by_port[each.address.port] += each.weight;
  EXPECT_EQ(by_port, (std::map<std::uint16_t, std::uint32_t>{
                         {8001, 30 * 1024}, {8002, 30 * 1024}, {8003, 1024}}));
}

TEST_P(ResolverServiceTest, AServiceOfTheSearchListIsNotLookedForUnderOtherNames) {
  settings_.search = {"one.test", "two.test"};
  for (const auto& server : servers_)
    server->zone[{"web.one.test", srv}] = {.rcode = DnsRcode::refused};
  first().zone[{"web.one.test", 1}] =
      first().zone[{"web.one.test", 28}] = {.rcode = DnsRcode::no_such_name};
  add(service_record("web.two.test", {1, 1, 8001}, "a.test"));

  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(text_of(resolve("web")), "10.1.0.1:8001");
    pass(seconds(61));
  }
}

TEST_P(ResolverServiceTest, TheBestOfManyRecordsCount) {
  for (std::uint16_t port = 100; port > 0; --port)
    add(service_record("web.test", {port, 1, port}, "a.test"));

  const Found found = resolve("web.test");

  ASSERT_TRUE(found.has_value()) << text_of(found);
  ASSERT_EQ((*found)->size(), 64U);
  EXPECT_EQ((**found)[0].address.port, 1);
  EXPECT_EQ((**found)[63].address.port, 64);
}

TEST_P(ResolverServiceTest, ATargetMayBeAnAddress) {
  add(service_record("web.test", {1, 1, 8001}, "10.1.0.9"));

  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.9:8001");
}

/// What the name's addresses say may be another server: better none than a wrong one.
TEST_P(ResolverServiceTest, AddressesDoNotStandInForAServiceThatIsNotAnswered) {
  settings_.stale_ttl = seconds(100);
  add(service_record("web.test", {1, 1, 8001}, "a.test", 300));
  add(address_record("web.test", "10.1.0.7", 300));
  add(address_record("new.test", "10.1.0.8"));
  first().ignored_type = second().ignored_type = srv;
  EXPECT_EQ(text_of(resolve("new.test")),
            "error: new.test: SRV: 10.0.0.1:53: no answer in time; if these servers know no SRV, "
            "leave it out of gateway.dns.order");

  first().ignored_type = second().ignored_type = 0;
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.1:8001");
  for (const auto& server : servers_)
    server->zone[{"web.test", srv}] = {.rcode = DnsRcode::refused};
  pass(seconds(61));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.1:8001") << "stale, and still better";
    pass(seconds(5));
  }
  pass(seconds(100));
  EXPECT_EQ(text_of(resolve("web.test")), "error: web.test: SRV: 10.0.0.1:53: the server refused");
  for (const auto& server : servers_)
    server->zone.erase({"web.test", srv});
  pass(seconds(2));
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.7:80") << "it is no service any more";
}

TEST_P(ResolverServiceTest, ServersThatKnowHostsAloneServeThem) {
  for (const DnsRcode rcode : {DnsRcode::refused, DnsRcode::not_implemented, DnsRcode::format_error,
                               DnsRcode::server_failure, DnsRcode::no_such_name}) {
    for (const auto& server : servers_)
      server->zone[{"a.test", srv}] = {.rcode = rcode};
    resolver_.reset();
    EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80") << static_cast<int>(rcode);
  }
  first().zone[{"a.test", 1}] = second().zone[{"a.test", 1}] = {.rcode = DnsRcode::server_failure};
  resolver_.reset();
  EXPECT_EQ(text_of(resolve("a.test")), "error: a.test: 10.0.0.1:53: the server failed (SERVFAIL)")
      << "that it is no service does not say that it does not exist";
}

TEST_P(ResolverServiceTest, AnErrorIsSoonAskedAgainFor) {
  add(service_record("web.test", {1, 1, 8001}, "a.test"));
  add(address_record("web.test", "10.1.0.7"));
  const DnsReply right = first().zone[{"web.test", srv}];
  first().zone[{"web.test", srv}] = second().zone[{"web.test", srv}] = {.rcode = DnsRcode::refused};
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.7:80");

  first().zone[{"web.test", srv}] = second().zone[{"web.test", srv}] = right;
  pass(settings_.negative_ttl + milliseconds(10));
  resolve("web.test");
  pass(milliseconds(100));
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.1:8001");
}

TEST_P(ResolverServiceTest, WaitsForNoTargetThatIsNoBetter) {
  add(service_record("web.test", {1, 1, 8001}, "lost.test"));
  add(service_record("web.test", {2, 1, 8002}, "a.test"));
  add(service_record("web.test", {2, 1, 8003}, "slow.test"));
  add(address_record("slow.test", "10.1.0.3"));
  first().silent_about = second().silent_about = "slow.test";
  const TimePoint begin = loop_.now();

  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.1:8002");
  EXPECT_LE(loop_.now() - begin, milliseconds(200));

  first().silent_about = "lost.test";
  add(address_record("lost.test", "10.1.0.4"));
  resolver_.reset();
  const TimePoint again = loop_.now();
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.4:8001 10.1.0.1:8002 10.1.0.3:8003");
  EXPECT_GE(loop_.now() - again, settings_.timeout) << "a better one was waited for";
}

TEST_P(ResolverServiceTest, AStaleTargetIsNoLongerKnownAndAskedForOnceInAWhile) {
  settings_.stale_ttl = seconds(1000);
  add(service_record("web.test", {1, 1, 8001}, "b.test", 5));
  add(address_record("b.test", "10.1.0.2", 5));
  resolve("web.test");
  for (const auto& server : servers_)
    server->zone[{"b.test", 1}] =
        server->zone[{"b.test", 28}] = {.rcode = DnsRcode::server_failure};
  pass(seconds(10));
  const std::size_t before = datagrams();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.2:8001");
    pass(milliseconds(20));
  }
  EXPECT_LE(datagrams() - before, 60u) << "three attempts of three questions, three times";

  for (const auto& server : servers_) {
    server->zone.erase({"b.test", 1});
    server->zone.erase({"b.test", 28});
    server->add(address_record("b.test", "10.1.0.5", 3000));
  }
  pass(seconds(2));
  resolve("web.test");
  pass(seconds(2));
  resolve("web.test");
  pass(seconds(2));
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.5:8001");
}

TEST_P(ResolverServiceTest, KeepsAServiceNoLongerThanItsTargets) {
  settings_.order = {DnsType::srv};
  add(service_record("_http._tcp.test", {2, 10, 8002}, "b.test", 300));
  add(address_record("b.test", "10.1.0.2", 20));
  resolve("_http._tcp.test");
  const std::size_t once = datagrams();

  pass(seconds(19));
  resolve("_http._tcp.test");
  EXPECT_EQ(datagrams(), once);
  pass(seconds(2));
  resolve("_http._tcp.test");
  EXPECT_EQ(datagrams(), 2 * once);
}

TEST_P(ResolverServiceTest, AddsATargetThatComesBackWithoutAnybodyWaiting) {
  add(service_record("_http._tcp.test", {1, 1, 8001}, "a.test", 300));
  add(service_record("_http._tcp.test", {2, 1, 8002}, "b.test", 300));
  EXPECT_EQ(text_of(resolve("_http._tcp.test")), "10.1.0.1:8001");

  add(address_record("b.test", "10.1.0.2"));
  pass(settings_.negative_ttl + milliseconds(10));
  EXPECT_EQ(text_of(resolve("_http._tcp.test")), "10.1.0.1:8001");
  pass(milliseconds(100));
  EXPECT_EQ(text_of(resolve("_http._tcp.test")), "10.1.0.1:8001 10.1.0.2:8002");
}

TEST_P(ResolverServiceTest, AServiceWithoutAddressesIsOneStill) {
  add(service_record("lost.test", {0, 0, 80}, "gone.test"));
  add(address_record("lost.test", "10.1.0.3"));
  EXPECT_FALSE(resolve("lost.test").has_value());

  for (const auto& server : servers_)
    server->zone[{"lost.test", srv}] = {.rcode = DnsRcode::refused};
  pass(seconds(2));
  EXPECT_EQ(text_of(resolve("lost.test")),
            "error: lost.test: SRV: 10.0.0.1:53: the server refused");
}

TEST_P(ResolverServiceTest, SaysWhyThereIsNoService) {
  add(service_record("_none._tcp.test", {0, 0, 0}, ""));
  add(service_record("_lost._tcp.test", {0, 0, 80}, "gone.test"));
  add(address_record("_lost._tcp.test", "10.1.0.3"));

  EXPECT_EQ(text_of(resolve("_none._tcp.test")),
            "error: _none._tcp.test: no target of the service has an address");
  EXPECT_EQ(text_of(resolve("_lost._tcp.test")),
            "error: _lost._tcp.test: no target of the service has an address");
}

INSTANTIATE_TEST_SUITE_P(Simulated, ResolverServiceTest, ::testing::Range<std::uint64_t>(1, 201));

}  // namespace
}  // namespace sluice
