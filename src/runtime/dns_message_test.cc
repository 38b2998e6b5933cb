// Messages made by hand: what is asked, believed, and read.

#include "runtime/dns_message.h"

#include <gtest/gtest.h>

#include "support/name_server.h"

namespace sluice {
namespace {

using testing::address_record;
using testing::alias_record;
using testing::DnsReply;
using testing::encode_reply;
using testing::service_record;
using testing::zone_record;

std::string question(std::string_view name = "www.example.com", DnsType type = DnsType::a) {
  return std::string(encode_question(name, type, 0x1234, DnsExtension::offered)->text());
}

TEST(DnsMessage, AsksAsTheStandardSays) {
  const std::string plain(
      encode_question("a.bc", DnsType::srv, 0xabcd, DnsExtension::none)->text());

  EXPECT_EQ(plain, std::string("\xab\xcd\x01\0\0\x01\0\0\0\0\0\0\1a\2bc\0\0\x21\0\1", 22));
}

TEST(DnsMessage, OffersRoomForLargerAnswers) {
  const std::string plain(encode_question("a.bc", DnsType::a, 1, DnsExtension::none)->text());
  const std::string offering(encode_question("a.bc", DnsType::a, 1, DnsExtension::offered)->text());

  EXPECT_EQ(offering.size(), plain.size() + 11);
  EXPECT_EQ(offering.substr(plain.size(), 5), std::string("\0\0\x29\x04\xd0", 5))
      << "OPT with 1,232 bytes";
}

TEST(DnsMessage, RefusesToEncodeWhatIsNoName) {
  EXPECT_FALSE(encode_question("a..b", DnsType::a, 1, DnsExtension::none).has_value());
  EXPECT_FALSE(
      encode_question(std::string(64, 'a'), DnsType::a, 1, DnsExtension::none).has_value());
}

TEST(DnsMessage, KnowsTheAnswerToItsQuestion) {
  const std::string asked = question();
  const std::string answer = encode_reply(asked, {});
  std::string upper = answer;
  upper[13] = 'W';

  EXPECT_TRUE(is_answer_to(answer, asked));
  EXPECT_TRUE(is_answer_to(upper, asked)) << "letter case does not count";
}

TEST(DnsMessage, IgnoresAnswersToOtherQuestions) {
  const std::string asked = question();
  const std::string answer = encode_reply(asked, {});
  // Id, QR bit, opcode, count of questions, a letter of the name, type and class.
  for (const std::size_t at : {0u, 1u, 5u, 14u, 30u, 32u}) {
    std::string other = answer;
    other[at] = static_cast<char>(other[at] ^ 2);
    EXPECT_FALSE(is_answer_to(other, asked)) << "byte " << at;
  }
  std::string not_a_response = answer;
  not_a_response[2] = static_cast<char>(not_a_response[2] & 0x7f);
  EXPECT_FALSE(is_answer_to(not_a_response, asked));
  EXPECT_FALSE(is_answer_to(asked, asked));
  EXPECT_FALSE(is_answer_to(encode_reply(question("www.example.org"), {}), asked));
  EXPECT_FALSE(is_answer_to(encode_reply(question("www.example.com", DnsType::aaaa), {}), asked));
  for (std::size_t size = 0; size < answer.size(); ++size)
    EXPECT_FALSE(is_answer_to(answer.substr(0, size), asked));
}

TEST(DnsMessage, BelievesWhoCannotReadTheQuestion) {
  const std::string asked = question();
  std::string answer = asked.substr(0, 2) + std::string("\x80\x01\0\0\0\0\0\0\0\0", 10);

  EXPECT_TRUE(is_answer_to(answer, asked));
  answer[3] = 0;
  EXPECT_FALSE(is_answer_to(answer, asked)) << "no error needs a question";
}

TEST(DnsMessage, ReadsAddressesAndTheLeastTtl) {
  const auto answer = decode_answer(
      encode_reply(question(), {.answers = {address_record("www.example.com", "10.0.0.1", 60),
                                            address_record("www.example.com", "10.0.0.2", 30)}}),
      DnsType::a);

  ASSERT_TRUE(answer.has_value());
  ASSERT_EQ(answer->addresses.size(), 2u);
  EXPECT_EQ(answer->addresses[0].text(), "10.0.0.1:0");
  EXPECT_EQ(answer->addresses[1].text(), "10.0.0.2:0");
  EXPECT_EQ(answer->ttl, seconds(30));
}

TEST(DnsMessage, FollowsAliases) {
  const auto answer =
      decode_answer(encode_reply(question("www.example.com", DnsType::aaaa),
                                 {.answers = {alias_record("www.example.com", "b.example.com", 20),
                                              alias_record("b.example.com", "c.example.com", 5),
                                              address_record("c.example.com", "2001:db8::1", 60)}}),
                    DnsType::aaaa);

  ASSERT_TRUE(answer.has_value());
  ASSERT_EQ(answer->addresses.size(), 1u);
  EXPECT_EQ(answer->addresses[0].text(), "[2001:db8::1]:0");
  EXPECT_EQ(answer->ttl, seconds(5));
}

TEST(DnsMessage, ReadsServices) {
  const auto answer = decode_answer(
      encode_reply(question("_http._tcp.a", DnsType::srv),
                   {.answers = {service_record("_http._tcp.a", {1, 2, 8080}, "one.a", 7),
                                service_record("_http._tcp.a", {3, 4, 8081}, "", 9)}}),
      DnsType::srv);

  ASSERT_TRUE(answer.has_value());
  ASSERT_EQ(answer->services.size(), 2u);
  for (const DnsService& service : answer->services) {
    const bool first = service.priority == 1;
    EXPECT_EQ(service.target, first ? "one.a" : "");
    EXPECT_EQ(service.weight, first ? 2 : 4);
    EXPECT_EQ(service.port, first ? 8080 : 8081);
  }
  EXPECT_EQ(answer->ttl, seconds(7));
}

TEST(DnsMessage, ReadsHowLongANameIsAbsent) {
  const auto absent = [](std::uint32_t minimum, std::uint32_t ttl, DnsRcode rcode) {
    return decode_answer(
        encode_reply(question(),
                     {.rcode = rcode, .authorities = {zone_record("example.com", minimum, ttl)}}),
        DnsType::a);
  };

  EXPECT_EQ(absent(30, 3600, DnsRcode::no_such_name)->ttl, seconds(30));
  EXPECT_EQ(absent(30, 10, DnsRcode::no_error)->ttl, seconds(10));
  EXPECT_EQ(decode_answer(encode_reply(question(), {}), DnsType::a)->ttl, std::nullopt);
  EXPECT_EQ(absent(0xffff'ffff, 10, DnsRcode::no_error)->ttl, seconds(0)) << "RFC 2181 §8";
}

TEST(DnsMessage, TakesSixtyFourRecordsAtMost) {
  DnsReply reply;
  for (int i = 0; i < 200; ++i) {
    reply.answers.push_back(address_record("www.example.com", "10.0.0." + std::to_string(i)));
    reply.answers.push_back(service_record("www.example.com", {1, 2, 3}, "target"));
  }

  EXPECT_EQ(decode_answer(encode_reply(question(), reply), DnsType::a)->addresses.size(), 64u);
  EXPECT_EQ(decode_answer(encode_reply(question(), reply), DnsType::srv)->services.size(), 64u);
}

TEST(DnsMessage, SaysWhatIsMalformedAtEveryCut) {
  const std::string answer =
      encode_reply(question(), {.answers = {alias_record("www.example.com", "b.example.com"),
                                            address_record("b.example.com", "10.0.0.1")}});
  for (std::size_t size = 0; size < answer.size(); ++size)
    EXPECT_FALSE(decode_answer(answer.substr(0, size), DnsType::a).has_value()) << size << " bytes";
}

TEST(DnsMessage, SurvivesNamesThatPointAtThemselves) {
  std::string answer =
      encode_reply(question(), {.answers = {alias_record("www.example.com", "x")}});
  const std::size_t target = answer.size() - 3;
  answer[target] = '\xc0';
  answer[target + 1] = static_cast<char>(target);

  EXPECT_FALSE(decode_answer(answer, DnsType::a).has_value());
}

TEST(DnsMessage, LeavesTheRestOfATruncatedAnswerUnread) {
  std::string answer = encode_reply(
      question(), {.answers = {address_record("www.example.com", "10.0.0.1")}, .truncated = true});
  answer.resize(answer.size() - 2);

  const auto decoded = decode_answer(answer, DnsType::a);

  ASSERT_TRUE(decoded.has_value());
  EXPECT_TRUE(decoded->truncated);
}

}  // namespace
}  // namespace sluice
