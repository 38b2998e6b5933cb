// Field lists of HTTP/2 as heads of HTTP/1.1, and all that may not become one.

#include "http/h2/head_text.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::http::h2 {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr h1::Limits limits{.uri_bytes = 100, .header_bytes = 2000, .header_count = 10};

HeadText collected(const Fields& fields) {
  HeadText text;
  for (const auto& [name, value] : fields)
    text.add(name, value, limits);
  return text;
}

Fields with(Fields more, const std::string& method = "GET", const std::string& path = "/") {
  Fields all = {{":method", method}, {":scheme", "https"}, {":authority", "h"}, {":path", path}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string wire_of(const Headers& headers) {
  std::string text;
  for (const Headers::Field& field : headers.fields())
    text.append(field.name()).append(": ").append(field.value()).append("\n");
  return text;
}

TEST(HeadText, ARequestIsWhatHttp11WouldMakeOfIt) {
  HeadText text = collected({{":method", "POST"},
                             {":scheme", "https"},
                             {":authority", "api.test:8443"},
                             {":path", "/a?b=c"},
                             {"x-one", "1"},
                             {"cookie", "a=1"},
                             {"content-length", "5"},
                             {"cookie", "b=2"},
                             {"te", "trailers"},
                             {"expect", "100-continue"}});

  const auto head = text.request(limits);

  ASSERT_TRUE(head) << head.error().detail.text();
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->target, "/a?b=c");
  EXPECT_EQ(head->authority, "api.test:8443");
  EXPECT_EQ(wire_of(head->headers), "x-one: 1\ncookie: a=1; b=2\n");
  EXPECT_EQ(head->framing.kind, h1::Framing::Kind::length);
  EXPECT_EQ(head->framing.length, 5U);
  EXPECT_TRUE(text.accepts_trailers());
  EXPECT_TRUE(text.expects_continue());
}

TEST(HeadText, HostStandsInForAuthority) {
  EXPECT_EQ(collected({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "h:1"}})
                .request(limits)
                ->authority,
            "h:1");
  EXPECT_TRUE(collected(with({{"host", "H"}})).request(limits));
  EXPECT_FALSE(collected(with({{"host", "other"}})).request(limits));
  EXPECT_FALSE(
      collected({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}).request(limits));
}

TEST(HeadText, AnExtendedConnectIsAnUpgrade) {
  HeadText text = collected({{":method", "CONNECT"},
                             {":protocol", "websocket"},
                             {":scheme", "https"},
                             {":authority", "h"},
                             {":path", "/chat"}});

  const auto head = text.request(limits);

  ASSERT_TRUE(head) << head.error().detail.text();
  EXPECT_EQ(head->method, "GET");
  EXPECT_EQ(head->upgrade, "websocket");
  EXPECT_EQ(head->target, "/chat");
}

TEST(HeadText, AnExtendedConnectHasNoLength) {
  for (const char* length : {"0", "5"}) {
    HeadText text = collected({{":method", "CONNECT"},
                               {":protocol", "websocket"},
                               {":scheme", "https"},
                               {":authority", "h"},
                               {":path", "/chat"},
                               {"content-length", length}});

    const auto head = text.request(limits);

    ASSERT_FALSE(head);
    EXPECT_EQ(head.error().code, ErrorCode::bad_request);
  }
}

TEST(HeadText, WhatAsksForATunnelIsKnownByItsProtocol) {
  // The parser of HTTP/1.1 gives no upgrade to h2c.
  HeadText text = collected({{":method", "CONNECT"},
                             {":protocol", "h2c"},
                             {":scheme", "https"},
                             {":authority", "h"},
                             {":path", "/"}});
  EXPECT_TRUE(text.request(limits)->upgrade.empty());
  EXPECT_TRUE(text.is_extended_connect());
  EXPECT_FALSE(collected(with({})).is_extended_connect());
}

struct Refused {
  const char* what;
  Fields fields;
  ErrorCode code = ErrorCode::bad_request;
};

TEST(HeadText, WhatIsMalformedIsRefused) {
  const Refused cases[] = {
      {"CR LF in a value", with({{"a", "b\r\nx-evil: 1"}})},
      {"LF in a value", with({{"a", "b\nc"}})},
      {"NUL in a value", with({{"a", std::string("b\0c", 3)}})},
      {"CR LF in a name", with({{"a: b\r\nc", "d"}})},
      {"an upper-case name", with({{"X-Up", "1"}})},
      {"an empty name", with({{"", "1"}})},
      {"a space in a name", with({{"a b", "1"}})},
      {"connection", with({{"connection", "close"}})},
      {"transfer-encoding", with({{"transfer-encoding", "chunked"}})},
      {"upgrade", with({{"upgrade", "websocket"}})},
      {"keep-alive", with({{"keep-alive", "1"}})},
      {"proxy-connection", with({{"proxy-connection", "1"}})},
      {"http2-settings", with({{"http2-settings", "AAMAAABk"}})},
      {"te", with({{"te", "gzip"}})},
      {"an alias of framing", with({{"content_length", "1"}})},
      {"two lengths", with({{"content-length", "1"}, {"content-length", "1"}})},
      {"a signed length", with({{"content-length", "+1"}})},
      {"two hosts", with({{"host", "h"}, {"host", "h"}})},
      {"a pseudo field behind", with({{"a", "1"}, {":path", "/evil"}})},
      {"a pseudo field twice", with({{":path", "/evil"}})},
      {"an unknown pseudo field", with({{":evil", "1"}})},
      {"a status", with({{":status", "200"}})},
      {"no method", {{":scheme", "http"}, {":authority", "h"}, {":path", "/"}}},
      {"no path", {{":method", "GET"}, {":scheme", "http"}, {":authority", "h"}}},
      {"no scheme", {{":method", "GET"}, {":authority", "h"}, {":path", "/"}}},
      {"a space in the method", with({}, "GET /evil")},
      {"CR LF in the method", with({}, "GET / HTTP/1.1\r\n")},
      {"an absolute form", with({}, "GET", "http://evil/")},
      {"a path without a slash", with({}, "GET", "evil")},
      {"a space in the path", with({}, "GET", "/a b")},
      {"a fragment", with({}, "GET", "/a#b")},
      {"a star with GET", with({}, "GET", "*")},
      {"CR LF in the path", with({}, "GET", "/ HTTP/1.1\r\nx: y")},
      {"a user", {{":method", "GET"}, {":scheme", "http"}, {":authority", "a@b"}, {":path", "/"}}},
      {":protocol with GET", with({{":protocol", "websocket"}})},
      {"CONNECT with a path", with({}, "CONNECT")},
      {"an expectation", with({{"expect", "more"}}), ErrorCode::expectation_failed},
      {"a long path", with({}, "GET", "/" + std::string(200, 'x')), ErrorCode::uri_too_long},
      {"a large field", with({{"a", std::string(3000, 'x')}}), ErrorCode::header_too_large},
      {"many fields", with(Fields(40, {"a", "b"})), ErrorCode::header_too_large},
  };
  for (const Refused& refused : cases) {
    const auto head = collected(refused.fields).request(limits);
    ASSERT_FALSE(head) << refused.what;
    EXPECT_EQ(head.error().code, refused.code)
        << refused.what << ": " << head.error().detail.text();
  }
}

TEST(HeadText, FieldsCountAsTheyAreDecodedHoweverSmallTheyCame) {
  HeadText text;
  const std::string large(1500, 'x');
  for (int i = 0; i < 100'000; ++i)
    text.add("cookie", large, limits);

  EXPECT_EQ(text.request(limits).error().code, ErrorCode::header_too_large);
}

TEST(HeadText, CookiesInPiecesAreOneField) {
  constexpr h1::Limits tight{.uri_bytes = 100, .header_bytes = 64 * 1024, .header_count = 10};
  const auto with_crumbs = [&](int crumbs, int others) {
    HeadText text;
    for (const auto& [name, value] : with(Fields(static_cast<std::size_t>(others), {"a", "b"})))
      text.add(name, value, tight);
    for (int i = 0; i < crumbs; ++i)
      text.add("cookie", "a=1", tight);
    return text.request(tight);
  };

  for (const int crumbs : {1, 180, 400}) {
    const auto head = with_crumbs(crumbs, 9);
    ASSERT_TRUE(head) << crumbs << ": " << head.error().detail.text();
    EXPECT_EQ(head->headers.get(HeaderId::cookie)->size(),
              static_cast<std::size_t>(crumbs) * 5 - 2);
  }
  EXPECT_EQ(with_crumbs(1, 20).error().code, ErrorCode::header_too_large);
  // Each costs its bytes and the overhead of RFC 7541 §4.1: 41.
  EXPECT_TRUE(with_crumbs(1500, 0));
  EXPECT_EQ(with_crumbs(1600, 0).error().code, ErrorCode::header_too_large);
}

TEST(HeadText, AResponseIsOneOfHttp11) {
  const auto head =
      collected({{":status", "200"}, {"content-length", "3"}, {"x", "1"}}).response("GET", limits);
  ASSERT_TRUE(head) << head.error().detail.text();
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->framing.length, 3U);
  EXPECT_EQ(wire_of(head->headers), "x: 1\n");
  EXPECT_TRUE(collected({{":status", "103"}}).is_informational());

  const Fields refused[] = {{},
                            {{":status", "20"}},
                            {{":status", "999"}},
                            {{":status", "101"}},
                            {{":status", "200"}, {":path", "/"}},
                            {{":status", "200"}, {"connection", "close"}},
                            {{":status", "200"}, {"a", "b\r\nc: d"}}};
  for (const Fields& fields : refused) {
    const auto none = collected(fields).response("GET", limits);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::invalid_response);
  }
}

TEST(HeadText, TrailersAreWhatMayBeOne) {
  HeadText text = collected({{"grpc-status", "0"},
                             {"content-length", "5"},
                             {"authorization", "x"},
                             {"x-sum", " 7"},
                             {"host", "evil"}});
  EXPECT_EQ(wire_of(text.trailers()), "grpc-status: 0\nx-sum: 7\n");
  EXPECT_EQ(wire_of(collected({{"a", "b"}, {"connection", "x"}}).trailers()), "");
}

}  // namespace
}  // namespace sluice::http::h2
