// The chunked coding, with the input cut in every way.

#include "http/h1/chunked.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::http::h1 {
namespace {

struct Decoded {
  std::string outcome;  // "done", "more", or the status of the refusal
  std::string body;
  std::string trailers;
  std::size_t consumed = 0;

  bool operator==(const Decoded&) const = default;
};

Decoded decode_by(std::string_view input, std::size_t step, const Limits& limits) {
  ChunkedDecoder decoder(limits);
  Decoded result{"more", {}, {}, 0};
  while (result.consumed < input.size() && !decoder.finished()) {
    const std::string_view rest = input.substr(result.consumed, step);
    const std::vector<char> copy(rest.begin(), rest.end());
    const auto fed = decoder.feed({copy.data(), copy.size()});
    if (!fed) {
      EXPECT_FALSE(decoder.feed("0\r\n\r\n")) << "a failed decoder must not recover";
      return {std::to_string(kind_of(fed.error().code).status), result.body, {}, 0};
    }
    EXPECT_GT(fed->consumed, 0U);
    EXPECT_LE(fed->data_from + fed->data_size, fed->consumed);
    EXPECT_EQ(fed->finished, decoder.finished());
    result.body.append(copy.data() + fed->data_from, fed->data_size);
    result.consumed += fed->consumed;
  }
  if (!decoder.finished()) return result;
  EXPECT_EQ(decoder.feed("more")->consumed, 0U);
  result.outcome = "done";
  for (const Headers::Field& field : decoder.trailers().fields())
    result.trailers.append(field.name()).append("=").append(field.value()).append(";");
  return result;
}

Decoded decode(std::string_view input, const Limits& limits = {}) {
  const Decoded whole = decode_by(input, input.size() + 1, limits);
  for (const std::size_t step : {1UZ, 2UZ, 3UZ, 5UZ})
    EXPECT_EQ(decode_by(input, step, limits), whole) << input << " by " << step;
  return whole;
}

TEST(Chunked, DecodesBodies) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"0\r\n\r\n", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5\r\nhello\r\n6\r\n world\r\n000\r\n\r\n", "hello world"},
      {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"0000000000000001\r\nx\r\n0\r\n\r\n", "x"},
      {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
      {"5;a\r\nhello\r\n0;b=c\r\n\r\n", "hello"},
      {"5;a=b;c;d=\"q \\\" \t\\\\;\xe9\"\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5;a=\"\"\r\nhello\r\n0\r\n\r\n", "hello"},
  };
  for (const auto& [input, body] : rows) {
    const Decoded decoded = decode(input);
    EXPECT_EQ(decoded.outcome, "done") << input;
    EXPECT_EQ(decoded.body, body);
    EXPECT_EQ(decoded.consumed, input.size());
  }
}

TEST(Chunked, LeavesWhatFollowsTheBody) {
  const Decoded decoded = decode("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n");

  EXPECT_EQ(decoded.outcome, "done");
  EXPECT_EQ(decoded.body, "x");
  EXPECT_EQ(decoded.consumed, 11U);
}

TEST(Chunked, RefusesMalformedInput) {
  using namespace std::string_view_literals;
  for (const std::string_view input : {
           " 5\r\nhello\r\n"sv,
           "5 \r\nhello\r\n"sv,
           "5\t\r\n"sv,
           "+5\r\n"sv,
           "-1\r\n"sv,
           "0x5\r\n"sv,
           "1_0\r\n"sv,
           "g\r\n"sv,
           "\r\n"sv,
           ";a\r\n"sv,
           "00000000000000005\r\n"sv,
           "8000000000000000\r\n"sv,
           "FFFFFFFFFFFFFFFF\r\n"sv,
           "FFFFFFFFFFFFFFFF0\r\n"sv,
           "5\nhello\r\n"sv,
           "5\rhello\r\n"sv,
           "5\r\r\n"sv,
           "5\r\nhello0\r\n"sv,
           "5\r\nhello\n0\r\n\r\n"sv,
           "5\r\nhello\rX"sv,
           "5\r\nhello!!\r\n"sv,
           "5;\r\nhello\r\n"sv,
           "5;;a\r\n"sv,
           "5;a;\r\n"sv,
           "5;a=\r\n"sv,
           "5;=b\r\n"sv,
           "5;a=b=c\r\n"sv,
           "5; a\r\n"sv,
           "5 ;a\r\n"sv,
           "5;a =b\r\n"sv,
           "5;a= b\r\n"sv,
           "5;bad[=x\r\n"sv,
           "5;a=\"b\r\n"sv,
           "5;a=\"b\"c\r\n"sv,
           "5;a=\"\\\r\n"sv,
           "5;a=\"\x01\"\r\n"sv,
           "5;\0a\r\n"sv,
           "5;a\rX\r\n"sv,
           "5;\nhello\r\n"sv,
           "0\r\n\n"sv,
           "0\r\n\rX"sv,
           "0\r\nA: b\n\r\n"sv,
           "0\r\nA: b\rC: d\r\n"sv,
           "0\r\n\x01"sv,
           "0\r\nA : b\r\n\r\n"sv,
           "0\r\nA: b\r\n c\r\n\r\n"sv,
           "0\r\nA: b\r\n : c\r\n\r\n"sv,
           "0\r\nno colon\r\n\r\n"sv,
       })
    EXPECT_EQ(decode(input).outcome, "400") << input;
}

TEST(Chunked, WaitsForMore) {
  for (const std::string_view input :
       {"", "5", "5\r", "5\r\n", "5\r\nhel", "5\r\nhello\r\n", "0\r\n", "0\r\n\r", "0\r\nA: b\r\n",
        "7fffffffffffffff\r\nx"})
    EXPECT_EQ(decode(input).outcome, "more") << input;
}

TEST(Chunked, ReadsTrailersAndDropsForbiddenOnes) {
  const Decoded decoded = decode(
      "0\r\nX-Checksum: abc\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: h\r\n"
      "Authorization: a\r\nContent-Type: t\r\nCookie: c\r\nSet-Cookie: s\r\nX-Forwarded-For: f\r\n"
      "X-Consumer-ID: c\r\nIf-Match: x\r\nTE: x\r\nTrailer: x\r\ncontent_length: 5\r\n"
      "grpc-status:\t0 \r\nEmpty:\r\n\r\n");

  EXPECT_EQ(decoded.outcome, "done");
  EXPECT_EQ(decoded.trailers, "X-Checksum=abc;grpc-status=0;Empty=;");
}

TEST(Chunked, HoldsToItsLimits) {
  const Limits limits{.header_bytes = 100, .header_count = 3, .chunk_extension_bytes = 20};
  auto extended = [](int chunks) {
    std::string input;
    for (int i = 0; i < chunks; ++i)
      input += "1;abcd=efgh\r\nx\r\n";  // 10 bytes each
    return input + "0\r\n\r\n";
  };
  auto trailers = [](int count, std::size_t size) {
    std::string input = "0\r\n";
    for (int i = 0; i < count; ++i)
      input += "A: b\r\n";
    return input + "A: " + std::string(size, 'b') + "\r\n\r\n";
  };

  EXPECT_EQ(decode(extended(2), limits).outcome, "done");
  EXPECT_EQ(decode(extended(3), limits).outcome, "400");
  EXPECT_EQ(decode(trailers(2, 1), limits).outcome, "done");
  EXPECT_EQ(decode(trailers(3, 1), limits).outcome, "431");
  EXPECT_EQ(decode(trailers(0, 93), limits).outcome, "done");
  EXPECT_EQ(decode(trailers(0, 94), limits).outcome, "431");
  EXPECT_EQ(decode(trailers(0, 5000), limits).outcome, "431");
}

}  // namespace
}  // namespace sluice::http::h1
