// Services (SRV) resolved in the simulated network, with many seeds.

#include <gtest/gtest.h>

#include "support/resolver_fixture.h"

namespace sluice {
namespace {

using testing::address_record;
using testing::Found;
using testing::service_record;
using testing::text_of;

class ResolverServiceTest : public testing::ResolverTest {};

TEST_P(ResolverServiceTest, ResolvesTheTargetsOfAService) {
  add(service_record("_http._tcp.test", {2, 10, 8002}, "b.test", 30));
  add(service_record("_http._tcp.test", {1, 20, 8001}, "a.test", 30));
  add(service_record("_http._tcp.test", {3, 0, 8003}, "gone.test", 30));
  add(address_record("b.test", "10.1.0.2", 20));
  add(address_record("b.test", "2001:db8::2", 20));

  const Found found = resolve_service("_HTTP._tcp.test");

  EXPECT_EQ(text_of(found), "10.1.0.1:8001 10.1.0.2:8002 [2001:db8::2]:8002");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ((**found)[0].priority, 1);
  EXPECT_EQ((**found)[0].weight, 20);
  EXPECT_EQ((**found)[2].weight, 10);
}

TEST_P(ResolverServiceTest, KeepsAServiceNoLongerThanItsTargets) {
  add(service_record("_http._tcp.test", {2, 10, 8002}, "b.test", 300));
  add(address_record("b.test", "10.1.0.2", 20));
  resolve_service("_http._tcp.test");
  const std::size_t once = datagrams();

  pass(seconds(19));
  resolve_service("_http._tcp.test");
  EXPECT_EQ(datagrams(), once);
  pass(seconds(2));
  resolve_service("_http._tcp.test");
  EXPECT_EQ(datagrams(), 2 * once);
}

TEST_P(ResolverServiceTest, AddsATargetThatComesBackWithoutAnybodyWaiting) {
  add(service_record("_http._tcp.test", {1, 1, 8001}, "a.test", 300));
  add(service_record("_http._tcp.test", {2, 1, 8002}, "b.test", 300));
  EXPECT_EQ(text_of(resolve_service("_http._tcp.test")), "10.1.0.1:8001");

  add(address_record("b.test", "10.1.0.2"));
  pass(settings_.negative_ttl + milliseconds(10));
  EXPECT_EQ(text_of(resolve_service("_http._tcp.test")), "10.1.0.1:8001");
  pass(milliseconds(100));
  EXPECT_EQ(text_of(resolve_service("_http._tcp.test")), "10.1.0.1:8001 10.1.0.2:8002");
}

TEST_P(ResolverServiceTest, SaysWhyThereIsNoService) {
  add(service_record("_none._tcp.test", {0, 0, 0}, ""));
  add(service_record("_lost._tcp.test", {0, 0, 80}, "gone.test"));

  EXPECT_EQ(text_of(resolve_service("_none._tcp.test")),
            "error: _none._tcp.test: no target of the service has an address");
  EXPECT_EQ(text_of(resolve_service("_lost._tcp.test")),
            "error: _lost._tcp.test: no target of the service has an address");
  EXPECT_EQ(text_of(resolve_service("a.test")), "error: a.test: no such records");
}

INSTANTIATE_TEST_SUITE_P(Simulated, ResolverServiceTest, ::testing::Range<std::uint64_t>(1, 201));

}  // namespace
}  // namespace sluice
