// Which certificate a name gets, and keys of tickets over the hours.

#include "tls/certificates.h"

#include <gtest/gtest.h>

#include "support/certified.h"
#include "tls/ticket_keys.h"

namespace sluice::tls {
namespace {

TEST(Certificates, TheMostExactNameWins) {
  const auto identity = [] { return std::make_shared<const Identity>(); };
  const IdentityPtr fallback = identity(), exact = identity(), suffix = identity(),
                    prefix = identity(), star = identity();
  Certificates certificates(fallback);
  certificates.add("api.example.com", exact);
  certificates.add("*.example.com", suffix);
  certificates.add("api.example.*", prefix);

  struct Case {
    const char* name;
    const IdentityPtr& wanted;
  };

  const Case cases[] = {
      {"api.example.com", exact},
      {"API.Example.Com.", exact},
      {"b.example.com", suffix},
      {"api.example.org", prefix},
      {"a.b.example.com", fallback},
      {"example.com", fallback},
      {"", fallback},
      {"com", fallback},
      {"*.example.com", fallback},
      {"api.example.*", fallback},
      {".", fallback},
      {"..", fallback},
      {".example.com", suffix},
  };
  for (const Case& each : cases)
    EXPECT_EQ(&certificates.choose(each.name), each.wanted.get()) << each.name;

  certificates.add("*", star);
  EXPECT_EQ(&certificates.choose("unknown.test"), star.get());
  EXPECT_EQ(certificates.by_name().size(), 4U);
}

TEST(KeyPair, ASelfSignedOneIsGoodForAYear) {
  for (const KeyPair::Kind kind : {KeyPair::Kind::ecdsa, KeyPair::Kind::rsa})
    EXPECT_EQ(KeyPair::self_signed("localhost", kind)->kind(), kind);
  EXPECT_FALSE(KeyPair::parse("nonsense", "nonsense"));
}

TEST(KeyPair, MayLastLongerThanTheClockCounts) {
  const WallTime now(std::chrono::hours(500'000));
  const auto expiry = [&](const char* until) {
    const testing::Certified made = testing::certify("authority", now, until, nullptr);
    return KeyPair::parse(made.pem(), made.key_pem()).value()->expires();
  };

  EXPECT_EQ(expiry("270101000000Z"), WallTime(seconds(1'798'761'600)));
  EXPECT_EQ(expiry("99991231235959Z"), WallTime::max());
}

TEST(TicketKeys, AreTheSameOnEveryWorkerWheneverItBegan) {
  const WallTime begin(std::chrono::hours(1000));
  const TicketKeys::Secret secret{1, 2, 3};
  TicketKeys first(secret, begin), second(secret, begin);

  for (int hour = 0; hour < 5; ++hour) {
    const WallTime now = begin + std::chrono::hours(hour);
    EXPECT_EQ(first.current(now).name, second.current(now).name);
    EXPECT_EQ(first.current(now).cipher, second.current(now).cipher);
  }
  TicketKeys late(secret, begin);
  EXPECT_EQ(late.current(begin + std::chrono::hours(4)).mac,
            first.current(begin + std::chrono::hours(4)).mac);
}

TEST(TicketKeys, ChangeEachHourAndAreForgottenBehindTheLast) {
  const WallTime begin(std::chrono::hours(1000));
  TicketKeys keys(TicketKeys::Secret{7}, begin);
  const TicketKey old = keys.current(begin);

  const TicketKey next = keys.current(begin + std::chrono::hours(1));
  EXPECT_NE(next.name, old.name);
  EXPECT_NE(next.cipher, old.cipher);
  EXPECT_NE(keys.find(old.name, begin + std::chrono::hours(1)), nullptr);
  EXPECT_EQ(keys.find(old.name, begin + std::chrono::hours(2)), nullptr);
  // A clock that goes back changes nothing.
  EXPECT_EQ(keys.find(old.name, begin), nullptr);
}

}  // namespace
}  // namespace sluice::tls
