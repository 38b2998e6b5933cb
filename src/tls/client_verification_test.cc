// Which names fall under which policy, and how a server's name is read from a ClientHello.

#include "tls/client_verification.h"

#include <gtest/gtest.h>

#include "tls/server_name.h"

namespace sluice::tls {
namespace {

TEST(ClientVerifications, AWildcardHoldsForAllThatRoutesWithItServe) {
  const auto verification = [] { return std::make_shared<const ClientVerification>(); };
  const ClientVerificationPtr exact = verification(), wide = verification(), deep = verification(),
                              prefix = verification(), others = verification();
  ClientVerifications verifications;
  verifications.add("Admin.Example.com.", exact);
  verifications.add("*.example.com", wide);
  verifications.add("*.deep.example.com", deep);
  verifications.add("shop.*", prefix);
  verifications.add("", others);
  verifications.add("", exact);

  struct Case {
    const char* name;
    const ClientVerificationPtr& wanted;
  };

  const Case cases[] = {
      {"admin.example.com", exact},
      {"ADMIN.example.com.", exact},
      {"a.example.com", wide},
      {"a.b.example.com", wide},
      {"x.admin.example.com", wide},
      {"deep.example.com", wide},
      {"a.deep.example.com", deep},
      {"a.b.deep.example.com.", deep},
      {"shop.org", prefix},
      {"shop.co.uk", prefix},
      {"shop.example.com", wide},
      {"example.com", others},
      {".example.com", others},
      {"shop.", prefix},  // a route by expression may take it for shop.*
      {"SHOP.", prefix},
      {"shop", others},
      {"", others},
      {".", others},
      {"127.0.0.1", others},
  };
  for (const Case& each : cases)
    EXPECT_EQ(verifications.choose(each.name), each.wanted) << each.name;
}

TEST(ClientVerifications, OfAFinalDotTheStricterReadingCounts) {
  const auto verification = [](bool required) {
    return std::make_shared<const ClientVerification>(ClientVerification{.required = required});
  };
  const ClientVerificationPtr none, optional = verification(false), required = verification(true);

  struct Case {
    ClientVerificationPtr exact, prefix, others, wanted;
  };

  const Case cases[] = {
      {none, required, none, required},     {none, optional, none, optional},
      {optional, required, none, required}, {required, none, none, required},
      {required, optional, none, required}, {optional, none, required, optional},
  };
  for (const Case& each : cases) {
    ClientVerifications verifications;
    verifications.add("pre", each.exact);
    verifications.add("pre.*", each.prefix);
    verifications.add("", each.others);
    EXPECT_EQ(verifications.choose("pre."), each.wanted) << &each - cases;
    EXPECT_EQ(verifications.choose("pre"), each.exact) << &each - cases;
    EXPECT_EQ(verifications.choose("pre.x."), each.prefix) << &each - cases;
  }

  ClientVerifications without_exact;
  without_exact.add("pre.*", none);
  without_exact.add("", required);
  EXPECT_EQ(without_exact.choose("pre."), required);
}

TEST(ClientVerifications, NamesThatNothingMatchesAreAskedForNothing) {
  ClientVerifications verifications;
  verifications.add("a.com", std::make_shared<const ClientVerification>());
  verifications.add("public.a.com", nullptr);

  EXPECT_EQ(verifications.choose("b.com"), nullptr);
  EXPECT_EQ(verifications.choose("public.a.com"), nullptr);
  EXPECT_NE(verifications.choose("a.com"), nullptr);
}

std::optional<std::string_view> parsed(std::string_view body) {
  return parse_server_name({reinterpret_cast<const unsigned char*>(body.data()), body.size()});
}

TEST(ServerName, IsReadFromAListOfOne) {
  using namespace std::string_view_literals;

  EXPECT_EQ(parsed("\0\x08\0\0\x05"
                   "a.com"sv),
            "a.com");
  EXPECT_EQ(parsed("\0\x04\0\0\x01"
                   "a"sv),
            "a");
}

TEST(ServerName, NothingElseIsAName) {
  using namespace std::string_view_literals;
  const std::string long_name(256, 'a');
  const std::string_view bodies[] = {
      ""sv,
      "\0\0"sv,
      "\0\x03\0\0\0"sv,  // an empty name
      "\0\x08\x01\0\x05"
      "a.com"sv,  // not of type host_name
      "\0\x08\0\0\x05"
      "a.comx"sv,  // bytes behind it
      "\0\x09\0\0\x05"
      "a.com"sv,  // a list that is cut
      "\0\x08\0\0\x04"
      "a.com"sv,  // bytes behind the name
      "\0\x08\0\0\x06"
      "a.com"sv,  // a name that is cut
      "\0\x08\0\0\x05"
      "a\0com"sv,  // a NUL
      "\0\x0c\0\0\x01"
      "a\0\0\x05"
      "b.com"sv,  // two names
  };
  for (const std::string_view body : bodies)
    EXPECT_FALSE(parsed(body)) << testing::PrintToString(body);
  EXPECT_FALSE(parsed("\x01\x03\0\x01\0"sv));
  EXPECT_FALSE(parsed(std::string("\x01\x03\0\x01\0", 5) + long_name));
}

}  // namespace
}  // namespace sluice::tls
