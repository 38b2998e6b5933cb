// Services (SRV) resolved in the simulated network, with many seeds.

#include <gtest/gtest.h>

#include "support/resolver_fixture.h"

namespace sluice {
namespace {

using testing::address_record;
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
  EXPECT_EQ((**found)[0].weight, 20);
  EXPECT_EQ((**found)[1].weight, 10);
}

TEST_P(ResolverServiceTest, AServiceIsTakenBeforeAddressesOfItsName) {
  add(service_record("web.test", {1, 1, 8001}, "a.test"));
  add(address_record("web.test", "10.1.0.7"));

  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.1:8001");
  EXPECT_EQ(text_of(resolve("a.test")), "10.1.0.1:80") << "has no services";

  settings_.order = {DnsType::a, DnsType::srv};
  resolver_.reset();
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.7:80");
  settings_.order = {DnsType::srv};
  resolver_.reset();
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.1:8001");
  EXPECT_EQ(text_of(resolve("a.test")), "error: a.test: no such records");
}

/// What the name's addresses say may be another server: better none than a wrong one.
TEST_P(ResolverServiceTest, AddressesDoNotStandInForAServiceThatIsNotAnswered) {
  settings_.stale_ttl = seconds(100);
  add(service_record("web.test", {1, 1, 8001}, "a.test"));
  add(address_record("web.test", "10.1.0.7"));
  for (const auto& server : servers_)
    server->zone[{"new.test", srv}] = {.rcode = DnsRcode::server_failure};
  add(address_record("new.test", "10.1.0.8"));

  EXPECT_EQ(text_of(resolve("new.test")),
            "error: new.test: SRV: 10.0.0.1:53: the server failed (SERVFAIL)");
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.1:8001");
  for (const auto& server : servers_)
    server->zone[{"web.test", srv}] = {.rcode = DnsRcode::server_failure};
  pass(seconds(61));
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.1:8001");
  pass(seconds(10));
  EXPECT_EQ(text_of(resolve("web.test")), "10.1.0.1:8001") << "stale, and still better";
}

TEST_P(ResolverServiceTest, ServersThatKnowHostsAloneServeThem) {
  for (const DnsRcode rcode : {DnsRcode::refused, DnsRcode::not_implemented, DnsRcode::format_error,
                               DnsRcode::no_such_name}) {
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
