// Response heads, each as a whole and in pieces.

#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "http/h1/head_testing.h"

namespace sluice::http::h1 {
namespace {

TEST(ResponseHead, ReadsATypicalResponse) {
  const auto head = response(
      "HTTP/1.1 200 OK then\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nServer: x\r\n"
      "Set-Cookie: a\r\nSet-Cookie: b\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: "
      "1\r\n\r\nhello");

  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->framing.kind, Framing::Kind::length);
  EXPECT_EQ(head->framing.length, 5U);
  EXPECT_TRUE(head->keep_alive);
  EXPECT_EQ(dump(head->headers), "Content-Type=text/plain;Server=x;Set-Cookie=a;Set-Cookie=b;");
}

TEST(ResponseHead, JudgesStatusLines) {
  const std::pair<std::string, std::string> rows[] = {
      {"HTTP/1.1 200 OK", "ok"},       {"HTTP/1.1 200 ", "ok"},         {"HTTP/1.1 200", "ok"},
      {"HTTP/1.0 599 a\tb\xe9", "ok"}, {"HTTP/1.1 100 Continue", "ok"}, {"HTTP/1.1 099 x", "502"},
      {"HTTP/1.1 600 x", "502"},       {"HTTP/1.1 20 x", "502"},        {"HTTP/1.1 2000 x", "502"},
      {"HTTP/1.1  200 x", "502"},      {"HTTP/1.1 2x0 x", "502"},       {"HTTP/2.0 200 x", "502"},
      {"HTTP/1.2 200 x", "502"},       {"http/1.1 200 x", "502"},       {"HTTP/1.1\t200 x", "502"},
      {"ICY 200 OK", "502"},           {"HTTP/1.1 200\tOK", "502"},     {"H", "502"},
  };
  for (const auto& [line, expected] : rows)
    EXPECT_EQ(verdict(response(line + "\r\nContent-Length: 0\r\n\r\n")), expected) << line;
  EXPECT_EQ(verdict(response("\r\nHTTP/1.1 200 OK\r\n\r\n")), "502");
}

TEST(ResponseHead, FramesBodies) {
  using enum Framing::Kind;
  const std::tuple<std::string, std::string, std::string, Framing::Kind> rows[] = {
      {"GET", "200", "", until_close},
      {"GET", "200", "Content-Length: 0\r\n", length},
      {"GET", "200", "Transfer-Encoding: chunked\r\n", chunked},
      {"HEAD", "200", "", none},
      {"HEAD", "200", "Content-Length: 5\r\n", none},
      {"HEAD", "200", "Transfer-Encoding: chunked\r\n", none},
      {"GET", "304", "Content-Length: 5\r\n", none},
      {"GET", "204", "", none},
      {"GET", "204", "Content-Length: 0\r\n", none},
      {"GET", "101", "", none},
      {"GET", "103", "Link: x\r\n", none},
      {"HEAD", "500", "", none},
      {"CONNECT", "200", "", none},
      {"CONNECT", "403", "", until_close},
  };
  for (const auto& [method, status, lines, kind] : rows) {
    const auto head = response("HTTP/1.1 " + status + " x\r\n" + lines + "\r\n", method);
    ASSERT_TRUE(head) << method << status << lines;
    EXPECT_EQ(head->framing.kind, kind) << method << status << lines;
    EXPECT_EQ(head->keep_alive, kind != until_close);
  }
  EXPECT_EQ(response("HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\n", "HEAD")->declared_length, 5U);
  EXPECT_FALSE(response("HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\n")->declared_length);
}

TEST(ResponseHead, RefusesAmbiguousFraming) {
  for (const std::string lines :
       {"200 x\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
        "200 x\r\nContent-Length: 5\r\nContent-Length: 6\r\n", "200 x\r\nContent-Length: 5, 5\r\n",
        "200 x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "200 x\r\nTransfer-Encoding: gzip\r\n", "200 x\r\nTransfer-Encoding: gzip, chunked\r\n",
        "200 x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "200 x\r\nContent_Length: 5\r\n", "200 x\r\nA: b\r\n c\r\n", "200 x\r\nA : b\r\n",
        "204 x\r\nContent-Length: 5\r\n", "204 x\r\nTransfer-Encoding: chunked\r\n",
        "101 x\r\nContent-Length: 5\r\n", "100 x\r\nTransfer-Encoding: chunked\r\n"}) {
    const auto head = response("HTTP/1.1 " + lines + "\r\n");
    ASSERT_FALSE(head) << lines;
    EXPECT_EQ(head.error().code, ErrorCode::invalid_response);
  }
  EXPECT_EQ(verdict(response("HTTP/1.0 200 x\r\nTransfer-Encoding: chunked\r\n\r\n")), "502");
}

TEST(ResponseHead, DecidesOnKeepAliveAndUpgrade) {
  EXPECT_FALSE(
      response("HTTP/1.1 200 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")->keep_alive);
  EXPECT_FALSE(response("HTTP/1.0 200 x\r\nContent-Length: 0\r\n\r\n")->keep_alive);
  EXPECT_TRUE(response("HTTP/1.0 200 x\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n")
                  ->keep_alive);
  EXPECT_EQ(
      response("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")->upgrade,
      "websocket");
  EXPECT_EQ(response("HTTP/1.1 200 x\r\nConnection: upgrade\r\nUpgrade: h2,h2c\r\n\r\n")->upgrade,
            "");
}

}  // namespace
}  // namespace sluice::http::h1
