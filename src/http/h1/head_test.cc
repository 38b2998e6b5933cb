// The scanner and request heads, each as a whole and in pieces.

#include "http/h1/head.h"

#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "http/h1/head_testing.h"

namespace sluice::http::h1 {
namespace {

std::string fields(std::string_view lines) {
  return "POST /p HTTP/1.1\r\nHost: h\r\n" + std::string(lines) + "\r\n";
}

TEST(RequestHead, ReadsATypicalRequest) {
  const auto head = request(
      "GET /orders?limit=10 HTTP/1.1\r\nHost: api.example.com:8443\r\nUser-Agent: curl/8\r\n"
      "accept:*/*\r\nX-Empty:\r\nX-Space: \t a b\t \r\nCookie: a=1\r\nCookie: b=2\r\n\r\nrest");

  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, "GET");
  EXPECT_EQ(head->target, "/orders?limit=10");
  EXPECT_EQ(head->scheme, "");
  EXPECT_EQ(head->authority, "api.example.com:8443");
  EXPECT_EQ(head->version, Version::http_1_1);
  EXPECT_EQ(head->framing.kind, Framing::Kind::none);
  EXPECT_TRUE(head->keep_alive);
  EXPECT_EQ(dump(head->headers),
            "User-Agent=curl/8;accept=*/*;X-Empty=;X-Space=a b;Cookie=a=1;Cookie=b=2;");
}

TEST(RequestHead, ViewsAreGoodAfterAMove) {
  auto head = request("GET /path HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n");
  ASSERT_TRUE(head);

  const RequestHead moved = std::move(*head);

  EXPECT_EQ(moved.method, "GET");
  EXPECT_EQ(moved.target, "/path");
  EXPECT_EQ(moved.headers.get("a"), "b");
}

TEST(RequestHead, JudgesRequestLines) {
  const std::pair<std::string, std::string> rows[] = {
      {"GET / HTTP/1.1", "ok"},
      {"get / HTTP/1.1", "ok"},
      {"M!#$%&'*+-.^_`|~9 / HTTP/1.1", "ok"},
      {"OPTIONS * HTTP/1.1", "ok"},
      {"GET /a?b=c|{}\"<>^` HTTP/1.1", "ok"},
      {"GET //a/../b?? HTTP/1.1", "ok"},
      {"GET http://h HTTP/1.1", "ok"},
      {"GET HTTPS://H/x HTTP/1.1", "ok"},
      {"GET http://other/ HTTP/1.1", "400"},
      {"GET http://u@h/ HTTP/1.1", "400"},
      {"GET http:///x HTTP/1.1", "400"},
      {"GET ftp://h/ HTTP/1.1", "400"},
      {"GET h:80 HTTP/1.1", "400"},
      {"GET * HTTP/1.1", "400"},
      {"GET  / HTTP/1.1", "400"},
      {"GET /  HTTP/1.1", "400"},
      {"GET / HTTP/1.1 ", "400"},
      {"GET\t/ HTTP/1.1", "400"},
      {" GET / HTTP/1.1", "400"},
      {"GET / x HTTP/1.1", "400"},
      {"GET /", "400"},
      {"GET / ", "400"},
      {"GET", "400"},
      {"GET HTTP/1.1", "400"},
      {"G(T / HTTP/1.1", "400"},
      {"GET /a#b HTTP/1.1", "400"},
      {"GET /a\\b HTTP/1.1", "400"},
      {"GET /\x7f HTTP/1.1", "400"},
      {"GET /\xc3\xa9 HTTP/1.1", "400"},
      {"GET / HTTP/1.2", "505"},
      {"GET / HTTP/0.9", "505"},
      {"GET / HTTP/2.0", "505"},
      {"PRI * HTTP/2.0", "505"},
      {"GET / HTTP/1", "400"},
      {"GET / HTTP/1.10", "400"},
      {"GET / HTTP/01.1", "400"},
      {"GET / http/1.1", "400"},
      {"GET / HTTP/ 1.1", "400"},
      {"GET / HTTPS/1.1", "400"},
      {std::string(32, 'M') + " / HTTP/1.1", "ok"},
      {std::string(33, 'M') + " / HTTP/1.1", "400"},
  };
  for (const auto& [line, expected] : rows)
    EXPECT_EQ(verdict(request(line + "\r\nHost: h\r\n\r\n")), expected) << line;
}

TEST(RequestHead, ResolvesAbsoluteForms) {
  const auto plain = request("GET HTTP://H:80/a?b HTTP/1.1\r\nHost: h:80\r\n\r\n");
  const auto query = request("GET https://h?b HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto none = request("GET https://h HTTP/1.0\r\n\r\n");
  const auto all = request("OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto tunnel = request("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");

  ASSERT_TRUE(plain && query && none && all && tunnel);
  EXPECT_EQ(plain->scheme, "http");
  EXPECT_EQ(plain->authority, "H:80");
  EXPECT_EQ(plain->target, "/a?b");
  EXPECT_EQ(query->scheme, "https");
  EXPECT_EQ(query->target, "/?b");
  EXPECT_EQ(none->authority, "h");
  EXPECT_EQ(none->target, "/");
  EXPECT_EQ(all->target, "*");
  EXPECT_EQ(tunnel->authority, "h:443");
  EXPECT_EQ(tunnel->target, "");
  EXPECT_EQ(verdict(request("CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n")), "400");
  EXPECT_EQ(verdict(request("CONNECT h HTTP/1.1\r\nHost: h\r\n\r\n")), "400");
  EXPECT_EQ(verdict(request("CONNECT [::1] HTTP/1.1\r\nHost: [::1]\r\n\r\n")), "400");
}

TEST(RequestHead, JudgesHosts) {
  const std::pair<std::string, std::string> rows[] = {
      {"Host: h\r\n", "ok"},
      {"Host: a-b_c.example.\r\n", "ok"},
      {"Host: 127.0.0.1:1\r\n", "ok"},
      {"Host: [::1]:65535\r\n", "ok"},
      {"Host: [2001:db8::1]\r\n", "ok"},
      {"", "400"},
      {"Host:\r\n", "400"},
      {"Host: h\r\nHost: h\r\n", "400"},
      {"Host: h, i\r\n", "400"},
      {"Host: u@h\r\n", "400"},
      {"Host: h/p\r\n", "400"},
      {"Host: h i\r\n", "400"},
      {"Host: h:\r\n", "400"},
      {"Host: h:0\r\n", "400"},
      {"Host: h:65536\r\n", "400"},
      {"Host: h:+1\r\n", "400"},
      {"Host: h:1:2\r\n", "400"},
      {"Host: :80\r\n", "400"},
      {"Host: .\r\n", "400"},
      {"Host: ..\r\n", "400"},
      {"Host: .h\r\n", "400"},
      {"Host: .h:80\r\n", "400"},
      {"Host: h..\r\n", "400"},
      {"Host: h..:80\r\n", "400"},
      {"Host: h..i\r\n", "400"},
      {"Host: h.i.:80\r\n", "ok"},
      {"Host: [::1\r\n", "400"},
      {"Host: []\r\n", "400"},
      {"Host: [1.2.3.4]\r\n", "400"},
      {"Host: [fe80::1%25eth0]\r\n", "400"},
      {"Host: [::1]x\r\n", "400"},
      {"Host: h?a\r\n", "400"},
      {"Host: " + std::string(254, 'h') + ":80\r\n", "ok"},
      {"Host: " + std::string(255, 'h') + "\r\n", "400"},
      {"Host: [" + std::string(100, ':') + "]\r\n", "400"},
  };
  for (const auto& [lines, expected] : rows)
    EXPECT_EQ(verdict(request("GET / HTTP/1.1\r\n" + lines + "\r\n")), expected) << lines;
  EXPECT_EQ(verdict(request("GET / HTTP/1.0\r\n\r\n")), "ok");
  EXPECT_EQ(verdict(request("GET / HTTP/1.0\r\nHost:\r\n\r\n")), "400");
}

TEST(RequestHead, JudgesFieldLines) {
  const std::string nul("A: b\0c\r\n", 8);
  const std::pair<std::string, std::string> rows[] = {
      {"A: b\r\n", "ok"},
      {"A:b\r\n", "ok"},
      {"A: \xff\t\x80\r\n", "ok"},
      {"A_B.C: b\r\n", "ok"},
      {"A : b\r\n", "400"},
      {" A: b\r\n", "400"},
      {": b\r\n", "400"},
      {"A\r\n", "400"},
      {"A[: b\r\n", "400"},
      {"A\xc3\xab: b\r\n", "400"},
      {"A: b\r\n c\r\n", "400"},
      {"A: b\r\n\tc: d\r\n", "400"},
      {"A: b\rc\r\n", "400"},
      {"A: b\nC: d\r\n", "400"},
      {"A: b\x01\r\n", "400"},
      {"A: b\x7f\r\n", "400"},
      {nul, "400"},
      {"Transfer_Encoding: chunked\r\n", "400"},
      {"CONTENT_LENGTH: 5\r\n", "400"},
      {"Content_Type: x\r\n", "ok"},
  };
  for (const auto& [lines, expected] : rows)
    EXPECT_EQ(verdict(request(fields(lines))), expected) << lines;
}

TEST(RequestHead, FramesBodies) {
  const std::pair<std::string, std::string> rows[] = {
      {"Content-Length: 0\r\n", "ok"},
      {"Content-Length: \t5 \r\n", "ok"},
      {"Content-Length: 9223372036854775807\r\n", "ok"},
      {"Content-Length: 9223372036854775808\r\n", "400"},
      {"Content-Length: 18446744073709551617\r\n", "400"},
      {"Content-Length: 99999999999999999999\r\n", "400"},
      {"Content-Length:\r\n", "400"},
      {"Content-Length: -0\r\n", "400"},
      {"Content-Length: +5\r\n", "400"},
      {"Content-Length: 005\r\n", "400"},
      {"Content-Length: 00\r\n", "400"},
      {"Content-Length: 5, 5\r\n", "400"},
      {"Content-Length: 1 0\r\n", "400"},
      {"Content-Length: 0x5\r\n", "400"},
      {"Content-Length: 1_0\r\n", "400"},
      {"Content-Length: 5\r\nContent-Length: 5\r\n", "400"},
      {"Transfer-Encoding: chunked\r\n", "ok"},
      {"transfer-encoding: \tChunked \r\n", "ok"},
      {"Transfer-Encoding: gzip\r\n", "501"},
      {"Transfer-Encoding: identity\r\n", "501"},
      {"Transfer-Encoding: xchunked\r\n", "501"},
      {"Transfer-Encoding: gzip, chunked\r\n", "501"},
      {"Transfer-Encoding:\r\n", "400"},
      {"Transfer-Encoding: chunked, gzip\r\n", "400"},
      {"Transfer-Encoding: chunked, chunked\r\n", "400"},
      {"Transfer-Encoding: , chunked\r\n", "400"},
      {"Transfer-Encoding: chunked,\r\n", "400"},
      {"Transfer-Encoding: chunked;a=b\r\n", "400"},
      {"Transfer-Encoding: \"chunked\"\r\n", "400"},
      {"Transfer-Encoding: chunked\xa0\r\n", "400"},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "400"},
      {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "400"},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "400"},
      {"Content-Length: 5\r\nTransfer-Encoding: gzip\r\n", "400"},
  };
  for (const auto& [lines, expected] : rows)
    EXPECT_EQ(verdict(request(fields(lines))), expected) << lines;

  const auto length = request(fields("Content-Length: 42\r\n"));
  const auto chunked = request(fields("Transfer-Encoding: chunked\r\n"));
  const auto on_get = request("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n");
  ASSERT_TRUE(length && chunked && on_get);
  EXPECT_EQ(length->framing.kind, Framing::Kind::length);
  EXPECT_EQ(length->framing.length, 42U);
  EXPECT_EQ(dump(length->headers), "");
  EXPECT_EQ(chunked->framing.kind, Framing::Kind::chunked);
  EXPECT_EQ(on_get->framing.length, 7U);
  EXPECT_EQ(verdict(request("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")), "400");
}

TEST(RequestHead, DecidesOnKeepAlive) {
  const std::tuple<std::string, std::string, bool> rows[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: keep-alive, Close\r\n", false},
      {"1.1", "Connection: ,, x , close ,\r\n", false},
      {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
      {"1.0", "", false},
      {"1.0", "Connection: Keep-Alive\r\n", true},
      {"1.0", "Connection: keep-alive, close\r\n", false},
  };
  for (const auto& [version, lines, keep_alive] : rows) {
    const auto head = request("GET / HTTP/" + version + "\r\nHost: h\r\n" + lines + "\r\n");
    ASSERT_TRUE(head) << lines;
    EXPECT_EQ(head->keep_alive, keep_alive) << version << " " << lines;
  }
  EXPECT_EQ(verdict(request(fields("Connection: close;x\r\n"))), "400");
}

TEST(RequestHead, RemovesHopByHopFieldsButNotThoseThatOthersTrust) {
  const auto head = request(fields(
      "X-Hop: 1\r\nConnection: x-HOP, Authorization, X-Real-IP, Cookie, X-Forwarded-For, "
      "X-Consumer-ID, Content-Type, Host\r\nX-Hop: 2\r\nKeep-Alive: 5\r\nProxy: p\r\n"
      "Proxy-Connection: x\r\nTrailer: x\r\nHTTP2-Settings: x\r\nTE: trailers;q=0, trailers\r\n"
      "Authorization: a\r\nX-Real-IP: 1\r\nCookie: c\r\nX-Forwarded-For: f\r\n"
      "X-Consumer-ID: i\r\nContent-Type: t\r\nX-Rest: r\r\n"));

  ASSERT_TRUE(head);
  EXPECT_TRUE(head->accepts_trailers);
  EXPECT_EQ(head->authority, "h");
  EXPECT_EQ(dump(head->headers),
            "Authorization=a;X-Real-IP=1;Cookie=c;X-Forwarded-For=f;X-Consumer-ID=i;"
            "Content-Type=t;X-Rest=r;");
}

TEST(RequestHead, BoundsTheOptionsOfConnection) {
  std::string options = "Connection: a";
  for (int i = 0; i < 63; ++i)
    options += ",a";
  EXPECT_EQ(verdict(request(fields(options + "\r\n"))), "ok");
  EXPECT_EQ(verdict(request(fields(options + ",a\r\n"))), "400");
}

TEST(RequestHead, RecordsUpgradesThatMayBeTunnelled) {
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {"GET / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", "websocket"},
      {"GET / HTTP/1.1", "Connection: keep-alive, upgrade\r\nUpgrade: a/1, b\r\n", "a/1, b"},
      {"POST / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n", "tcp"},
      {"GET / HTTP/1.1", "Upgrade: websocket\r\n", ""},
      {"GET / HTTP/1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n", ""},
      {"POST / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", ""},
      {"GET / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n", ""},
      {"GET / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: x\r\nUpgrade: y\r\n", ""},
      {"GET / HTTP/1.1", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", ""},
      {"GET / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket, H2C\r\n", ""},
      {"GET / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: a b\r\n", ""},
  };
  for (const auto& [line, lines, expected] : rows) {
    const auto head = request(line + "\r\nHost: h\r\n" + lines + "\r\n");
    ASSERT_TRUE(head) << lines;
    EXPECT_EQ(head->upgrade, expected) << line << lines;
    EXPECT_EQ(dump(head->headers), "");
  }
}

TEST(RequestHead, AnswersExpectations) {
  const std::string body = "Content-Length: 1\r\n";
  EXPECT_EQ(verdict(request(fields("Expect: 200-ok\r\n"))), "417");
  EXPECT_EQ(verdict(request(fields("Expect: y 100-continue\r\n"))), "417");
  EXPECT_EQ(verdict(request(fields("Expect:\r\n"))), "417");
  EXPECT_EQ(verdict(request(fields("Expect: 100-continue\r\nExpect: 100-continue\r\n"))), "417");
  const auto with = request(fields("Expect: 100-Continue\t\r\n" + body));
  const auto without = request(fields("Expect: 100-continue\r\n"));
  const auto old = request("POST / HTTP/1.0\r\nExpect: anything\r\nContent-Length: 1\r\n\r\n");
  ASSERT_TRUE(with && without && old);
  EXPECT_TRUE(with->expects_continue);
  EXPECT_FALSE(without->expects_continue);
  EXPECT_FALSE(old->expects_continue);
}

TEST(RequestHead, HoldsToItsLimits) {
  const Limits limits{.uri_bytes = 100, .header_bytes = 400, .header_count = 5};
  auto target = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  };
  auto lines = [](int count) {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 1; i < count; ++i)
      text += "A: b\r\n";
    return text + "\r\n";
  };
  auto sized = [](std::size_t size) {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\nA: ";
    return text + std::string(size - text.size() - 4, 'a') + "\r\n\r\n";
  };

  EXPECT_EQ(verdict(request(target(100), limits)), "ok");
  EXPECT_EQ(verdict(request(target(101), limits)), "414");
  EXPECT_EQ(verdict(request(target(300), limits)), "414");
  EXPECT_EQ(verdict(request(target(3000), limits)), "414");
  EXPECT_EQ(verdict(request(std::string(3000, 'M'), limits)), "400");
  EXPECT_EQ(verdict(request(lines(5), limits)), "ok");
  EXPECT_EQ(verdict(request(lines(6), limits)), "431");
  EXPECT_EQ(verdict(request(sized(400), limits)), "ok");
  EXPECT_EQ(verdict(request(sized(401), limits)), "431");
  EXPECT_EQ(verdict(request(sized(402), limits)), "431");
  EXPECT_EQ(verdict(request(sized(4000), limits)), "431");
}

TEST(HeadScanner, MeasuresHeads) {
  EXPECT_EQ(*scan("GET / HTTP/1.1\r\n\r\nbody"), 18U);
  EXPECT_EQ(*scan("\r\nGET / HTTP/1.1\r\n\r\nbody"), 20U);
  EXPECT_EQ(*scan("GET / HTTP/1.1\r\n\r"), 0U);
  EXPECT_EQ(*scan("GET / HTTP/1.1\r\n"), 0U);
  EXPECT_EQ(*scan("\r"), 0U);
  EXPECT_EQ(*scan(""), 0U);
  EXPECT_EQ(verdict(request("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n")), "ok");
}

TEST(HeadScanner, RefusesWhatCannotBecomeAHead) {
  for (const std::string_view bytes :
       {"\n", "\r\r", "\r\n\r\n", "\r\n\n", "\r\n GET", " ", "\x16\x03\x01", "GET / HTTP/1.1\n",
        "GET / HTTP/1.1\rHost: h\r\n", "GET / HTTP/1.1\r\r\n", "GET / HTTP/1.1\r\n\n", "A\x01",
        "GET / HTTP/1.1\r\n\rX", ":", "(", "\xff"})
    EXPECT_EQ(verdict(scan(bytes)), "400") << bytes;
  EXPECT_EQ(verdict(scan(std::string_view("A\0", 2))), "400");
}

TEST(HeadScanner, MayBeUsedAgainAfterReset) {
  HeadScanner scanner;
  ASSERT_EQ(*scanner.scan("A\r\nB: c\r\n\r\n", {}), 11U);

  scanner.reset();

  EXPECT_EQ(*scanner.scan("A\r\n\r\n", {}), 5U);
}

TEST(RequestHead, AliasesOfIdentityFieldsAreNotForwarded) {
  const auto head = parse_request(
      "GET / HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: 6.6.6.6\r\nx.real.ip: 6.6.6.6\r\n"
      "X_Consumer-Id: admin\r\nX_Other: stays\r\n\r\n",
      {});

  ASSERT_TRUE(head.has_value());
  ASSERT_EQ(head->headers.fields().size(), 1U);
  EXPECT_EQ(head->headers.fields()[0].name(), "X_Other");
}

TEST(CompleteHeadSize, FindsTheFirstEndWithinTheLimits) {
  Limits limits;
  limits.header_bytes = 100;
  for (std::size_t size = 1; size < 96; ++size) {
    const std::string line(size, 'a');
    EXPECT_EQ(complete_head_size(line + "\r\n\r\nbody\r\n\r\n", limits), size + 4);
    EXPECT_EQ(complete_head_size(line + "\r\n\r", limits), 0U);
  }
  EXPECT_EQ(complete_head_size(std::string(97, 'a') + "\r\n\r\n", limits), 0U);
  EXPECT_EQ(complete_head_size("\r\n\r\n", limits), 0U);
}

}  // namespace
}  // namespace sluice::http::h1
